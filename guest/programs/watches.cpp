// SPDX-License-Identifier: MIT
// inotify: what is told of files and directories, in which order, and when a watch ends.
#include <climits>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

constexpr std::uint32_t no_opening = IN_ALL_EVENTS & ~static_cast<std::uint32_t>(IN_OPEN);

/// Prints what has come, a cookie as whether it is that of the record before.
void show_records(const char* name, int watcher) {
    std::printf("%s\n", name);
    alignas(inotify_event) char buffer[4096];
    std::uint32_t cookie = 0;
    for (ssize_t size = 0; (size = read(watcher, buffer, sizeof buffer)) > 0;) {
        for (ssize_t at = 0; at < size;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
            const char* move = event->cookie == 0        ? ""
                               : event->cookie == cookie ? " as before"
                                                         : " moves";
            std::printf("  %d: %x%s %u %s\n", event->wd, event->mask, move, event->len,
                        event->len > 0 ? event->name : "-");
            cookie = event->cookie;
            at += static_cast<ssize_t>(sizeof *event + event->len);
        }
    }
}

void make_file(const std::string& path, const char* text = "text") {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT, 0644);
    require(file >= 0 && write(file, text, strlen(text)) > 0 && close(file) == 0, "make a file");
}

/// What one file tells of itself.
void one_file(const std::string& folder) {
    const std::string path = folder + "/file";
    make_file(path);
    const int watcher = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    show_value("watch a file", inotify_add_watch(watcher, path.c_str(), no_opening));
    show_records("nothing yet", watcher);
    const int file = open(path.c_str(), O_RDWR);
    char byte = 0;
    show_value("read", read(file, &byte, 1));
    show_value("read again", pread(file, &byte, 1, 0));
    show_records("read twice, told once", watcher);
    show_value("write", pwrite(file, "x", 1, 0));
    show("truncate", ftruncate(file, 2));
    show_value("read at the end", pread(file, &byte, 1, 2));
    show("chmod", fchmod(file, 0600));
    const timespec modified[2] = {{0, UTIME_OMIT}, {1, 0}};
    const timespec accessed[2] = {{1, 0}, {0, UTIME_OMIT}};
    const timespec both[2] = {{1, 0}, {1, 0}};
    show("set a time", futimens(file, modified));
    show("set the other", futimens(file, accessed));
    show("set both", futimens(file, both));
    close(file);
    show_records("written and changed", watcher);
    show("link", link(path.c_str(), (folder + "/other").c_str()));
    show("rename", rename(path.c_str(), (folder + "/name").c_str()));
    show_records("names", watcher);
    const int kept = open((folder + "/name").c_str(), O_RDONLY);
    show("unlink", unlink((folder + "/other").c_str()));
    show("unlink the last", unlink((folder + "/name").c_str()));
    show_records("without a name", watcher);
    close(kept);
    show_records("gone", watcher);
    show("end the watch", inotify_rm_watch(watcher, 1));
    close(watcher);
}

/// What a directory tells of those in it.
void one_directory(const std::string& folder) {
    const std::string inner = folder + "/inner";
    require(mkdir(inner.c_str(), 0755) == 0, "mkdir");
    const int watcher = inotify_init1(IN_NONBLOCK);
    const std::uint32_t names = IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF;
    show_value("watch a directory", inotify_add_watch(watcher, folder.c_str(), names));
    show_value("watch another", inotify_add_watch(watcher, inner.c_str(), names | IN_ONLYDIR));
    make_file(folder + "/one");
    show("mkdir", mkdir((folder + "/two").c_str(), 0755));
    show("symlink", symlink("one", (folder + "/three").c_str()));
    show("link", link((folder + "/one").c_str(), (inner + "/a name of more than sixteen").c_str()));
    show("mkfifo", mkfifo((inner + "/exactly-15-long").c_str(), 0600));
    show_records("made", watcher);
    show("move", rename((folder + "/one").c_str(), (inner + "/one").c_str()));
    show("move a directory", rename((folder + "/two").c_str(), (inner + "/two").c_str()));
    show("move the watched", rename(inner.c_str(), (folder + "/moved").c_str()));
    show_records("moved", watcher);
    const std::string moved = folder + "/moved";
    make_file(folder + "/new");
    show("replace", rename((folder + "/new").c_str(), (moved + "/one").c_str()));
    show("exchange", renameat2(AT_FDCWD, (folder + "/three").c_str(), AT_FDCWD,
                               (moved + "/two").c_str(), RENAME_EXCHANGE));
    show_records("replaced and exchanged", watcher);
    for (const char* name : {"/one", "/two", "/exactly-15-long", "/a name of more than sixteen"}) {
        show("unlink", unlink((moved + name).c_str()));
    }
    show("rmdir", rmdir((folder + "/three").c_str()));
    show_records("removed", watcher);
    // Which of both directories tells first of what follows differs between versions of Linux.
    show("forget the outer", inotify_rm_watch(watcher, 1));
    show("rmdir of the watched", rmdir(moved.c_str()));
    show_records("removed itself", watcher);
    close(watcher);
}

