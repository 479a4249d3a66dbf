// SPDX-License-Identifier: MIT
// A target of 64 KiB of memory at the linear addresses from 10000H, which lie at physical address
// 0.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "lab/gdb/target.h"

namespace ringfence::lab::gdb::testing {

class FakeTarget final : public Target {
public:
    static constexpr u64 start = 0x10000;

    explicit FakeTarget(bool wide = true) : wide_(wide), memory(0x10000) {}

    [[nodiscard]] bool is_64_bit() const override { return wide_; }
    [[nodiscard]] DebugRegisters registers() override { return now; }
    [[nodiscard]] bool set_registers(const DebugRegisters& wanted) override {
        if (wanted.cr3 != now.cr3) {
            return false;
        }
        now = wanted;
        return true;
    }
    [[nodiscard]] bool read(Space space, u64 address, std::span<u8> out) override {
        const auto at = place(space, address, out.size());
        if (at) {
            std::copy_n(memory.begin() + static_cast<long>(*at), out.size(), out.begin());
        }
        return at.has_value();
    }
    [[nodiscard]] bool write(Space space, u64 address, std::span<const u8> bytes) override {
        const auto at = place(space, address, bytes.size());
        if (at) {
            std::ranges::copy(bytes, memory.begin() + static_cast<long>(*at));
        }
        return at.has_value();
    }
    [[nodiscard]] usize most_watches() const override { return 2; }
    [[nodiscard]] Halt resume(Motion motion, const Stops& given, Debugger&) override {
        motions.push_back(motion);
        stops = given;
        return next_halt;
    }
    [[nodiscard]] std::string no_reverse() const override { return why_no_reverse; }
    [[nodiscard]] std::string monitor(std::string_view command) override {
        return "you said '" + std::string(command) + "'\n";
    }

private:
    [[nodiscard]] std::optional<u64> place(Space space, u64 address, usize bytes) const {
        const u64 at = space == Space::Virtual ? address - start : address;
        return at <= memory.size() && bytes <= memory.size() - at ? std::optional{at}
                                                                  : std::nullopt;
    }

    bool wide_;

public:
    DebugRegisters now;
    std::vector<u8> memory;
    std::vector<Motion> motions;
    Stops stops;
    Halt next_halt;
    std::string why_no_reverse;
};

class FakeDebugger final : public Debugger {
public:
    [[nodiscard]] bool wants_stop() override { return false; }
    void tell(std::string_view text) override { told += text; }
    std::string told;
};

}  // namespace ringfence::lab::gdb::testing
