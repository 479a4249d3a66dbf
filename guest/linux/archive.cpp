// SPDX-License-Identifier: MIT
#include "guest/linux/archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "guest/linux/host_ports.h"

namespace linux_guest {

namespace {

constexpr std::size_t magic_bytes = 6;
constexpr std::size_t field_bytes = 8;
constexpr std::size_t field_count = 13;
constexpr std::size_t header_bytes = magic_bytes + field_count * field_bytes;
constexpr std::size_t alignment = 4;
constexpr const char* end_name = "TRAILER!!!";

/// Fields of a header, by their place in it.
enum Field : std::size_t { Mode = 1, FileSize = 6, NameSize = 11 };

unsigned long field(const char* header, Field which) {
    char digits[field_bytes + 1] = {};
    std::memcpy(digits, header + magic_bytes + which * field_bytes, field_bytes);
    return std::strtoul(digits, nullptr, 16);
}

std::size_t aligned(std::size_t offset) {
    return (offset + alignment - 1) / alignment * alignment;
}

bool write_file(const char* path, mode_t mode, const char* data, std::size_t bytes) {
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) {
        return false;
    }
    std::size_t done = 0;
    while (done < bytes) {
        const ssize_t wrote = write(file, data + done, bytes - done);
        if (wrote <= 0) {
            close(file);
            return false;
        }
        done += static_cast<std::size_t>(wrote);
    }
    const bool ok = fchmod(file, mode) == 0;
    close(file);
    return ok;
}

bool make_link(const char* path, const char* data, std::size_t bytes) {
    char target[4096] = {};
    std::memcpy(target, data, bytes < sizeof target ? bytes : sizeof target - 1);
    return symlink(target, path) == 0;
}

bool make_entry(const char* path, unsigned long mode, const char* data, std::size_t bytes) {
    const auto permissions = static_cast<mode_t>(mode & 07777);
    switch (mode & S_IFMT) {
        case S_IFDIR:
            return mkdir(path, permissions) == 0 || errno == EEXIST;
        case S_IFLNK:
            unlink(path);
            return make_link(path, data, bytes);
        default:
            unlink(path);
            return write_file(path, permissions, data, bytes);
    }
}

}  // namespace

bool unpack(const char* archive, std::size_t bytes) {
    for (std::size_t at = 0; at + header_bytes <= bytes;) {
        const char* const header = archive + at;
        const char* const name = header + header_bytes;
        const std::size_t data = at + aligned(header_bytes + field(header, NameSize));
        const std::size_t size = field(header, FileSize);
        if (std::strcmp(name, end_name) == 0) {
            return true;
        }
        if (!make_entry(name, field(header, Mode), archive + data, size)) {
            complain(name);
            return false;
        }
        at = aligned(data + size);
    }
    errno = EINVAL;
    complain("archive");
    return false;
}

}  // namespace linux_guest
