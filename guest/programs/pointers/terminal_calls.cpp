// SPDX-License-Identifier: MIT
// Terminals.
#include <asm/termbits.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <iterator>

#include "guest/programs/pointers/call.h"

namespace pointers {

namespace {

constexpr int number = 0;
constexpr int many = 1000;
constexpr char bytes[8] = {'a', 'b', 'c', 'd', 'e', 'f', 'g', '\n'};
constexpr unsigned short window[4] = {24, 80, 0, 0};
// As the kernel has them, not the C library.
constexpr termios settings{};
constexpr termios2 speed_settings{};

const Call calls[] = {
    {"read, terminal", SYS_read, {v(terminal), out(4), v(4)}},
    {"read, a terminal's line", SYS_read, {v(terminal), out(8), v(100)}},
    {"write, terminal", SYS_write, {v(terminal), in(bytes), v(8)}},
    {"read, master", SYS_read, {v(master), out(4), v(4)}},
    {"write, master", SYS_write, {v(master), in(bytes), v(8)}},
    {"ioctl, TCGETS", SYS_ioctl, {v(terminal), v(TCGETS), out(sizeof settings)}},
    {"ioctl, TCSETS", SYS_ioctl, {v(terminal), v(TCSETS), in(settings)}},
    {"ioctl, TCSETSW", SYS_ioctl, {v(terminal), v(TCSETSW), in(settings)}},
    {"ioctl, TCSETSF", SYS_ioctl, {v(master), v(TCSETSF), in(settings)}},
    {"ioctl, TCGETS2", SYS_ioctl, {v(terminal), v(TCGETS2), out(sizeof speed_settings)}},
    {"ioctl, TCSETS2", SYS_ioctl, {v(terminal), v(TCSETS2), in(speed_settings)}},
    {"ioctl, TCSETSW2", SYS_ioctl, {v(terminal), v(TCSETSW2), in(speed_settings)}},
    {"ioctl, TCSETSF2", SYS_ioctl, {v(terminal), v(TCSETSF2), in(speed_settings)}},
    {"ioctl, TIOCGWINSZ", SYS_ioctl, {v(terminal), v(TIOCGWINSZ), out(8)}},
    {"ioctl, TIOCSWINSZ", SYS_ioctl, {v(master), v(TIOCSWINSZ), in(window)}},
    {"ioctl, TIOCGETD", SYS_ioctl, {v(terminal), v(TIOCGETD), out(4)}},
    {"ioctl, TIOCSETD", SYS_ioctl, {v(terminal), v(TIOCSETD), in(number)}},
    {"ioctl, TIOCSETD of none", SYS_ioctl, {v(terminal), v(TIOCSETD), in(many)}},
    {"ioctl, TIOCGDEV", SYS_ioctl, {v(terminal), v(TIOCGDEV), out(4)}},
    {"ioctl, TIOCGEXCL", SYS_ioctl, {v(terminal), v(TIOCGEXCL), out(4)}},
    {"ioctl, TIOCOUTQ", SYS_ioctl, {v(terminal), v(TIOCOUTQ), out(4)}},
    {"ioctl, FIONREAD of a terminal", SYS_ioctl, {v(terminal), v(FIONREAD), out(4)}},
    {"ioctl, FIONREAD of a master", SYS_ioctl, {v(master), v(FIONREAD), out(4)}},
    {"ioctl, TIOCGPGRP", SYS_ioctl, {v(master), v(TIOCGPGRP), out(4)}},
    {"ioctl, TIOCGPTN", SYS_ioctl, {v(master), v(TIOCGPTN), out(4)}},
    {"ioctl, TIOCSPTLCK", SYS_ioctl, {v(master), v(TIOCSPTLCK), in(number)}},
    {"ioctl, TIOCGPTLCK", SYS_ioctl, {v(master), v(TIOCGPTLCK), out(4)}},
    {"ioctl, TIOCPKT", SYS_ioctl, {v(master), v(TIOCPKT), in(number)}},
    {"ioctl, TIOCGPKT", SYS_ioctl, {v(master), v(TIOCGPKT), out(4)}},
};

}  // namespace

Table terminal_calls() {
    return {calls, std::size(calls)};
}

}  // namespace pointers
