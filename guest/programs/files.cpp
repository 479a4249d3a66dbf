// SPDX-License-Identifier: MIT
// Files and directories below /tmp, and the devices that programs take for granted.
#include <csignal>
#include <cstdint>
#include <initializer_list>

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

void print_names(const char* path) {
    dirent** entries = nullptr;
    const int count = scandir(path, &entries, nullptr, alphasort);
    show_value("entries", count);
    for (int i = 0; i < count; ++i) {
        std::printf("  %s\n", entries[i]->d_name);
    }
}

void reading_and_writing() {
    const int file = open("a", O_RDWR | O_CREAT | O_EXCL, 0640);
    require(file >= 0, "create");
    show("create again", open("a", O_RDWR | O_CREAT | O_EXCL, 0640));
    show_value("write", write(file, "0123456789", 10));
    show_value("seek", lseek(file, 4, SEEK_SET));
    char buffer[16] = {};
    show_value("read", read(file, buffer, 3));
    std::printf("read %s\n", buffer);
    show_value("pread", pread(file, buffer, 16, 8));
    show_value("seek past the end", lseek(file, 100000, SEEK_SET));
    show_value("write there", write(file, "!", 1));
    struct stat status{};
    show("fstat", fstat(file, &status));
    std::printf("size %ld, regular %d, permissions %o\n", static_cast<long>(status.st_size),
                S_ISREG(status.st_mode), status.st_mode & 0777);
    show_value("read the hole", pread(file, buffer, 16, 50000));
    std::printf("the hole is zero: %d\n", buffer[0] == 0 && buffer[15] == 0);
    show("truncate", ftruncate(file, 5));
    show_value("its end", lseek(file, 0, SEEK_END));
    const int copy = dup(file);
    show_value("a duplicate shares the position", lseek(copy, 0, SEEK_CUR));
    close(copy);
    close(file);
    const int appending = open("a", O_WRONLY | O_APPEND);
    show_value("append", write(appending, "xyz", 3));
    show("read from a write-only file", read(appending, buffer, 1));
    show("close", close(appending));
    show("close again", close(appending));
}

void names() {
    show("mkdir", mkdir("d", 0755));
    show("mkdir again", mkdir("d", 0755));
    show("rename", rename("a", "d/b"));
    show("open the old name", open("a", O_RDONLY));
    show("symlink", symlink("d/b", "link"));
    char target[32] = {};
    show_value("readlink", readlink("link", target, sizeof target - 1));
    std::printf("link to %s\n", target);
    struct stat status{};
    show("stat through the link", stat("link", &status));
    std::printf("size %ld\n", static_cast<long>(status.st_size));
    show("lstat", lstat("link", &status));
    std::printf("is a link: %d\n", S_ISLNK(status.st_mode));
    show("rmdir of a full directory", rmdir("d"));
    show("unlink of a directory", unlink("d"));
    show("open below a file", open("d/b/c", O_RDONLY));
    show("write to a directory", open("d", O_WRONLY));
    show("a loop of links", symlink("loop", "loop"));
    show("open the loop", open("loop", O_RDONLY));
    show("access", access("d/b", R_OK));
    show("chdir", chdir("d"));
    char where[64];
    std::printf("now in %s\n", getcwd(where, sizeof where));
    show("chdir back", chdir(".."));
    print_names(".");
}

/// An open file lives on after its last name is gone.
void unlinked() {
    const int file = open("d/b", O_RDONLY);
    show("unlink an open file", unlink("d/b"));
    char buffer[4] = {};
    show_value("read it still", read(file, buffer, 3));
    close(file);
    show("remove", rmdir("d"));
    show("remove the link", unlink("link"));
    show("remove the loop", unlink("loop"));
}

/// Directories that are gone from the tree, each kept by the one below it alone.
void chain_of_removed_directories() {
    constexpr int depth = 2000;
    for (int i = 0; i < depth; ++i) {
        require(mkdir("deep", 0755) == 0 && chdir("deep") == 0, "a deep directory");
    }
    const int deepest = open(".", O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < depth; ++i) {
        require(chdir("..") == 0 && rmdir("deep") == 0, "the way back");
    }
    show("open in a removed directory", openat(deepest, "a", O_RDWR | O_CREAT, 0600));
    show("let the whole chain go", close(deepest));
}

/// A thread's directory holds what its process's does, but for the threads.
void proc_has_an_end() {
    char path[64];
    const int thread = static_cast<int>(gettid());
    std::snprintf(path, sizeof path, "/proc/self/task/%d/fd", thread);
    show("a thread's descriptors", access(path, F_OK));
    std::snprintf(path, sizeof path, "/proc/self/task/%d/task", thread);
    show("a thread's threads", access(path, F_OK));
}

