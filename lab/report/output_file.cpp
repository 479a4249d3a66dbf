// SPDX-License-Identifier: MIT
#include "lab/report/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/types.h"
#include "lab/error.h"
#include "sim/snapshot/new_file.h"

namespace ringfence::lab::report {

namespace {

[[noreturn]] void fail_write(const std::string& path) {
    fail(Failure::Own, "{}: cannot be written: {}", path, std::strerror(errno));
}

/// 0, or the error number.
int write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        bytes.remove_prefix(static_cast<usize>(std::max<ssize_t>(written, 0)));
    }
    return 0;
}

/// True when something other than a regular file is at `path`: it must be written in place.
bool is_special(const std::string& path) {
    struct stat status{};
    return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

/// The file itself where `path` is a symbolic link to one.
std::string real_path(const std::string& path) {
    std::error_code error;
    const auto real = std::filesystem::weakly_canonical(path, error);
    return error ? path : real.string();
}

std::string directory_of(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    return parent.empty() ? "." : parent.string();
}

void write_in_place(const std::string& path, std::string_view bytes) {
    const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) {
        fail_write(path);
    }
    const int problem = write_all(descriptor, bytes);
    const bool closed = close(descriptor) == 0;
    if (problem != 0 || !closed) {
        errno = problem != 0 ? problem : errno;
        fail_write(path);
    }
}

void replace_file(const std::string& path, std::string_view bytes) {
    const auto written = [&]() -> Result<void, std::string> {
        RF_TRY_ASSIGN(file, sim::snapshot::NewFile::create(path));
        RF_TRY(file.append({reinterpret_cast<const u8*>(bytes.data()), bytes.size()}));
        return file.commit();
    }();
    if (!written.ok()) {
        fail(Failure::Own, "{}", written.error());
    }
}

}  // namespace

void check_writable(const std::string& path) {
    if (path == "-") {
        return;
    }
    struct stat status{};
    if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        fail_write(path);
    }
    const std::string place = is_special(path) ? path : directory_of(real_path(path));
    if (access(place.c_str(), W_OK) != 0) {
        fail_write(path);
    }
}

void write_file(const std::string& path, std::string_view bytes) {
    if (path == "-") {
        const int problem = write_all(STDOUT_FILENO, bytes);
        if (problem != 0) {
            errno = problem;
            fail_write("standard output");
        }
    } else if (is_special(path)) {
        write_in_place(path, bytes);
    } else {
        replace_file(real_path(path), bytes);
    }
}

}  // namespace ringfence::lab::report
