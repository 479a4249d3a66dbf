// SPDX-License-Identifier: MIT
#include "lab/pack/host_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>

namespace ringfence::lab::pack {

namespace {

constexpr u32 permission_bits = 07777;

/// A file descriptor that closes itself.
class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) {
            close(number_);
        }
    }
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

u32 modification_time(const struct stat& status) {
    constexpr i64 latest = std::numeric_limits<u32>::max();
    return static_cast<u32>(std::clamp<i64>(status.st_mtim.tv_sec, 0, latest));
}

std::string read_all(const Descriptor& file, const std::string& path, Failure failure) {
    constexpr usize step = 1 << 16;
    std::string bytes;
    while (true) {
        const usize before = bytes.size();
        bytes.resize(before + step);
        const ssize_t got = read(file.number(), bytes.data() + before, step);
        bytes.resize(before + static_cast<usize>(std::max<ssize_t>(got, 0)));
        if (got == 0) {
            return bytes;
        }
        if (got < 0 && errno != EINTR) {
            fail(failure, "{}: cannot be read: {}", path, std::strerror(errno));
        }
    }
}

void add_entry(GuestTree& tree, const std::string& host, const std::string& guest,
               std::vector<std::string>& notes);

void add_directory(GuestTree& tree, const std::string& host, const std::string& guest,
                   const struct stat& status, std::vector<std::string>& notes) {
    tree.add_directory(guest, status.st_mode & permission_bits, modification_time(status));
    std::error_code error;
    std::vector<std::string> names;
    auto entry = std::filesystem::directory_iterator(host, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        names.push_back(entry->path().filename().string());
    }
    if (error) {
        fail(Failure::Own, "{}: directory cannot be read: {}", host, error.message());
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        add_entry(tree, host + "/" + name, guest + "/" + name, notes);
    }
}

/// Adds one entry below a directory: links stay links.
void add_entry(GuestTree& tree, const std::string& host, const std::string& guest,
               std::vector<std::string>& notes) {
    struct stat status{};
    if (lstat(host.c_str(), &status) != 0) {
        fail(Failure::Own, "{}: {}", host, std::strerror(errno));
    }
    if (S_ISLNK(status.st_mode)) {
        std::error_code error;
        const auto target = std::filesystem::read_symlink(host, error);
        if (error) {
            fail(Failure::Own, "{}: link cannot be read: {}", host, error.message());
        }
        tree.add_symlink(guest, target.string(), modification_time(status));
    } else if (S_ISDIR(status.st_mode)) {
        add_directory(tree, host, guest, status, notes);
    } else if (S_ISREG(status.st_mode)) {
        HostFile file = read_host_file(host, Failure::Own);
        tree.add_file(guest, file.permissions, std::move(file.bytes), file.modified);
    } else {
        notes.push_back(fmt::format("{}: left out, it is a socket, pipe or device", host));
    }
}

}  // namespace

HostFile read_host_file(const std::string& path, Failure otherwise) {
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) {
        const bool missing = errno == ENOENT || errno == ENOTDIR;
        fail(missing ? Failure::NotFound : otherwise, "{}: {}", path,
             missing ? "no such file" : std::strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        fail(otherwise, "{}: is a directory, expected a file", path);
    }
    if (!S_ISREG(status.st_mode)) {
        fail(otherwise, "{}: is a socket, pipe or device, expected a file", path);
    }
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0) {
        fail(otherwise, "{}: cannot be read: {}", path, std::strerror(errno));
    }
    return HostFile{read_all(file, path, otherwise), status.st_mode & permission_bits,
                    modification_time(status)};
}

void add_host_path(GuestTree& tree, const std::string& host_path, const std::string& guest_path,
                   std::vector<std::string>& notes) {
    struct stat status{};
    if (stat(host_path.c_str(), &status) != 0) {
        fail(Failure::Own, "{}: {}", host_path, std::strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        add_directory(tree, host_path, guest_path == "/" ? "" : guest_path, status, notes);
        return;
    }
    HostFile file = read_host_file(host_path, Failure::Own);
    tree.add_file(guest_path, file.permissions, std::move(file.bytes), file.modified);
}

}  // namespace ringfence::lab::pack
