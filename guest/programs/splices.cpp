// SPDX-License-Identifier: MIT
// splice, tee and vmsplice between pipes, files and sockets.
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"

namespace {

struct Ends {
    int reader;
    int writer;
    explicit Ends(int flags = 0) {
        int both[2];
        require(pipe2(both, flags) == 0, "pipe");
        reader = both[0];
        writer = both[1];
    }
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;
    ~Ends() {
        close(reader);
        close(writer);
    }
};

int make_file(const char* text) {
    const int file = memfd_create("splices", 0);
    const auto size = static_cast<ssize_t>(strlen(text));
    require(file >= 0 && write(file, text, strlen(text)) == size, "a file");
    require(lseek(file, 0, SEEK_SET) == 0, "lseek");
    return file;
}

void show_bytes(const char* name, int file) {
    char bytes[64];
    const ssize_t size = read(file, bytes, sizeof bytes);
    show_value(name, size);
    std::printf("  \"%.*s\"\n", static_cast<int>(size < 0 ? 0 : size), bytes);
}

void files_and_pipes() {
    const int file = make_file("0123456789");
    const Ends ends;
    show_value("from a file", splice(file, nullptr, ends.writer, nullptr, 4, 0));
    show_value("its position", lseek(file, 0, SEEK_CUR));
    off_t offset = 8;
    show_value("from an offset", splice(file, &offset, ends.writer, nullptr, 100, 0));
    std::printf("offset %ld, position %ld\n", offset, lseek(file, 0, SEEK_CUR));
    show_value("at its end", splice(file, &offset, ends.writer, nullptr, 100, 0));
    // Another file: Linux' pipe holds pages of the first one, which a write would change.
    const int other = make_file("abcdefghij");
    offset = 1;
    show_value("to an offset", splice(ends.reader, nullptr, other, &offset, 3, 0));
    std::printf("offset %ld, position %ld\n", offset, lseek(other, 0, SEEK_CUR));
    show_value("to the position", splice(ends.reader, nullptr, other, nullptr, 64, 0));
    show_value("its position", lseek(other, 0, SEEK_CUR));
    lseek(other, 0, SEEK_SET);
    show_bytes("the file", other);
    close(file);
    close(other);
}

void whole_file() {
    constexpr long size = 300'000;
    const int from = memfd_create("from", 0);
    const int to = memfd_create("to", 0);
    for (int i = 0; i < size / 4; ++i) {
        require(write(from, &i, sizeof i) == sizeof i, "write");
    }
    lseek(from, 0, SEEK_SET);
    const Ends ends;
    long moved = 0;
    for (ssize_t got = 0; (got = splice(from, nullptr, ends.writer, nullptr, 60'000, 0)) > 0;) {
        while (got > 0) {
            const ssize_t put = splice(ends.reader, nullptr, to, nullptr, size, 0);
            require(put > 0, "splice");
            got -= put;
            moved += put;
        }
    }
    show_value("moved", moved);
    const void* a = mmap(nullptr, size, PROT_READ, MAP_SHARED, from, 0);
    const void* b = mmap(nullptr, size, PROT_READ, MAP_SHARED, to, 0);
    show_value("difference", memcmp(a, b, size));
    close(from);
    close(to);
}

/// A relay from one socket to another by way of a pipe, as proxies do it.
void sockets() {
    int left[2];
    int right[2];
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, left) == 0, "socketpair");
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, right) == 0, "socketpair");
    const pid_t child = fork();
    if (child == 0) {
        close(left[0]);
        close(right[1]);
        const Ends ends;
        long moved = 0;
        while (splice(left[1], nullptr, ends.writer, nullptr, 4096, SPLICE_F_MOVE) > 0) {
            const ssize_t put = splice(ends.reader, nullptr, right[0], nullptr, 65'536, 0);
            if (put <= 0) {
                _exit(1);
            }
            moved += put;
        }
        _exit(moved == 20'000 ? 0 : 2);
    }
    close(left[1]);
    close(right[0]);
    long sum = 0;
    char bytes[1000];
    for (int i = 0; i < 20; ++i) {
        memset(bytes, i, sizeof bytes);
        require(write(left[0], bytes, sizeof bytes) == sizeof bytes, "write");
        for (size_t got = 0; got < sizeof bytes;) {
            const ssize_t size = read(right[1], bytes, sizeof bytes - got);
            require(size > 0, "read");
            for (ssize_t at = 0; at < size; ++at) {
                sum += bytes[at];
            }
            got += static_cast<size_t>(size);
        }
    }
    close(left[0]);
    int status = -1;
    require(waitpid(child, &status, 0) == child, "waitpid");
    std::printf("relayed: sum %ld, status %d\n", sum, status);
    close(right[1]);
}

void pipes_and_pipes() {
    const Ends first;
    const Ends second;
    require(write(first.writer, "abcdef", 6) == 6, "write");
    show_value("tee", tee(first.reader, second.writer, 4, 0));
    show_value("splice", splice(first.reader, nullptr, second.writer, nullptr, 3, 0));
    show_bytes("the copy", second.reader);
    show_bytes("the rest", first.reader);
    char one[] = "one";
    char two[] = "two";
    const iovec parts[] = {{one, 3}, {two, 3}};
    show_value("vmsplice", vmsplice(first.writer, parts, 2, 0));
    show_bytes("the parts", first.reader);
}

void waiting() {
    const Ends ends;
    const Ends quick(O_NONBLOCK);
    const int file = make_file("");
    show_value("nothing yet", splice(ends.reader, nullptr, file, nullptr, 5, SPLICE_F_NONBLOCK));
    show_value("tee of nothing", tee(ends.reader, quick.writer, 5, SPLICE_F_NONBLOCK));
    const pid_t child = fork();
    if (child == 0) {
        usleep(10'000);
        _exit(write(ends.writer, "later", 5) == 5 ? 0 : 1);
    }
    show_value("wait", splice(ends.reader, nullptr, file, nullptr, 50, 0));
    require(waitpid(child, nullptr, 0) == child, "waitpid");
    char page[4096] = {};
    while (write(quick.writer, page, sizeof page) > 0) {
    }
    lseek(file, 0, SEEK_SET);
    show_value("full", splice(file, nullptr, quick.writer, nullptr, 5, SPLICE_F_NONBLOCK));
    show_value("its position", lseek(file, 0, SEEK_CUR));
    close(file);
}

void ends_of_pipes() {
    signal(SIGPIPE, SIG_IGN);
    const int file = make_file("text");
    Ends ends;
    close(ends.writer);
    ends.writer = -1;
    show_value("no writer", splice(ends.reader, nullptr, file, nullptr, 5, 0));
    Ends others;
    close(others.reader);
    others.reader = -1;
    show_value("no reader", splice(file, nullptr, others.writer, nullptr, 5, 0));
    close(file);
}

void mistakes() {
    const Ends ends;
    const int file = make_file("text");
    const int other = make_file("");
    off_t offset = 0;
    show_value("no pipe", splice(file, nullptr, other, nullptr, 4, 0));
    show_value("one pipe", splice(ends.reader, nullptr, ends.writer, nullptr, 4, 0));
    show_value("wrong ends", splice(ends.writer, nullptr, file, nullptr, 4, 0));
    show_value("an offset", splice(ends.reader, &offset, file, nullptr, 4, 0));
    show_value("another", splice(file, nullptr, ends.writer, &offset, 4, 0));
    show_value("flags", splice(file, nullptr, ends.writer, nullptr, 4, 16));
    show_value("nothing", splice(-1, nullptr, -1, nullptr, 0, 0));
    show_value("no descriptor", splice(-1, nullptr, ends.writer, nullptr, 4, 0));
    require(fcntl(other, F_SETFL, O_APPEND) == 0, "fcntl");
    require(write(ends.writer, "x", 1) == 1, "write");
    show_value("append", splice(ends.reader, nullptr, other, nullptr, 4, 0));
    show_value("tee of a file", tee(file, ends.writer, 4, 0));
    show_value("tee flags", tee(ends.reader, ends.writer, 4, 16));
    show_value("tee of itself", tee(ends.reader, ends.writer, 4, 0));
    const iovec part{&offset, sizeof offset};
    show_value("vmsplice to a file", vmsplice(file, &part, 1, 0));
    close(file);
    close(other);
}

}  // namespace

int main() {
    files_and_pipes();
    whole_file();
    sockets();
    pipes_and_pipes();
    waiting();
    ends_of_pipes();
    mistakes();
    return 0;
}
