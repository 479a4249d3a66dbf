// SPDX-License-Identifier: MIT
// Sessions and the terminals that control them: acquiring one, the foreground and the background,
// signals that are typed, hang-ups, and groups that nobody could continue.
#include "guest/programs/children.h"
#include "guest/programs/ptys.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <ctime>

namespace {

using std::string;

constexpr unsigned longest_wait = 20;  // seconds; nothing here should take one

/// Prints at once, so that lines of several processes come in the order of their making.
template <typename... Values>
void say(const char* format, Values... values) {
    std::printf(format, values...);
    std::fflush(stdout);
}

void say(const char* text) {
    std::fputs(text, stdout);
    std::fflush(stdout);
}

/// A child that does `body` and ends with what it returns, and is ended if it takes too long.
template <typename Body>
pid_t start(Body body) {
    return children::start([&] {
        alarm(longest_wait);
        return body();
    });
}

/// Waits for a child to end or stop, or to go on if that is what it does next, and says which.
void tell(const char* who, pid_t child, int also = 0) {
    int status = 0;
    if (waitpid(child, &status, WUNTRACED | also) != child) {
        say("%s: lost\n", who);
    } else if (WIFEXITED(status)) {
        say("%s: ended with %d\n", who, WEXITSTATUS(status));
    } else if (WIFSTOPPED(status)) {
        say("%s: stopped by SIG%s\n", who, sigabbrev_np(WSTOPSIG(status)));
    } else if (WIFCONTINUED(status)) {
        say("%s: continued\n", who);
    } else {
        say("%s: killed by SIG%s\n", who, sigabbrev_np(WTERMSIG(status)));
    }
}

/// A child in a session of its own, whose terminal is `pair`'s unless it shall have none.
template <typename Body>
pid_t start_session(const PseudoTerminal& pair, Body body, bool with_terminal = true) {
    return start([&] {
        require(setsid() == getpid(), "setsid");
        if (with_terminal) {
            close(open(pair.name.c_str(), O_RDWR));
        }
        return body();
    });
}

/// A child in a group of its own.
template <typename Body>
pid_t start_job(Body body) {
    const pid_t child = start([&] {
        setpgid(0, 0);
        return body();
    });
    setpgid(child, child);
    return child;
}

volatile sig_atomic_t caught[NSIG];
void note(int number) {
    caught[number] = caught[number] + 1;
}
void catch_signal(int number) {
    struct sigaction action{};
    action.sa_handler = note;
    require(sigaction(number, &action, nullptr) == 0, "sigaction");
}
/// Waits until `number` was caught that often.
bool await(int number, int times = 1) {
    for (int i = 0; i < 2000 && caught[number] < times; ++i) {
        const timespec moment{0, 1'000'000};
        nanosleep(&moment, nullptr);
    }
    return caught[number] == times;
}

/// For those whose end nobody can wait for: a digit into a pipe whose other end waits for it, and
/// for all that hold this one to end.
void report(int pipe_end, int number) {
    const char digit = static_cast<char>('0' + number);
    require(write(pipe_end, &digit, 1) == 1, "report");
}
string reported(int pipe_end) {
    string digits;
    for (char digit = 0; read(pipe_end, &digit, 1) == 1;) {
        digits += digit;
    }
    close(pipe_end);
    return digits;
}

/// The fields of /proc/self/stat that speak of the terminal.
void show_own_terminal(int terminal) {
    char text[512] = {};
    const int file = open("/proc/self/stat", O_RDONLY);
    require(read(file, text, sizeof text - 1) > 0, "read");
    close(file);
    int group = 0;
    int session = 0;
    int device = 0;
    int foreground = 0;
    require(std::sscanf(std::strrchr(text, ')'), ") %*c %*d %d %d %d %d", &group, &session, &device,
                        &foreground) == 4,
            "/proc/self/stat");
    struct stat status{};
    require(fstat(terminal, &status) == 0, "fstat");
    say("  in /proc: its terminal %d, none %d, foreground %d\n",
        static_cast<dev_t>(device) == status.st_rdev, device == 0,
        foreground == group ? 1 : foreground);
}

void acquiring() {
    const PseudoTerminal pair;
    const PseudoTerminal other;
    const auto show_state = [&] {
        const int own = open("/dev/tty", O_RDWR);
        show("  /dev/tty", own);
        if (own >= 0) {
            say("  writes %ld, a terminal %d\n", static_cast<long>(write(own, "x", 1)),
                isatty(own));
            close(own);
        }
        const bool session = tcgetsid(pair.terminal) == getsid(0);
        const bool foreground = tcgetpgrp(pair.terminal) == getpgrp();
        say("  its session %d, in the foreground %d\n", session, foreground);
        show_own_terminal(pair.terminal);
    };
    const pid_t leader = start_session(
        pair,
        [&] {
            say("a leader without one\n");
            show_state();
            close(open(pair.name.c_str(), O_RDWR | O_NOCTTY));
            say("with O_NOCTTY\n");
            show_state();
            close(open(pair.name.c_str(), O_WRONLY));
            say("for writing\n");
            show_state();
            close(open(pair.name.c_str(), O_RDWR));
            say("opened\n");
            show_state();
            show("TIOCSCTTY again", ioctl(pair.terminal, TIOCSCTTY, 0));
            show("another one", ioctl(other.terminal, TIOCSCTTY, 0));
            tell("a member", start([&] {
                     show_state();
                     show("TIOCSCTTY of a member", ioctl(pair.terminal, TIOCSCTTY, 0));
                     return 0;
                 }));
            tell("another leader", start_session(
                                       pair,
                                       [&] {
                                           show("taken", ioctl(pair.terminal, TIOCSCTTY, 0));
                                           show("free", ioctl(other.terminal, TIOCSCTTY, 0));
                                           show_own_terminal(other.terminal);
                                           return 0;
                                       },
                                       false));
            tell("a member that gives it up", start([&] {
                     show("TIOCNOTTY", ioctl(pair.terminal, TIOCNOTTY));
                     show("and again", ioctl(pair.terminal, TIOCNOTTY));
                     show_state();
                     return 0;
                 }));
            catch_signal(SIGHUP);
            catch_signal(SIGCONT);
            show("TIOCNOTTY", ioctl(pair.terminal, TIOCNOTTY));
            say("SIGHUP %d, SIGCONT %d\n", caught[SIGHUP], caught[SIGCONT]);
            show_state();
            return 0;
        },
        false);
    tell("the leader", leader);
}

void foreground() {
    const PseudoTerminal pair(0);
    const pid_t leader = start_session(pair, [&] {
        signal(SIGTTOU, SIG_IGN);
        const int terminal = open("/dev/tty", O_RDWR);
        const auto reader = [&] {
            signal(SIGTTOU, SIG_DFL);
            say("  read %s\n", one_read(terminal).c_str());
            return 0;
        };
        pid_t job = start_job(reader);
        tell("a reader in the background", job);
        show("tcsetpgrp", tcsetpgrp(terminal, job));
        say("it is the job %d\n", tcgetpgrp(terminal) == job);
        kill(-job, SIGCONT);
        tell("a reader in the foreground", job, WCONTINUED);
        pair.type("typed\n");
        tell("it", job);

        show("tcsetpgrp back", tcsetpgrp(terminal, getpgrp()));
        job = start_job([&] {
            signal(SIGTTIN, SIG_IGN);
            return reader();
        });
        tell("one that ignores SIGTTIN", job);
        job = start_job([&] {
            signal(SIGTTOU, SIG_DFL);
            return static_cast<int>(write(terminal, "x", 1));
        });
        tell("a writer", job);
        pair.change(&termios::c_lflag, TOSTOP, 0);
        job = start_job([&] {
            signal(SIGTTOU, SIG_DFL);
            return static_cast<int>(write(terminal, "x", 1));
        });
        tell("a writer with TOSTOP", job);
        tcsetpgrp(terminal, job);
        kill(-job, SIGCONT);
        tell("it", job);
        tcsetpgrp(terminal, getpgrp());
        job = start_job([&] { return static_cast<int>(write(terminal, "x", 1)); });
        tell("one that ignores SIGTTOU", job);
        const termios now = pair.settings();
        for (int what = 0; what < 3; ++what) {
            job = start_job([&] {
                signal(SIGTTOU, SIG_DFL);
                return what == 0   ? tcsetattr(terminal, TCSANOW, &now)
                       : what == 1 ? tcsetpgrp(terminal, getpgrp())
                                   : tcflush(terminal, TCIFLUSH);
            });
            tell("who changes something", job);
            kill(-job, SIGKILL);
            tell("it", job);
        }
        show("a group that is not there", tcsetpgrp(terminal, 99999));
        show("of another session", tcsetpgrp(terminal, getppid()));
        show("none", tcsetpgrp(terminal, -1));
        show("a bad pointer", ioctl(terminal, TIOCSPGRP, 16));
        show("TIOCGPGRP", ioctl(terminal, TIOCGPGRP, 16));
        show("TIOCGSID", ioctl(terminal, TIOCGSID, 16));
        return 0;
    });
    tell("the leader", leader);
}

void typed_signals() {
    const PseudoTerminal pair(0);
    const pid_t leader = start_session(pair, [&] {
        signal(SIGTTOU, SIG_IGN);
        const int terminal = open("/dev/tty", O_RDWR);
        const auto run = [&](const char* keys) {
            const pid_t job = start_job([&] {
                pause();
                return 0;
            });
            tcsetpgrp(terminal, job);
            pair.type(keys);
            return job;
        };
        tell("^C", run("\x03"));
        tell("^\\", run("\x1c"));
        const pid_t job = run("\x1a");
        tell("^Z", job);
        kill(-job, SIGCONT);
        tell("continued", job, WCONTINUED);
        int number = SIGQUIT;
        show("TIOCSIG", ioctl(pair.master, TIOCSIG, number));
        tell("by TIOCSIG", job);
        tcsetpgrp(terminal, getpgrp());
        catch_signal(SIGWINCH);
        winsize window{10, 20, 0, 0};
        show("TIOCSWINSZ", ioctl(pair.master, TIOCSWINSZ, &window));
        say("SIGWINCH %d\n", await(SIGWINCH));
        show("the same again", ioctl(pair.master, TIOCSWINSZ, &window));
        say("SIGWINCH %d\n", await(SIGWINCH));
        catch_signal(SIGINT);
        pair.type("\x03");
        say("SIGINT %d\n", await(SIGINT));
        return 0;
    });
    tell("the leader", leader);
}

/// The terminal goes: by its master's end, or by vhangup of one who sits there.
void hang_ups() {
    PseudoTerminal pair(0);
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    const pid_t leader = start_session(pair, [&] {
        pair.close_master();
        catch_signal(SIGHUP);
        catch_signal(SIGCONT);
        const int terminal = open("/dev/tty", O_RDWR);
        const pid_t job = start_job([&] {
            catch_signal(SIGHUP);
            require(write(ends[1], "r", 1) == 1, "write");
            report(ends[1], await(SIGHUP));
            return 0;
        });
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(terminal, job);
        require(write(ends[1], "r", 1) == 1, "write");
        say("SIGHUP %d, SIGCONT %d\n", await(SIGHUP), await(SIGCONT));
        say("read %s\n", one_read(terminal).c_str());
        show("write", write(terminal, "x", 1));
        show("/dev/tty", open("/dev/tty", O_RDWR));
        // The job has not heard of it yet: it does when the leader ends.
        return 0;
    });
    char ready[2];
    for (char& one : ready) {
        require(read(ends[0], &one, 1) == 1, "read");
    }
    pair.close_master();
    tell("the leader", leader);
    close(ends[1]);
    say("the job's SIGHUP: %s\n", reported(ends[0]).c_str());
}

void leader_ends() {
    const PseudoTerminal pair(0);
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    const pid_t leader = start_session(pair, [&] {
        start([&] {
            catch_signal(SIGHUP);
            require(write(ends[1], "r", 1) == 1, "write");
            report(ends[1], await(SIGHUP));
            report(ends[1], open("/dev/tty", O_RDWR) < 0 && errno == ENXIO);
            return 0;
        });
        char ready = 0;
        require(read(ends[0], &ready, 1) == 1, "read");
        return 0;
    });
    tell("the leader", leader);
    close(ends[1]);
    say("a member's SIGHUP, and that it has no terminal: %s\n", reported(ends[0]).c_str());
    show("the terminal works", write(pair.terminal, "x", 1));
    tell("another leader", start_session(pair, [&] {
             say("has it: %d\n", tcgetsid(pair.terminal) == getpid());
             return 0;
         }));
}

/// Who would continue a stopped orphan?
void orphans() {
    const PseudoTerminal pair(0);
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    const pid_t leader = start_session(pair, [&] {
        const int terminal = open("/dev/tty", O_RDWR);
        const pid_t parent = start([&] {
            start_job([&] {
                catch_signal(SIGHUP);
                catch_signal(SIGCONT);
                raise(SIGSTOP);
                say("  SIGHUP %d, SIGCONT %d\n", await(SIGHUP), await(SIGCONT));
                say("  read %s\n", one_read(terminal).c_str());
                const termios now = pair.settings();
                show("  tcsetattr", tcsetattr(terminal, TCSANOW, &now));
                show("  tcsetpgrp", tcsetpgrp(terminal, getpgrp()));
                raise(SIGTSTP);
                say("  not stopped by SIGTSTP\n");
                return 0;
            });
            int status = 0;
            waitpid(-1, &status, WUNTRACED);
            say("a stopped child: %d\n", WIFSTOPPED(status));
            return 0;
        });
        close(ends[1]);
        // What the orphan says, it says before this ends.
        reported(ends[0]);
        return waitpid(parent, nullptr, 0) == parent ? 0 : 1;
    });
    close(ends[1]);
    tell("the leader", leader);
    close(ends[0]);
}

}  // namespace

int main() {
    alarm(120);
    // Orphans come to this process if they come to any, and none shall be left behind.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (void (*const part)() :
         {acquiring, foreground, typed_signals, hang_ups, leader_ends, orphans}) {
        part();
        while (waitpid(-1, nullptr, 0) > 0) {
        }
    }
    return 0;
}
