// SPDX-License-Identifier: MIT
#include "lab/linux_guest/snapshot_cache.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "sim/presets/saved_cpu.h"

namespace ringfence::lab::linux_guest {

namespace {

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string{} : value;
}

/// [xdg/basedir]
std::string cache_directory() {
    const std::string given = environment("XDG_CACHE_HOME");
    if (!given.empty() && given.front() == '/') {
        return given + "/ringfence";
    }
    const std::string home = environment("HOME");
    return home.empty() ? std::string{} : home + "/.cache/ringfence";
}

}  // namespace

SnapshotCache::SnapshotCache(Cache use)
    : directory_(use == Cache::Use ? cache_directory() : std::string{}) {}

std::string SnapshotCache::path_of(const std::string& key) const {
    return fmt::format("{}/linux-{}.snapshot", directory_, key);
}

SharedSnapshot SnapshotCache::find(const std::string& key) const {
    if (directory_.empty() || !std::filesystem::exists(path_of(key))) {
        return nullptr;
    }
    auto read = sim::machine::Snapshot::read(path_of(key));
    return read.ok() ? std::move(read).value() : nullptr;
}

void SnapshotCache::keep(const std::string& key, const sim::machine::Snapshot& snapshot) const {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (!directory_.empty() && !error) {
        static_cast<void>(snapshot.write(path_of(key)));
    }
}

std::string own_identity() {
    struct stat self{};
    return stat("/proc/self/exe", &self) == 0
               ? fmt::format("{}.{}.{}", self.st_size, self.st_mtim.tv_sec, self.st_mtim.tv_nsec)
               : std::string{};
}

std::string cpu_identity(const sim::presets::CpuModel& cpu) {
    sim::presets::SavedCpu saved(cpu);
    const auto section = sim::machine::make_section("cpu", saved);
    RF_ASSERT(section.ok());  // a CpuModel is within all limits
    return {section.value().bytes.begin(), section.value().bytes.end()};
}

}  // namespace ringfence::lab::linux_guest