/// What shells do for <(command): a pipe by its name in /proc, whose writer may have ended.
void pipe_by_name() {
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    show_value("write", write(ends[1], "x", 1));
    close(ends[1]);
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    const int again = open(path, O_RDONLY);
    char buffer[4];
    show_value("read", read(again, buffer, sizeof buffer));
    show_value("read the end", read(again, buffer, sizeof buffer));
    close(again);
    close(ends[0]);
}

/// RLIMIT_FSIZE: a write is cut short, the next one is a signal.
void size_limit() {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        const int file = open("limited", O_RDWR | O_CREAT | O_TRUNC, 0600);
        const rlimit limit{5000, 5000};
        show("limit", setrlimit(RLIMIT_FSIZE, &limit));
        char page[4096] = {};
        show_value("below it", write(file, page, sizeof page));
        show_value("up to it", write(file, page, sizeof page));
        struct sigaction ignore{};
        ignore.sa_handler = SIG_IGN;
        sigaction(SIGXFSZ, &ignore, nullptr);
        show_value("at it", write(file, page, 1));
        show_value("beyond", pwrite(file, page, 1, 6000));
        show("grow", ftruncate(file, 5001));
        show("fallocate", fallocate(file, 0, 0, 5001));
        show("to it", ftruncate(file, 5000));
        int ends[2];
        require(pipe(ends) == 0, "pipe");
        show_value("a pipe has none",
                   write(ends[1], page, sizeof page) + write(ends[1], page, 1000));
        std::fflush(stdout);
        signal(SIGXFSZ, SIG_DFL);
        write(file, page, 1);
        _exit(1);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child, "waitpid");
    std::printf("killed by SIGXFSZ: %d\n", WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
    show("unlink", unlink("limited"));
}

/// Names are found, listed and removed one by one however many there are.
void many_names() {
    constexpr int count = 1500;
    require(mkdir("many", 0755) == 0, "mkdir");
    char name[32];
    for (int i = 0; i < count; ++i) {
        std::snprintf(name, sizeof name, "many/name-%d", i);
        require(mknod(name, S_IFREG | 0600, 0) == 0, "mknod");
    }
    for (int i = 0; i < count; i += 3) {
        std::snprintf(name, sizeof name, "many/name-%d", i);
        require(unlink(name) == 0 && access(name, F_OK) < 0, "unlink");
    }
    int listed = 0;
    long sum = 0;
    DIR* const directory = opendir("many");
    while (const dirent* entry = readdir(directory)) {
        int number = 0;
        if (std::sscanf(entry->d_name, "name-%d", &number) == 1) {
            ++listed;
            sum += number;
            std::snprintf(name, sizeof name, "many/name-%d", number);
            require(unlink(name) == 0, "unlink what is listed");
        }
    }
    closedir(directory);
    std::printf("%d names, sum %ld\n", listed, sum);
    show("rmdir", rmdir("many"));
}

/// /proc/self/mountinfo says where the file system of a path is mounted.
void mounts() {
    for (const char* path : {"/proc", "/sys"}) {
        struct stat status{};
        require(stat(path, &status) == 0, "stat");
        FILE* const file = std::fopen("/proc/self/mountinfo", "r");
        require(file != nullptr, "mountinfo");
        char line[1024];
        bool found = false;
        while (std::fgets(line, sizeof line, file) != nullptr) {
            unsigned device[2];
            char place[512];
            found =
                found ||
                (std::sscanf(line, "%*d %*d %u:%u / %511s ", &device[0], &device[1], place) == 3 &&
                 makedev(device[0], device[1]) == status.st_dev && std::strcmp(place, path) == 0);
        }
        std::fclose(file);
        std::printf("%s is mounted: %d\n", path, found);
    }
}

void devices() {
    char buffer[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    const int null_device = open("/dev/null", O_RDWR);
    show_value("read /dev/null", read(null_device, buffer, 8));
    show_value("write /dev/null", write(null_device, buffer, 8));
    const int zero_device = open("/dev/zero", O_RDONLY);
    show_value("read /dev/zero", read(zero_device, buffer, 8));
    std::printf("zero: %d\n", buffer[0] == 0 && buffer[7] == 0);
    const int random_device = open("/dev/urandom", O_RDONLY);
    show_value("read /dev/urandom", read(random_device, buffer, 8));
    std::uint64_t value;
    std::memcpy(&value, buffer, sizeof value);
    std::printf("something: %d\n", value != 0);
}

}  // namespace

int main() {
    char directory[] = "/tmp/ringfence-files-XXXXXX";
    require(mkdtemp(directory) != nullptr && chdir(directory) == 0, "a directory of our own");
    umask(022);
    reading_and_writing();
    require(chdir("..") == 0 && rename(directory, "/tmp/ringfence-files") == 0 &&
                chdir("/tmp/ringfence-files") == 0,
            "a known name");
    names();
    unlinked();
    chain_of_removed_directories();
    proc_has_an_end();
    pipe_by_name();
    size_limit();
    many_names();
    mounts();
    devices();
    show("clean up", rmdir("/tmp/ringfence-files"));
    return 0;
}
