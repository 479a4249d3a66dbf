// SPDX-License-Identifier: MIT
// A preset's figures as the expectations read them.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "sim/presets/cpu_model.h"

namespace ringfence::lab::measure {

class PresetView {
public:
    explicit PresetView(const sim::presets::CpuModel& cpu) : cpu_(cpu) {}

    [[nodiscard]] const sim::presets::CpuModel& cpu() const { return cpu_; }
    [[nodiscard]] bool has(const std::string& path) const { return cpu_.figures().has(path); }
    /// The figure must be there.
    [[nodiscard]] double at(const std::string& path) const { return cpu_.figures().at(path); }
    /// A set of ports, by bit, and how many they are.
    [[nodiscard]] unsigned ports(const std::string& path) const {
        return static_cast<unsigned>(at(path));
    }
    [[nodiscard]] double port_count(const std::string& path) const {
        return std::popcount(ports(path));
    }
    /// Nanoseconds in the machine's whole cycles.
    [[nodiscard]] double cycles_of_ns(const std::string& path) const {
        constexpr double ns_per_second = 1e9;
        return std::round(at(path) * at("identity.clock_hz") / ns_per_second);
    }
    /// Of a cache's table.
    [[nodiscard]] u64 cache_sets(const std::string& table) const {
        constexpr double line_kib = 1.0 / 16;
        return static_cast<u64>(at(table + ".kib") / line_kib / at(table + ".ways"));
    }
    /// The bytes that one way covers.
    [[nodiscard]] double way_bytes(const std::string& table) const {
        constexpr double kib = 1024;
        return at(table + ".kib") * kib / at(table + ".ways");
    }
    /// Micro-operations that go through the whole core in a cycle.
    [[nodiscard]] double width() const {
        return std::min(at("core.dispatch_width"), at("core.retire_width"));
    }

private:
    const sim::presets::CpuModel& cpu_;
};

}  // namespace ringfence::lab::measure
