// SPDX-License-Identifier: MIT
// What /proc/self/fdinfo tells of each kind of file, as far as all versions of Linux tell it.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "guest/programs/children.h"

namespace {

std::string text_of(const std::string& path) {
    std::string text;
    std::FILE* const file = std::fopen(path.c_str(), "re");
    if (file == nullptr) {
        return text;
    }
    for (int byte = std::fgetc(file); byte != EOF; byte = std::fgetc(file)) {
        text.push_back(static_cast<char>(byte));
    }
    std::fclose(file);
    return text;
}

std::string path_of(int file) {
    return "/proc/self/fdinfo/" + std::to_string(file);
}

/// The line that begins with `key`, up to `end` if that is in it; empty if there is none.
std::string line_of(const std::string& text, std::string_view key, std::string_view end = "\n") {
    size_t at = 0;
    while (at < text.size()) {
        const size_t line_end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, line_end - at);
        if (line.starts_with(key)) {
            return line.substr(0, line.find(end));
        }
        at = line_end + 1;
    }
    return {};
}

void show_lines(const char* name, int file, std::initializer_list<std::string_view> keys) {
    const std::string text = text_of(path_of(file));
    std::printf("%s\n", name);
    for (const std::string_view key : keys) {
        std::printf("  %s\n", line_of(text, key).c_str());
    }
}

bool names_its_inode(int file) {
    struct stat about{};
    require(fstat(file, &about) == 0, "fstat");
    return line_of(text_of(path_of(file)), "ino:") == "ino:\t" + std::to_string(about.st_ino);
}

void regular_files() {
    char name[] = "/tmp/descriptor-information-XXXXXX";
    const int file = mkostemp(name, O_APPEND);
    require(file >= 0 && write(file, "0123456789", 10) == 10 && lseek(file, 4, SEEK_SET) == 4,
            "a file");
    show_lines("a file", file, {"pos:", "flags:"});
    std::printf("its inode: %d\n", names_its_inode(file));
    fcntl(file, F_SETFD, FD_CLOEXEC);
    fcntl(file, F_SETFL, O_NONBLOCK);
    show_lines("with other flags", file, {"pos:", "flags:"});
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_start = 3;
    lock.l_len = 4;
    require(fcntl(file, F_SETLK, &lock) == 0, "F_SETLK");
    const std::string line = line_of(text_of(path_of(file)), "lock:");
    std::printf("a lock: %s ... %s\n", line.substr(0, line.find("WRITE") + 5).c_str(),
                line.substr(line.rfind(' ', line.rfind(' ') - 1) + 1).c_str());
    const int other = open(name, O_RDONLY | O_CLOEXEC);
    const int place = open(name, O_PATH | O_CLOEXEC);
    show_lines("opened again", other, {"pos:", "flags:"});
    show_lines("its path only", place, {"pos:", "flags:"});
    for (const int each : {file, other, place}) {
        close(each);
    }
    unlink(name);
}

void files_without_names() {
    const int events = eventfd(300, EFD_NONBLOCK);
    show_lines("eventfd", events, {"pos:", "flags:", "eventfd-count:"});
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, 40);
    const int signals = signalfd(-1, &set, SFD_CLOEXEC);
    show_lines("signalfd", signals, {"pos:", "flags:", "sigmask:"});
    const int timer = timerfd_create(CLOCK_BOOTTIME, 0);
    const itimerspec setting{{5, 6}, {1000, 0}};
    timerfd_settime(timer, 0, &setting, nullptr);
    show_lines("timerfd", timer, {"clockid:", "ticks:", "settime flags:", "it_interval:"});
    const std::string left = line_of(text_of(path_of(timer)), "it_value:");
    std::printf("  %s\n", left.substr(0, 14).c_str());
    const int set_of_files = epoll_create1(0);
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLET;
    wanted.data.u64 = 0xabcdef;
    epoll_ctl(set_of_files, EPOLL_CTL_ADD, events, &wanted);
    const std::string interest = line_of(text_of(path_of(set_of_files)), "tfd:", " ino:");
    std::printf("epoll\n  %s %d\n", interest.substr(13).c_str(),
                std::stoi(interest.substr(4)) == events);
    const int watches = inotify_init1(0);
    require(inotify_add_watch(watches, "/tmp", IN_CREATE | IN_DELETE) == 1, "a watch");
    const std::string watch = text_of(path_of(watches));
    std::printf("inotify\n  %s ...%s\n", line_of(watch, "inotify", " ino:").c_str(),
                watch.substr(watch.find(" mask:"), 24).c_str());
    const pid_t child = children::start([] { return 0; });
    const auto process = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    std::printf("pidfd, its number: %d\n",
                line_of(text_of(path_of(process)), "Pid:") == "Pid:\t" + std::to_string(child));
    children::wait_for("the child", child);
    show_lines("afterwards", process, {"Pid:", "NSpid:"});
    for (const int each : {events, signals, timer, set_of_files, watches, process}) {
        close(each);
    }
}

void the_directory() {
    DIR* const directory = opendir("/proc/self/fdinfo");
    require(directory != nullptr, "opendir");
    bool has[3] = {};
    bool all_regular = true;
    while (const dirent* entry = readdir(directory)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        all_regular = all_regular && entry->d_type == DT_REG;
        for (int file = 0; file < 3; ++file) {
            has[file] = has[file] || std::to_string(file) == entry->d_name;
        }
    }
    closedir(directory);
    std::printf("streams: %d %d %d, regular files: %d\n", has[0], has[1], has[2], all_regular);
    show("not open", open("/proc/self/fdinfo/999", O_RDONLY | O_CLOEXEC));
    show("no number", open("/proc/self/fdinfo/01", O_RDONLY | O_CLOEXEC));
    struct stat about{};
    show("stat", stat("/proc/self/fdinfo/1", &about));
    std::printf("%o\n", about.st_mode);
}

}  // namespace

int main() {
    children::begin();
    regular_files();
    files_without_names();
    the_directory();
    return 0;
}
