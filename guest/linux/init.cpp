// SPDX-License-Identifier: MIT
// The first process of an unmodified Linux kernel: runs the program that the boot files name, on
// the kernel's console, and ends the machine with its exit status.
//
// A mark is written (abi/ports.h) right before the program is executed and right after it ended, so
// that whoever counts can leave the boot and the shutdown out. Another one is written before the
// program is known: whoever starts the machine from there may send a program of his own.
#include <fcntl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "abi/boot_files.h"
#include "abi/ports.h"
#include "guest/linux/host_ports.h"
#include "guest/linux/program_source.h"
#include "guest/linux/start_files.h"

namespace {

using namespace linux_guest;
namespace boot_files = ringfence::abi::boot_files;

constexpr int signal_status_base = 128;
constexpr int cannot_run = 126;
constexpr int not_found = 127;

Start start;

/// The terminal behind /dev/console, which itself can be no process's controlling terminal.
int open_console_terminal() {
    char name[64] = "/dev/";
    constexpr size_t prefix = 5;
    const int file = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);
    const ssize_t got = file < 0 ? -1 : read(file, name + prefix, sizeof name - prefix - 1);
    close(file);
    if (got <= 0) {
        return -1;
    }
    name[prefix + static_cast<size_t>(got)] = '\0';
    name[std::strcspn(name, "\n")] = '\0';
    if (char* const last = std::strrchr(name, ' '); last != nullptr) {
        std::memmove(name + prefix, last + 1, std::strlen(last + 1) + 1);
    }
    return open(name, O_RDWR);
}

/// A program's bytes go out as they are; a terminal for people asks the other side to wait when its
/// line buffer is full.
void set_modes(int terminal, bool is_for_people) {
    termios modes{};
    if (tcgetattr(terminal, &modes) != 0) {
        return;
    }
    if (is_for_people) {
        modes.c_cflag |= CRTSCTS;
    } else {
        modes.c_oflag &= ~static_cast<tcflag_t>(OPOST);
        modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    }
    tcsetattr(terminal, TCSANOW, &modes);
}

void install_commands() {
    const pid_t child = fork();
    if (child == 0) {
        const char* const command[] = {"busybox", "--install", "-s", "/bin", nullptr};
        execv("/bin/busybox", const_cast<char**>(command));
        _exit(not_found);
    }
    waitpid(child, nullptr, 0);
}

void take_input() {
    const int input = open(boot_files::input, O_RDONLY);
    if (input >= 0) {
        dup2(input, STDIN_FILENO);
        close(input);
    }
}

[[noreturn]] void run_program() {
    setsid();
    const int terminal = open_console_terminal();  // it becomes the controlling one
    if (terminal >= 0) {
        set_modes(terminal, exists(boot_files::terminal));
        for (int standard = 0; standard <= STDERR_FILENO; ++standard) {
            dup2(terminal, standard);
        }
        close(terminal);
    }
    take_input();
    mark(ringfence::abi::ProgramMark::Starts);
    start.execute();
    complain(start.executable.pointers()[0]);
    _exit(errno == ENOENT ? not_found : cannot_run);
}

int wait_for(pid_t program) {
    for (;;) {
        int how = 0;
        const pid_t ended = wait(&how);
        if (ended == program) {
            mark(ringfence::abi::ProgramMark::Ended);
            return WIFSIGNALED(how) ? signal_status_base + WTERMSIG(how) : WEXITSTATUS(how);
        }
        if (ended < 0 && errno == ECHILD) {
            return cannot_run;
        }
    }
}

}  // namespace

int main() {
    mount_kernels_own();
    bring_up_loopback();
    bool took = false;
    if (!take_program(&took) || !start.read()) {
        end_machine(cannot_run);
    }
    if (exists(boot_files::commands)) {
        install_commands();
    }
    const pid_t program = fork();
    if (program == 0) {
        run_program();
    }
    end_machine(static_cast<unsigned>(wait_for(program)));
}
