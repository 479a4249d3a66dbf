// SPDX-License-Identifier: MIT
// A file that runs cannot be written to, and one that is written to cannot be run: ETXTBSY.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "guest/programs/children.h"

namespace {

std::string directory;
std::string own_path;  ///< this program's file

std::string target_of(const std::string& link) {
    char path[256];
    const ssize_t size = readlink(link.c_str(), path, sizeof path);
    return {path, static_cast<size_t>(std::max<ssize_t>(size, 0))};
}

std::string path_of(const char* name) {
    return directory + "/" + name;
}

/// Ends when its standard input does.
constexpr const char* wait_word = "wait";
/// Makes a child that does, and becomes the program that it is given, which says so on its standard
/// error and waits for the child.
constexpr const char* fork_word = "fork";
constexpr const char* reap_word = "reap";

void copy_self_to(int target) {
    const int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat about{};
    require(self >= 0 && fstat(self, &about) == 0, "/proc/self/exe");
    require(sendfile(target, self, nullptr, static_cast<size_t>(about.st_size)) == about.st_size,
            "a copy of the program");
    close(self);
}

std::string make_program(const char* name) {
    const std::string path = path_of(name);
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    require(file >= 0, "open");
    copy_self_to(file);
    close(file);
    return path;
}

std::string make_script(const char* name, const std::string& interpreter) {
    const std::string path = path_of(name);
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    const std::string text = "#!" + interpreter + " end\n";
    require(file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
            "a script");
    close(file);
    return path;
}

/// A child that has become the program at `path`, which waits until `go` is closed.
struct Running {
    pid_t child;
    int go;
};

Running run(const std::string& path) {
    int input[2];
    int started[2];
    require(pipe(input) == 0 && pipe2(started, O_CLOEXEC) == 0, "pipe");
    const pid_t child = children::start([&] {
        dup2(input[0], STDIN_FILENO);
        close(input[0]);
        close(input[1]);
        execl(path.c_str(), "program", wait_word, nullptr);
        return 98;
    });
    close(input[0]);
    close(started[1]);
    char byte = 0;
    require(read(started[0], &byte, 1) == 0, "execl");  // which closes the child's end
    close(started[0]);
    return {child, input[1]};
}

void end(const char* name, const Running& running) {
    close(running.go);
    children::wait_for(name, running.child);
}

void show_open(const char* name, const std::string& path, int flags) {
    const int file = open(path.c_str(), flags | O_CLOEXEC, 0600);
    show(name, file);
    if (file >= 0) {
        close(file);
    }
}

void show_run(const char* name, const std::string& path) {
    children::in_child(name, [&] {
        execl(path.c_str(), "program", "end", nullptr);
        show("  execl", -1);
        return 1;
    });
}

void writing_to_what_runs() {
    const std::string path = make_program("runs");
    const Running running = run(path);
    show_open("read", path, O_RDONLY);
    show_open("write", path, O_WRONLY);
    show_open("read and write", path, O_RDWR);
    show_open("append", path, O_WRONLY | O_APPEND);
    show_open("truncate", path, O_WRONLY | O_TRUNC);
    show_open("truncate and read", path, O_RDONLY | O_TRUNC);
    show_open("create", path, O_WRONLY | O_CREAT);
    show_open("create it alone", path, O_WRONLY | O_CREAT | O_EXCL);
    show_open("its path only", path, O_PATH | O_WRONLY);
    show("truncate by name", truncate(path.c_str(), 10));
    show("to a negative size", truncate(path.c_str(), -1));
    const std::string by_link = "/proc/" + std::to_string(running.child) + "/exe";
    show_open("by /proc/PID/exe", by_link, O_WRONLY);
    show("chmod", chmod(path.c_str(), 0700));
    show("a second name", link(path.c_str(), path_of("second").c_str()));
    show_open("by its second name", path_of("second"), O_WRONLY);
    show_run("run it again", path);
    show("move it", rename(path.c_str(), path_of("moved").c_str()));
    show_open("a new file of its name", path, O_WRONLY | O_CREAT);
    end("it ends", running);
    show_open("afterwards", path_of("moved"), O_WRONLY);
    show("truncate by name", truncate(path_of("moved").c_str(), 10));
    for (const char* name : {"runs", "second", "moved"}) {
        unlink(path_of(name).c_str());
    }
}

/// The program makes a child and becomes another program, which waits for it: then the child alone
/// runs the file.
void what_a_fork_runs() {
    const std::string path = make_program("forks");
    int input[2];
    int ready[2];
    require(pipe(input) == 0 && pipe(ready) == 0, "pipe");
    const pid_t child = children::start([&] {
        dup2(input[0], STDIN_FILENO);
        dup2(ready[1], STDERR_FILENO);
        close(input[1]);
        execl(path.c_str(), "program", fork_word, own_path.c_str(), nullptr);
        return 98;
    });
    close(input[0]);
    char byte = 0;
    require(read(ready[0], &byte, 1) == 1, "another program");
    show_open("its child runs", path, O_WRONLY);
    close(input[1]);
    close(ready[0]);
    close(ready[1]);
    children::wait_for("both end", child);
    show_open("nobody runs it", path, O_WRONLY);
    unlink(path.c_str());
}

void running_what_is_written() {
    const std::string path = make_program("written");
    const std::string script = make_script("script", path);
    show_run("nobody writes", script);
    for (const int flags : {O_WRONLY, O_RDWR}) {
        const int file = open(path.c_str(), flags | O_CLOEXEC);
        require(file >= 0, "open");
        show_run("a writer", path);
        show_run("of a script's interpreter", script);
        const int again = dup(file);
        close(file);
        show_run("another descriptor of it", path);
        close(again);
        show_run("none any more", path);
    }
    const int file = open(script.c_str(), O_WRONLY | O_CLOEXEC);
    show_run("a writer of a script", script);
    close(file);
    show_run("none any more", script);
    const int reader = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const int place = open(path.c_str(), O_PATH | O_RDWR | O_CLOEXEC);
    show_run("a reader, and one who has the path", path);
    close(reader);
    close(place);
    unlink(path.c_str());
    unlink(script.c_str());
}

/// Files without a name can be run by the descriptor with which they were written.
void nameless() {
    const int file = memfd_create("program", MFD_CLOEXEC);
    require(file >= 0, "memfd_create");
    copy_self_to(file);
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    show_run("a file of memory", path);
    const Running running = run(path);
    show_open("write to it", path, O_RDWR);
    show("by the descriptor", pwrite(file, "\x7f", 1, 0));
    end("it ends", running);
    show_open("afterwards", path, O_RDWR);
    close(file);
}

int wait_for_end_of_input() {
    char byte = 0;
    return read(STDIN_FILENO, &byte, 1) == 0 ? 3 : 4;
}

int program(std::string_view word, const char* next) {
    if (word == wait_word) {
        return wait_for_end_of_input();
    }
    if (word == fork_word) {
        if (fork() == 0) {
            return wait_for_end_of_input();
        }
        execl(next, "program", reap_word, nullptr);
        return 97;
    }
    if (word != reap_word) {
        return 0;
    }
    int status = 0;
    const bool told = write(STDERR_FILENO, "r", 1) == 1;
    return told && wait(&status) > 0 ? WEXITSTATUS(status) : 96;
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 1) {
        return program(arguments[1], arguments[2]);
    }
    char name[] = "/tmp/running-XXXXXX";
    require(mkdtemp(name) != nullptr, "mkdtemp");
    directory = name;
    own_path = target_of("/proc/self/exe");
    children::begin();
    writing_to_what_runs();
    what_a_fork_runs();
    running_what_is_written();
    nameless();
    require(rmdir(name) == 0, "rmdir");
    return 0;
}
