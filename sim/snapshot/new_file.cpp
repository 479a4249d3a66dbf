// SPDX-License-Identifier: MIT
#include "sim/snapshot/new_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace ringfence::sim::snapshot {

namespace {

constexpr mode_t all_may_write = 0666;  // the user's umask takes away from it

/// The file itself where `path` is a symbolic link to one.
std::string real_path(const std::string& path) {
    std::error_code error;
    const auto real = std::filesystem::weakly_canonical(path, error);
    return error ? path : real.string();
}

std::string folder_of(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    return parent.empty() ? "." : parent.string();
}

std::string temporary_name(const std::string& path) {
    return folder_of(path) + "/.ringfence-XXXXXX";
}

/// What the umask leaves of the usual permissions.
mode_t usual_permissions() {
    const mode_t mask = umask(0);
    umask(mask);
    return all_may_write & ~mask;
}

/// 0, or the error number.
int write_all(int descriptor, u64 offset, std::span<const u8> bytes) {
    while (!bytes.empty()) {
        const ssize_t written =
            pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        const auto done = static_cast<usize>(std::max<ssize_t>(written, 0));
        bytes = bytes.subspan(done);
        offset += done;
    }
    return 0;
}

/// So that the new name is on the disk too. A file system that cannot does without.
void synchronize_folder(const std::string& path) {
    const int folder = open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
}

}  // namespace

Error<std::string> NewFile::failure(int reason) const {
    return Error{fmt::format("{}: cannot be written: {}", path_, std::strerror(reason))};
}

Result<NewFile, std::string> NewFile::create(const std::string& path) {
    NewFile file{real_path(path), "", -1};
    struct stat status{};
    if (stat(file.path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
        return Error{path + ": cannot be written: it is no regular file"};
    }
    file.descriptor_ =
        open(folder_of(file.path_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, all_may_write);
    if (file.descriptor_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        std::string name = temporary_name(file.path_);
        file.descriptor_ = mkostemp(name.data(), O_CLOEXEC);
        if (file.descriptor_ >= 0) {
            file.temporary_ = std::move(name);
            fchmod(file.descriptor_, usual_permissions());
        }
    }
    if (file.descriptor_ < 0) {
        return file.failure(errno);
    }
    return file;
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

NewFile::~NewFile() {
    if (descriptor_ >= 0) {
        close(descriptor_);
    }
    if (!temporary_.empty()) {
        unlink(temporary_.c_str());
    }
}

Result<void, std::string> NewFile::append(std::span<const u8> bytes) {
    if (const int reason = write_all(descriptor_, size_, bytes); reason != 0) {
        return failure(reason);
    }
    size_ += bytes.size();
    return {};
}

Result<void, std::string> NewFile::replace(u64 offset, std::span<const u8> bytes) {
    if (const int reason = write_all(descriptor_, offset, bytes); reason != 0) {
        return failure(reason);
    }
    return {};
}

/// A file without a name can get one that is not taken, and only by that. 0, or the error number.
int NewFile::give_temporary_name() {
    const std::string handle = fmt::format("/proc/self/fd/{}", descriptor_);
    constexpr int most_tries = 100;
    for (int i = 0; i < most_tries; ++i) {
        std::string name = temporary_name(path_);
        const int taken = mkostemp(name.data(), O_CLOEXEC);
        if (taken < 0) {
            return errno;
        }
        close(taken);
        unlink(name.c_str());
        if (linkat(AT_FDCWD, handle.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
            temporary_ = name;
            return 0;
        }
        if (errno != EEXIST) {
            return errno;
        }
    }
    return EEXIST;
}

Result<void, std::string> NewFile::commit() {
    int reason = fsync(descriptor_) == 0 ? 0 : errno;
    if (reason == 0 && temporary_.empty()) {
        reason = give_temporary_name();
    }
    if (reason == 0 && rename(temporary_.c_str(), path_.c_str()) != 0) {
        reason = errno;
    }
    if (reason != 0) {
        return failure(reason);
    }
    temporary_.clear();
    synchronize_folder(path_);
    return {};
}

}  // namespace ringfence::sim::snapshot
