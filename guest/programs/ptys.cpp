// SPDX-License-Identifier: MIT
// Pseudo-terminals as files: names, requests and their errors, what is ready when, how much fits,
// packet mode, and what happens to one end when the other is closed.
#include "guest/programs/ptys.h"

#include <dirent.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/vfs.h>

#include <csignal>

namespace {

using std::string;

constexpr unsigned long no_request = 0x54fe;

void show_ready(const char* name, int file) {
    static constexpr struct {
        short bit;
        const char* name;
    } bits[] = {{POLLIN, " in"},   {POLLPRI, " pri"}, {POLLOUT, " out"},
                {POLLERR, " err"}, {POLLHUP, " hup"}, {POLLNVAL, " nval"}};
    pollfd asked{file, POLLIN | POLLOUT | POLLPRI, 0};
    poll(&asked, 1, 0);
    std::printf("%s: ready for", name);
    for (const auto& row : bits) {
        std::printf("%s", (asked.revents & row.bit) != 0 ? row.name : "");
    }
    std::printf("\n");
}

bool is_listed(const string& name) {
    DIR* const directory = opendir("/dev/pts");
    require(directory != nullptr, "opendir");
    bool found = false;
    while (const dirent* entry = readdir(directory)) {
        found = found || (name == string("/dev/pts/") + entry->d_name && entry->d_type == DT_CHR);
    }
    closedir(directory);
    return found;
}

void names() {
    const PseudoTerminal pair;
    const string& name = pair.name;
    unsigned number = 0;
    unsigned device = 0;
    show("TIOCGPTN", ioctl(pair.master, TIOCGPTN, &number));
    std::printf("the name's number: %d\n", name == "/dev/pts/" + std::to_string(number));
    struct stat status{};
    struct stat by_name{};
    require(fstat(pair.terminal, &status) == 0 && stat(name.c_str(), &by_name) == 0, "stat");
    std::printf("major %u, minor right %d, inode right %d, the same %d, a device %d\n",
                major(status.st_rdev), minor(status.st_rdev) == number, status.st_ino == number + 3,
                status.st_ino == by_name.st_ino && status.st_dev == by_name.st_dev,
                S_ISCHR(status.st_mode));
    show("TIOCGDEV", ioctl(pair.master, TIOCGDEV, &device));
    std::printf("the same: %d\n", device == status.st_rdev);
    require(fstat(pair.master, &status) == 0, "fstat");
    std::printf("the master: %u, %u\n", major(status.st_rdev), minor(status.st_rdev));
    char own[64] = {};
    show("ttyname", ttyname_r(pair.terminal, own, sizeof own) == 0 ? 0 : -1);
    std::printf("right: %d, terminals: %d %d\n", name == own, isatty(pair.terminal),
                isatty(pair.master));
    std::printf("listed: %d\n", is_listed(name));
    struct statfs system{};
    require(statfs("/dev/pts", &system) == 0, "statfs");
    std::printf("devpts: %d\n", system.f_type == 0x1cd1);
    show("seek", lseek(pair.terminal, 0, SEEK_SET));
    char byte = 0;
    show("pread", pread(pair.terminal, &byte, 1, 0));
    std::printf("O_NOCTTY is forgotten: %d\n", (fcntl(pair.terminal, F_GETFL) & O_NOCTTY) == 0);
}

void locks() {
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    require(master >= 0, "posix_openpt");
    const string name = ptsname(master);
    int locked = -1;
    require(ioctl(master, TIOCGPTLCK, &locked) == 0, "TIOCGPTLCK");
    std::printf("locked: %d\n", locked);
    show("open", open(name.c_str(), O_RDWR | O_NOCTTY));
    show("its peer", ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
    locked = 0;
    show("unlock", ioctl(master, TIOCSPTLCK, &locked));
    const int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    char link[64] = {};
    const string file = "/proc/self/fd/" + std::to_string(peer);
    require(peer >= 0 && readlink(file.c_str(), link, sizeof link - 1) > 0, "the peer");
    std::printf("the peer: right %d, flags %d\n", name == link, fcntl(peer, F_GETFD));
    locked = 1;
    show("lock", ioctl(master, TIOCSPTLCK, &locked));
    show("what is open works", write(peer, "x", 1));
    show("open", open(name.c_str(), O_RDWR | O_NOCTTY));
    close(peer);
    close(master);
}

void show_settings(const char* name, int file) {
    termios now{};
    require(tcgetattr(file, &now) == 0, "tcgetattr");
    std::printf("%s: %o %o %o %o %d, speeds %d %d, characters", name, now.c_iflag, now.c_oflag,
                now.c_cflag, now.c_lflag, now.c_line, cfgetispeed(&now) == B38400,
                cfgetospeed(&now) == B38400);
    for (int i = 0; i <= VEOL2; ++i) {
        std::printf(" %d", now.c_cc[i]);
    }
    std::printf("\n");
}

void settings() {
    const PseudoTerminal pair;
    show_settings("at first", pair.terminal);
    show_settings("from the master", pair.master);
    termios wanted = pair.settings();
    wanted.c_cflag = (wanted.c_cflag & ~CSIZE) | CS7 | PARENB;
    wanted.c_cc[VINTR] = 'i';
    cfsetspeed(&wanted, B115200);
    require(tcsetattr(pair.master, TCSADRAIN, &wanted) == 0, "tcsetattr");
    show_settings("changed", pair.terminal);
    winsize window{};
    require(ioctl(pair.terminal, TIOCGWINSZ, &window) == 0, "TIOCGWINSZ");
    std::printf("window: %d %d %d %d\n", window.ws_row, window.ws_col, window.ws_xpixel,
                window.ws_ypixel);
    const winsize larger{24, 80, 640, 480};
    show("TIOCSWINSZ", ioctl(pair.master, TIOCSWINSZ, &larger));
    require(ioctl(pair.terminal, TIOCGWINSZ, &window) == 0, "TIOCGWINSZ");
    std::printf("window: %d %d %d %d\n", window.ws_row, window.ws_col, window.ws_xpixel,
                window.ws_ypixel);
}

/// What each end answers to each request.
void requests() {
    const PseudoTerminal pair;
    char out[64] = {};
    int zero = 0;
    int many = 1000;
    int group = getpgrp();
    const struct {
        const char* name;
        unsigned long request;
        void* argument;
    } rows[] = {
        {"TIOCGPTN", TIOCGPTN, out},
        {"TIOCSPTLCK", TIOCSPTLCK, &zero},
        {"TIOCGPTLCK", TIOCGPTLCK, out},
        {"TIOCPKT", TIOCPKT, &zero},
        {"TIOCGPKT", TIOCGPKT, out},
        {"TIOCSIG", TIOCSIG, reinterpret_cast<void*>(SIGINT)},
        {"TIOCSIG, SIGTERM", TIOCSIG, reinterpret_cast<void*>(SIGTERM)},
        {"TIOCGWINSZ", TIOCGWINSZ, out},
        {"TIOCGDEV", TIOCGDEV, out},
        {"TIOCOUTQ", TIOCOUTQ, out},
        {"TIOCGETD", TIOCGETD, out},
        {"TIOCSETD", TIOCSETD, &zero},
        {"TIOCSETD, 1000", TIOCSETD, &many},
        {"TIOCEXCL", TIOCEXCL, nullptr},
        {"TIOCGEXCL", TIOCGEXCL, out},
        {"TIOCNXCL", TIOCNXCL, nullptr},
        {"TCSBRK", TCSBRK, nullptr},
        {"TCSBRK, drain", TCSBRK, reinterpret_cast<void*>(1)},
        {"TCSBRKP", TCSBRKP, nullptr},
        {"TIOCSBRK", TIOCSBRK, nullptr},
        {"TIOCCBRK", TIOCCBRK, nullptr},
        {"TCFLSH", TCFLSH, reinterpret_cast<void*>(TCIOFLUSH)},
        {"TCFLSH, 9", TCFLSH, reinterpret_cast<void*>(9)},
        {"TIOCNOTTY", TIOCNOTTY, nullptr},
        {"TIOCGPGRP", TIOCGPGRP, out},
        {"TIOCSPGRP", TIOCSPGRP, &group},
        {"TIOCGSID", TIOCGSID, out},
        {"TIOCMGET", TIOCMGET, out},
        {"no such request", no_request, out},
    };
    for (const auto& row : rows) {
        std::printf("%s", row.name);
        show(", terminal", ioctl(pair.terminal, row.request, row.argument));
        std::printf("%s", row.name);
        show(", master", ioctl(pair.master, row.request, row.argument));
    }
    show("TCXONC, 9", ioctl(pair.terminal, TCXONC, 9));
    show("a peer of the terminal", ioctl(pair.terminal, TIOCGPTPEER, O_RDWR));
}

void readiness() {
    PseudoTerminal pair;
    show_ready("terminal", pair.terminal);
    show_ready("master", pair.master);
    pair.type("line\n");
    show_ready("terminal with a line", pair.terminal);
    std::printf("echo: %s\n", arrived(pair.master).c_str());
    require(write(pair.terminal, "text", 4) == 4, "write");
    pollfd asked{pair.master, POLLIN, 0};
    std::printf("waited for: %d\n", poll(&asked, 1, 1000));
    show_ready("master with text", pair.master);
    std::printf("both: %s %s\n", arrived(pair.master).c_str(), one_read(pair.terminal).c_str());
    std::printf("neither: %s %s\n", one_read(pair.master).c_str(), one_read(pair.terminal).c_str());
    std::printf("nothing wanted: %s %s\n", one_read(pair.master, 0).c_str(),
                one_read(pair.terminal, 0).c_str());
    const int set = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{EPOLLIN | EPOLLET, {}};
    require(epoll_ctl(set, EPOLL_CTL_ADD, pair.master, &event) == 0, "epoll_ctl");
    std::printf("epoll: %d", epoll_wait(set, &event, 1, 0));
    require(write(pair.terminal, "x", 1) == 1, "write");
    const int count = epoll_wait(set, &event, 1, 1000);
    std::printf(", then %d %d", count, (event.events & EPOLLIN) != 0);
    arrived(pair.master);
    pair.close_terminal();
    const int at_end = epoll_wait(set, &event, 1, 1000);
    std::printf(", at the end %d %d\n", at_end, (event.events & EPOLLHUP) != 0);
    close(set);
}

void fill(const char* name, int from, int to, short side) {
    static char page[4096];
    std::memset(page, 'x', sizeof page);
    long written = 0;
    ssize_t count = 0;
    // Linux makes room in the background, as long as there is some.
    pollfd room{from, POLLOUT, 0};
    do {
        for (; (count = write(from, page, sizeof page)) > 0; written += count) {
        }
    } while (poll(&room, 1, 30) > 0);
    show(name, write(from, page, sizeof page));
    std::printf("  took more than a page: %d\n", written >= 4096);
    show_ready("  then", from);
    long read_back = 0;
    pollfd asked{to, side, 0};
    while (poll(&asked, 1, 50) > 0 && (count = read(to, page, sizeof page)) > 0) {
        read_back += count;
    }
    std::printf("  all of it arrived: %d\n", read_back == written);
    show_ready("  then", from);
}

void room() {
    const PseudoTerminal pair;
    pair.change(&termios::c_lflag, 0, ICANON | ECHO);
    fill("output", pair.terminal, pair.master, POLLIN);
    fill("input", pair.master, pair.terminal, POLLIN);
}

/// What has been written and not read yet goes, but for what the master has already.
void discarded_output() {
    const PseudoTerminal pair;
    static char page[4096];
    pollfd room{pair.terminal, POLLOUT, 0};
    for (; poll(&room, 1, 30) > 0;) {
        static_cast<void>(write(pair.terminal, page, sizeof page) > 0);
    }
    show("TCOFLUSH", tcflush(pair.terminal, TCOFLUSH));
    long left = 0;
    ssize_t count = 0;
    for (pollfd asked{pair.master, POLLIN, 0};
         poll(&asked, 1, 30) > 0 && (count = read(pair.master, page, sizeof page)) > 0;) {
        left += count;
    }
    std::printf("  some is left: %d, a page at most: %d\n", left > 0, left <= 4096);
    show_ready("  then", pair.terminal);
}

void packets() {
    const PseudoTerminal pair;
    int on = 1;
    require(ioctl(pair.master, TIOCPKT, &on) == 0, "TIOCPKT");
    const auto packet = [&](const char* name) {
        pollfd asked{pair.master, POLLIN | POLLPRI, 0};
        poll(&asked, 1, 100);
        std::printf("%s: pri %d, %s\n", name, (asked.revents & POLLPRI) != 0,
                    one_read(pair.master, 64).c_str());
    };
    packet("none");
    require(write(pair.terminal, "text", 4) == 4, "write");
    packet("text");
    require(tcflow(pair.terminal, TCOOFF) == 0, "tcflow");
    packet("stopped");
    require(tcflow(pair.terminal, TCOON) == 0, "tcflow");
    packet("started");
    require(tcflush(pair.terminal, TCIFLUSH) == 0, "tcflush");
    packet("input flushed");
    require(tcflush(pair.terminal, TCOFLUSH) == 0, "tcflush");
    packet("output flushed");
    pair.change(&termios::c_iflag, 0, IXON);
    packet("no flow control");
    pair.change(&termios::c_iflag, IXON, 0);
    packet("flow control");
    pair.change(&termios::c_lflag, EXTPROC, 0);
    packet("external processing");
    pair.type("ab\n");
    std::printf("which takes all as it comes: %s\n", one_read(pair.terminal).c_str());
    on = 0;
    require(ioctl(pair.master, TIOCPKT, &on) == 0, "TIOCPKT");
    require(write(pair.terminal, "text", 4) == 4, "write");
    packet("without packets");
}

void closed_terminal() {
    PseudoTerminal pair;
    require(write(pair.terminal, "last", 4) == 4, "write");
    pair.type("unread\n");
    pair.close_terminal();
    show_ready("text is left", pair.master);
    std::printf("master: %s\n", arrived(pair.master).c_str());
    show_ready("none is left", pair.master);
    show_value("the master writes", write(pair.master, "more\n", 5));
    pair.open_terminal();
    std::printf("opened again: %s", one_read(pair.terminal).c_str());
    pollfd asked{pair.terminal, POLLIN, 0};
    poll(&asked, 1, 1000);
    std::printf(" %s, master: %s\n", one_read(pair.terminal).c_str(), arrived(pair.master).c_str());
    show_ready("master", pair.master);
}

void closed_master() {
    PseudoTerminal pair;
    pair.type("unread\n");
    pair.close_master();
    show_ready("terminal", pair.terminal);
    std::printf("read: %s\n", one_read(pair.terminal).c_str());
    show("write", write(pair.terminal, "x", 1));
    termios ignored{};
    int number = 0;
    show("tcgetattr", tcgetattr(pair.terminal, &ignored));
    show("TIOCSPGRP", ioctl(pair.terminal, TIOCSPGRP, &number));
    show("FIONREAD", ioctl(pair.terminal, FIONREAD, &number));
    std::printf("listed: %d\n", is_listed(pair.name));
    show("open", open(pair.name.c_str(), O_RDWR | O_NOCTTY));
    const string again = "/proc/self/fd/" + std::to_string(pair.terminal);
    show("open it by its descriptor", open(again.c_str(), O_RDWR | O_NOCTTY));
}

void interrupted() {
    const PseudoTerminal pair(0);
    struct sigaction action{};
    action.sa_handler = [](int) {};
    require(sigaction(SIGALRM, &action, nullptr) == 0, "sigaction");
    const itimerval soon{{0, 0}, {0, 30'000}};
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    std::printf("a terminal's read: %s\n", one_read(pair.terminal).c_str());
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    std::printf("a master's read: %s\n", one_read(pair.master).c_str());
    const string much(1'000'000, 'x');
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    const ssize_t count = write(pair.terminal, much.data(), much.size());
    std::printf("a write: a part %d\n", count > 0 && count < static_cast<ssize_t>(much.size()));
    // Linux makes room in the background, as long as there is some.
    require(fcntl(pair.terminal, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    pollfd asked{pair.terminal, POLLOUT, 0};
    while (poll(&asked, 1, 50) > 0) {
        static_cast<void>(write(pair.terminal, much.data(), much.size()) > 0);
    }
    require(fcntl(pair.terminal, F_SETFL, 0) == 0, "fcntl");
    require(setitimer(ITIMER_REAL, &soon, nullptr) == 0, "setitimer");
    show("one without room", write(pair.terminal, much.data(), much.size()));
    signal(SIGALRM, SIG_DFL);
}

}  // namespace

int main() {
    alarm(60);
    names();
    locks();
    settings();
    requests();
    readiness();
    room();
    discarded_output();
    packets();
    closed_terminal();
    closed_master();
    interrupted();
    return 0;
}
