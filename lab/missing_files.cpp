// SPDX-License-Identifier: MIT
#include "lab/missing_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/types.h"

namespace ringfence::lab {

namespace {

constexpr usize most_named = 5;

/// Places whose files depend on the kernel, and files that programs do well without: locales, the
/// time zone, and the linker's cache.
bool is_not_for_the_guest(std::string_view path) {
    constexpr std::array<std::string_view, 7> places = {
        "/proc/",           "/sys/",          "/dev/",           "/usr/share/locale/",
        "/usr/lib/locale/", "/etc/localtime", "/etc/ld.so.cache"};
    return std::any_of(places.begin(), places.end(),
                       [path](std::string_view place) { return path.starts_with(place); });
}

}  // namespace

std::string explain_missing_files(std::string_view paths) {
    std::vector<std::string> found;
    while (!paths.empty()) {
        const std::string path(paths.substr(0, paths.find('\0')));
        paths.remove_prefix(std::min(path.size() + 1, paths.size()));
        if (!is_not_for_the_guest(path) && access(path.c_str(), F_OK) == 0 &&
            std::find(found.begin(), found.end(), path) == found.end()) {
            found.push_back(path);
        }
    }
    if (found.empty()) {
        return {};
    }
    const usize named = std::min(found.size(), most_named);
    std::string line =
        fmt::format("the program looked for {}",
                    fmt::join(found.begin(), found.begin() + static_cast<long>(named), ", "));
    if (found.size() > named) {
        line += fmt::format(" and {} more files", found.size() - named);
    }
    return line + ", which this host has and the guest has not: add them with --file or --root";
}

}  // namespace ringfence::lab