/// What a directory tells of what happens to files in it.
void children(const std::string& folder) {
    const std::string path = folder + "/child";
    make_file(path);
    const int watcher = inotify_init1(IN_NONBLOCK);
    show_value("watch a directory", inotify_add_watch(watcher, folder.c_str(), IN_ALL_EVENTS));
    show_value("and its file", inotify_add_watch(watcher, path.c_str(), IN_MODIFY | IN_OPEN));
    const int file = open(path.c_str(), O_WRONLY);
    show_value("write", write(file, "x", 1));
    close(file);
    show("chmod", chmod(path.c_str(), 0600));
    show("truncate", truncate(path.c_str(), 0));
    show_records("a file in it", watcher);
    show("forget the file", inotify_rm_watch(watcher, 2));
    show_value("mask", inotify_add_watch(watcher, folder.c_str(), IN_DELETE));
    show_value("wider", inotify_add_watch(watcher, folder.c_str(), IN_CREATE | IN_MASK_ADD));
    show_value("once there", inotify_add_watch(watcher, folder.c_str(), IN_OPEN | IN_MASK_CREATE));
    make_file(folder + "/second");
    show("unlink", unlink(path.c_str()));
    show_records("made and removed", watcher);
    show_value("one shot", inotify_add_watch(watcher, folder.c_str(), IN_DELETE | IN_ONESHOT));
    show("unlink", unlink((folder + "/second").c_str()));
    show("mkdir", mkdir((folder + "/third").c_str(), 0755));
    show("rmdir", rmdir((folder + "/third").c_str()));
    show_records("once", watcher);
    close(watcher);
}

void reading(const std::string& folder) {
    const int watcher = inotify_init1(0);
    show_value("watch", inotify_add_watch(watcher, folder.c_str(), IN_CREATE));
    pollfd polled{.fd = watcher, .events = POLLIN, .revents = 0};
    show_value("poll", poll(&polled, 1, 0));
    const pid_t child = fork();
    if (child == 0) {
        usleep(10'000);
        _exit(mkdir((folder + "/late").c_str(), 0755));
    }
    char buffer[64];
    show_value("wait", read(watcher, buffer, sizeof buffer));
    require(waitpid(child, nullptr, 0) == child, "waitpid");
    make_file(folder + "/a");
    make_file(folder + "/b");
    int waiting = 0;
    show("FIONREAD", ioctl(watcher, FIONREAD, &waiting));
    std::printf("%d bytes, poll: %d\n", waiting, poll(&polled, 1, 0));
    show_value("too small", read(watcher, buffer, 20));
    show_value("one", read(watcher, buffer, 40));
    show_value("the other", read(watcher, buffer, 40));
    show_value("write", write(watcher, buffer, 16));
    char link[64] = {};
    const std::string own = "/proc/self/fd/" + std::to_string(watcher);
    show_value("its name", readlink(own.c_str(), link, sizeof link - 1));
    std::printf("%s\n", link);
    close(watcher);
    for (const char* name : {"/a", "/b"}) {
        require(unlink((folder + name).c_str()) == 0, "unlink");
    }
    require(rmdir((folder + "/late").c_str()) == 0, "rmdir");
}

void mistakes(const std::string& folder) {
    const int watcher = inotify_init1(IN_NONBLOCK);
    show("flags", inotify_init1(1));
    show("no events", inotify_add_watch(watcher, folder.c_str(), 0));
    show("no such file", inotify_add_watch(watcher, "/missing", IN_OPEN));
    show("no inotify", inotify_add_watch(STDIN_FILENO, folder.c_str(), IN_OPEN));
    show("no descriptor", inotify_add_watch(-1, folder.c_str(), IN_OPEN));
    show("no directory", inotify_add_watch(watcher, "/proc/self/exe", IN_OPEN | IN_ONLYDIR));
    show("both",
         inotify_add_watch(watcher, folder.c_str(), IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
    show("no watch", inotify_rm_watch(watcher, 1));
    show("no inotify", inotify_rm_watch(STDIN_FILENO, 1));
    show_records("nothing", watcher);
    close(watcher);
}

/// More than the queue holds.
void overflow(const std::string& folder) {
    const int watcher = inotify_init1(IN_NONBLOCK);
    inotify_add_watch(watcher, folder.c_str(), IN_ATTRIB | IN_ACCESS);
    const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY);
    timespec times[2] = {{1, 0}, {0, UTIME_OMIT}};
    for (int i = 0; i < 16'400 / 2; ++i) {
        require(futimens(file, times) == 0 && fchmod(file, 0755) == 0, "change");
    }
    int count = 0;
    int lost = 0;
    alignas(inotify_event) char buffer[4096];
    for (ssize_t size = 0; (size = read(watcher, buffer, sizeof buffer)) > 0;) {
        for (ssize_t at = 0; at < size; ++count) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
            lost += event->mask == IN_Q_OVERFLOW && event->wd == -1 ? 1 : 0;
            at += static_cast<ssize_t>(sizeof *event + event->len);
        }
    }
    std::printf("%d records, %d of them of lost ones\n", count, lost);
    close(file);
    close(watcher);
}

}  // namespace

int main() {
    char folder[] = "/tmp/watches-XXXXXX";
    require(mkdtemp(folder) != nullptr, "mkdtemp");
    mistakes(folder);
    one_file(folder);
    one_directory(folder);
    children(folder);
    reading(folder);
    overflow(folder);
    show("rmdir", rmdir(folder));
    return 0;
}
