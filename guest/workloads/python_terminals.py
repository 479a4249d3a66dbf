# SPDX-License-Identifier: MIT
# Terminals: a pair, one that a program is run at, and an interactive shell with its jobs.
import fcntl, os, pty, select, struct, sys, termios, tty

def pair():
    master, terminal = os.openpty()
    print(os.isatty(master), os.isatty(terminal), os.ttyname(terminal).startswith("/dev/pts/"))
    os.write(terminal, b"out\n")
    print(os.read(master, 100))
    os.write(master, b"in\x7f\x7ftyped\n")
    print(os.read(terminal, 100))
    tty.setraw(terminal)
    os.write(master, b"\x03\r")
    print(os.read(terminal, 100))
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 90, 0, 0))
    print(os.get_terminal_size(terminal))
    os.close(terminal)
    os.close(master)

def spawned():
    sys.stdout.flush()
    status = pty.spawn(["/bin/sh", "-c", "test -t 0 && test -t 1 && echo at a terminal; exit 3"])
    print(os.waitstatus_to_exitcode(status))

class Session:
    """A program at a terminal, and what it has shown so far."""
    def __init__(self, *command):
        self.child, self.master = pty.fork()
        if self.child == 0:
            os.environ["PS1"] = "ready> "
            os.execv(command[0], command)
        self.seen = b""

    def expect(self, text):
        while text not in self.seen:
            if not select.select([self.master], [], [], 20)[0]:
                sys.exit(f"waited for {text} in {self.seen}")
            self.seen += os.read(self.master, 4096)
        before, text, self.seen = self.seen.partition(text)
        print(before + text)

    def type(self, text):
        os.write(self.master, text)

    def end(self):
        print(os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1]))
        os.close(self.master)

def shell():
    bash = Session("/bin/bash", "--norc", "--noediting", "-i")
    bash.expect(b"ready> ")
    bash.type(b"sh -c 'echo $((6 * 7)); read -r x; echo got $x; exec sleep 100'\n")
    bash.expect(b"42\r\n")
    bash.type(b"\x1a")
    bash.expect(b"ready> ")
    bash.type(b"jobs\n")
    bash.expect(b"ready> ")
    bash.type(b"fg\n")
    bash.expect(b"sleep 100'\r\n")
    bash.type(b"some text\n")
    bash.expect(b"got some text\r\n")  # so the job has the terminal
    bash.type(b"\x03")
    bash.expect(b"ready> ")
    bash.type(b"echo status $?\n")
    bash.expect(b"ready> ")
    bash.type(b"read -r line; echo got $line\n")
    bash.expect(b"got $line\r\n")
    bash.type(b"wrong\x15right\n")
    bash.expect(b"ready> ")
    bash.type(b"exit 3\n")
    bash.end()

pair()
spawned()
shell()
