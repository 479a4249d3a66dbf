// SPDX-License-Identifier: MIT
// The line discipline of terminals: lines and their editing, echo, what output becomes, reading
// without lines, flow control.
#include <string>

#include "guest/programs/ptys.h"

namespace {

using std::string;

/// Types `text` and shows what is echoed and then what can be read.
void type(const PseudoTerminal& pair, const char* name, const string& text) {
    pair.type(text);
    std::printf("%s: echo \"%s\", read", name, arrived(pair.master).c_str());
    for (string part; (part = one_read(pair.terminal)) != "EAGAIN";) {
        std::printf(" %s", part.c_str());
    }
    std::printf("\n");
}

void editing() {
    const PseudoTerminal pair;
    type(pair, "a line", "hello\n");
    type(pair, "two lines", "one\ntwo\n");
    type(pair, "a part of one", "ab");
    type(pair, "and the rest", "cd\n");
    type(pair, "erase", "helo\x7f\x7flo\n");
    type(pair, "erase more than there is", "a\x7f\x7f\x7f\n");
    type(pair, "kill", "some words\x15more\n");
    type(pair, "word erase", "one two  \x17three\n");
    type(pair, "words and signs", "a.b_c!?\x17|\x17\x17\n");
    type(pair, "control characters", "a\x01\x1b\x02z\n");
    type(pair, "erase a control character", "a\x01\x7f|\n");
    type(pair, "erase tabs", "ab\tc\td\x7f\x7f\x7f\x7f|\n");
    type(pair, "erase a tab behind a control character", "\x01\t\x7f|\n");
    type(pair, "literally",
         "a\x16\x03"
         "b\x16\x7f"
         "c\x16\x16\n");
    type(pair, "reprint",
         "abc\x12"
         "d\n");
    type(pair, "end of input", "\x04");
    type(pair, "behind some letters",
         "abc\x04"
         "def\x04\x04");
    type(pair, "a part of a line", "abc");
    type(pair, "which an interrupt throws away",
         "\x03"
         "def\n");
    type(pair, "a return", "x\ry\r");
    type(pair, "zeroes", string("a\0b\n", 4));
}

void ends_of_lines() {
    const PseudoTerminal pair;
    pair.set_character(VEOL, '!');
    pair.set_character(VEOL2, '?');
    type(pair, "VEOL and VEOL2", "one!two?three\n");
    pair.change(&termios::c_lflag, 0, IEXTEN);
    type(pair, "without IEXTEN", "one!two?three\x17\n");
    pair.set_character(VERASE, 0);
    type(pair, "without VERASE", "ab\x7f\n");
    for (const size_t most : {size_t{3}, size_t{2}}) {
        pair.type(
            "abc\x04"
            "def\n");
        std::printf("in pieces of %zu:", most);
        for (int i = 0; i < 5; ++i) {
            std::printf(" %s", one_read(pair.terminal, most).c_str());
        }
        std::printf("\n");
        arrived(pair.master);
    }
    int count = 0;
    pair.type("one\ntwo\x04th");
    show("FIONREAD", ioctl(pair.terminal, FIONREAD, &count));
    std::printf("%d bytes in lines\n", count);
}

void input_modes() {
    const PseudoTerminal pair;
    const termios usual = pair.settings();
    pair.change(&termios::c_iflag, 0, ICRNL);
    type(pair, "no ICRNL", "a\rb\n");
    pair.change(&termios::c_iflag, IGNCR, ICRNL);
    type(pair, "IGNCR", "a\rb\n");
    pair.change(&termios::c_iflag, INLCR, IGNCR);
    type(pair, "INLCR", "a\nb\x04");
    pair.set(usual);
    pair.change(&termios::c_iflag, ISTRIP, 0);
    type(pair, "ISTRIP", "\xe1\xe2\n");
    pair.change(&termios::c_iflag, IUCLC, ISTRIP);
    type(pair, "IUCLC", "ABc\n");
    pair.change(&termios::c_iflag, PARMRK, IUCLC);
    type(pair, "PARMRK",
         "a\xff"
         "b\n");
    pair.set(usual);
    type(pair, "letters of two bytes", "\xc3\xa4\xc3\xb6\x7f\n");
    pair.change(&termios::c_iflag, IUTF8, 0);
    type(pair, "IUTF8", "\xc3\xa4\xc3\xb6\x7f\n");
    type(pair, "half a letter", "a\xb6\x7f\xb6\x7f\n");
}

void echo_modes() {
    const PseudoTerminal pair;
    const termios usual = pair.settings();
    const char text[] =
        "ab\x01\x7f\x7f"
        "c\x15"
        "d\n";
    const struct {
        const char* name;
        tcflag_t on;
        tcflag_t off;
    } rows[] = {
        {"no ECHO", 0, ECHO},       {"ECHONL", ECHONL, ECHO}, {"no ECHOE", 0, ECHOE},
        {"no ECHOKE", 0, ECHOKE},   {"no ECHOK", 0, ECHOK},   {"neither", 0, ECHOK | ECHOKE},
        {"no ECHOCTL", 0, ECHOCTL}, {"ECHOPRT", ECHOPRT, 0},  {"no ICANON", 0, ICANON}};
    for (const auto& row : rows) {
        pair.set(usual);
        pair.change(&termios::c_lflag, row.on, row.off);
        type(pair, row.name, text);
        type(pair, "  words", "a b\x17\x17\t\x7f\n");
    }
    type(pair, "both newlines", "a\rb\nc\x16\r");
    pair.set(usual);
    pair.change(&termios::c_oflag, 0, OPOST);
    type(pair, "no OPOST", "a\n");
    pair.change(&termios::c_lflag, NOFLSH, 0);
    type(pair, "NOFLSH",
         "abc\x03"
         "def\n");
    pair.change(&termios::c_lflag, 0, ISIG);
    type(pair, "no ISIG",
         "abc\x03"
         "def\n");
}

void output_modes() {
    const PseudoTerminal pair;
    const termios usual = pair.settings();
    const char text[] = "ab\n\tc\td\r\re\b\b\n\r";
    const struct {
        const char* name;
        tcflag_t on;
        tcflag_t off;
    } rows[] = {{"as it is", 0, 0},
                {"no OPOST", 0, OPOST},
                {"no ONLCR", 0, ONLCR},
                {"OCRNL", OCRNL, 0},
                {"ONOCR", ONOCR, ONLCR},
                {"ONLRET", ONLRET | ONOCR, ONLCR},
                {"OLCUC", OLCUC, 0},
                {"XTABS", XTABS, 0},
                {"XTABS alone", XTABS, ONLCR},
                {"all", OCRNL | ONLRET | XTABS, 0}};
    for (const auto& row : rows) {
        pair.set(usual);
        require(write(pair.terminal, "\n", 1) == 1, "write");
        arrived(pair.master);
        pair.change(&termios::c_oflag, row.on, row.off);
        require(write(pair.terminal, text, sizeof text - 1) == sizeof text - 1, "write");
        std::printf("%s: %s\n", row.name, arrived(pair.master).c_str());
    }
}

void without_lines() {
    const PseudoTerminal pair;
    pair.change(&termios::c_lflag, 0, ICANON | ECHO | ISIG);
    pair.change(&termios::c_iflag, 0, IXON | ICRNL);
    type(pair, "raw", "a\x7f\r\x03\x04\n\x13");
    const auto ready = [&] {
        pollfd asked{pair.terminal, POLLIN, 0};
        return poll(&asked, 1, 20);
    };
    pair.set_character(VMIN, 3);
    pair.type("ab");
    std::printf("two of three bytes: ready %d, %s\n", ready(), one_read(pair.terminal).c_str());
    pair.type("abc");
    std::printf("three: ready %d, %s\n", ready(), one_read(pair.terminal).c_str());
    std::printf("none: %s\n", one_read(pair.terminal).c_str());
    pair.set_character(VMIN, 0);
    std::printf("none, and none wanted: %s\n", one_read(pair.terminal).c_str());
    require(fcntl(pair.terminal, F_SETFL, 0) == 0, "fcntl");
    std::printf("and waiting: %s\n", one_read(pair.terminal).c_str());
    pair.set_character(VTIME, 1);
    std::printf("a tenth of a second: %s\n", one_read(pair.terminal).c_str());
    pair.type("x");
    std::printf("for a byte: %s\n", one_read(pair.terminal).c_str());
    pair.set_character(VMIN, 5);
    pair.type("xy");
    std::printf("between bytes: %s\n", one_read(pair.terminal).c_str());
    pair.type("12345678");
    std::printf("more than enough: %s", one_read(pair.terminal, 6).c_str());
    std::printf(" %s\n", one_read(pair.terminal, 6).c_str());
}

void changing_over() {
    const PseudoTerminal pair;
    pair.change(&termios::c_lflag, 0, ECHO);
    pair.type("abc");
    std::printf("a part of a line: %s", one_read(pair.terminal).c_str());
    pair.change(&termios::c_lflag, 0, ICANON);
    std::printf(", without lines: %s\n", one_read(pair.terminal).c_str());
    pair.type("def");
    pair.change(&termios::c_lflag, ICANON, 0);
    std::printf("with lines again: %s", one_read(pair.terminal).c_str());
    pair.type("ghi\n");
    std::printf(" %s\n", one_read(pair.terminal).c_str());
    pair.type("lost\n");
    const termios now = pair.settings();
    require(tcsetattr(pair.terminal, TCSAFLUSH, &now) == 0, "tcsetattr");
    std::printf("flushed: %s\n", one_read(pair.terminal).c_str());
    pair.type("lost\nlost");
    require(tcflush(pair.terminal, TCIFLUSH) == 0, "tcflush");
    pair.type("kept\n");
    std::printf("flushed: %s\n", one_read(pair.terminal).c_str());
    pair.type(string(5000, 'x') + "y\n");
    const string line = one_read(pair.terminal, 4096);
    std::printf("a long line: %zu bytes, the last are %s\n", line.size() - 3,
                line.substr(line.size() - 5).c_str());
    std::printf("behind it: %s\n", one_read(pair.terminal).c_str());
}

void flow() {
    const PseudoTerminal pair;
    const auto try_write = [&](const char* name) {
        show_value(name, write(pair.terminal, "out", 3));
    };
    pair.type("\x13");
    try_write("stopped");
    pair.type("ab");
    std::printf("echo waits: \"%s\"\n", arrived(pair.master).c_str());
    pair.type("\x11");
    std::printf("and goes on: \"%s\"\n", arrived(pair.master).c_str());
    try_write("started");
    pair.change(&termios::c_iflag, IXANY, 0);
    pair.type("\x13");
    try_write("stopped");
    pair.type("c");
    try_write("any character starts");
    std::printf("all: \"%s\"\n", arrived(pair.master).c_str());
    pair.change(&termios::c_iflag, 0, IXANY);
    show("TCOOFF", tcflow(pair.terminal, TCOOFF));
    try_write("stopped");
    pair.type("\x11");
    try_write("which no character starts");
    show("TCOON", tcflow(pair.terminal, TCOON));
    try_write("started");
    show("TCIOFF", tcflow(pair.terminal, TCIOFF));
    show("TCION", tcflow(pair.terminal, TCION));
    std::printf("all: \"%s\"\n", arrived(pair.master).c_str());
    pair.type("\x13");
    pair.change(&termios::c_iflag, 0, IXON);
    try_write("started by switching it off");
    type(pair, "the rest", "\x13\n");
}

}  // namespace

int main() {
    alarm(60);
    editing();
    ends_of_lines();
    input_modes();
    echo_modes();
    output_modes();
    without_lines();
    changing_over();
    flow();
    return 0;
}
