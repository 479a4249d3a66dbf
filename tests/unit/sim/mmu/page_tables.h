// SPDX-License-Identifier: MIT
// Page tables for tests, built from literal bits: nothing here comes from arch/, so that a wrong
// layout there shows.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <utility>

#include "sim/memory/physical_memory.h"
#include "sim/mmu/paging_state.h"

namespace ringfence::sim::mmu::testing {

inline constexpr u64 present = 1;
inline constexpr u64 writable = 2;
inline constexpr u64 user = 4;
inline constexpr u64 accessed = 0x20;
inline constexpr u64 dirty = 0x40;
inline constexpr u64 large = 0x80;
inline constexpr u64 global = 0x100;
inline constexpr u64 no_execute = 1ULL << 63;
inline constexpr u64 all_rights = present | writable | user;

inline memory::PhysicalMemory make_memory(u64 bytes = 64 * mib) {
    auto memory = memory::PhysicalMemory::create(bytes);
    EXPECT_TRUE(memory.ok());
    return std::move(memory).value();
}

/// One way through the tables of any mode: an entry at each level for one address.
class TablePath {
public:
    /// `leaf_level`: 1 for a 4 KiB page, 2 for 2 or 4 MiB, 3 for 1 GiB.
    TablePath(memory::PhysicalMemory& memory, PagingMode mode, unsigned leaf_level, u64 address,
              u64 first_table = 0x20'0000)
        : memory_(memory), mode_(mode), leaf_level_(leaf_level), address_(address) {
        for (unsigned level = leaf_level; level <= top_level(); ++level) {
            tables_[level] = first_table + (level - 1) * 0x1000;
        }
    }

    [[nodiscard]] unsigned top_level() const {
        switch (mode_) {
            case PagingMode::TwoLevel:
                return 2;
            case PagingMode::Pae:
                return 3;
            case PagingMode::FourLevel:
                return 4;
            default:
                return 5;
        }
    }
    [[nodiscard]] unsigned entry_bytes() const { return mode_ == PagingMode::TwoLevel ? 4 : 8; }
    [[nodiscard]] u64 root() const { return tables_[top_level()]; }
    [[nodiscard]] u64 page_shift() const { return shift_of(leaf_level_); }

    [[nodiscard]] u64 entry_address(unsigned level) const {
        const u64 index_bits = mode_ == PagingMode::TwoLevel ? 10 : 9;
        const u64 index = (address_ >> shift_of(level)) & ((1ULL << index_bits) - 1);
        const u64 wrapped = mode_ == PagingMode::Pae && level == 3 ? index & 3 : index;
        return tables_[level] + wrapped * entry_bytes();
    }
    [[nodiscard]] u64 entry(unsigned level) const {
        const PhysicalAddress where{entry_address(level)};
        return entry_bytes() == 4 ? memory_.read<u32>(where) : memory_.read<u64>(where);
    }
    void set_entry(unsigned level, u64 value) {
        const PhysicalAddress where{entry_address(level)};
        if (entry_bytes() == 4) {
            memory_.write(where, static_cast<u32>(value));
        } else {
            memory_.write(where, value);
        }
    }

    /// Entries for the page at `page`, all with `rights`; the caller may change single ones.
    void map(u64 page, u64 rights = all_rights) {
        for (unsigned level = leaf_level_; level <= top_level(); ++level) {
            const bool leaf = level == leaf_level_;
            u64 value = rights | (leaf ? page : tables_[level - 1]);
            if (leaf && level > 1) {
                value |= large;
            }
            if (mode_ == PagingMode::Pae && level == 3) {
                value = present | tables_[level - 1];  // a PDPTE has no rights
            }
            set_entry(level, value);
        }
    }

private:
    [[nodiscard]] u64 shift_of(unsigned level) const {
        return 12 + (level - 1) * (mode_ == PagingMode::TwoLevel ? 10 : 9);
    }

    memory::PhysicalMemory& memory_;
    PagingMode mode_;
    unsigned leaf_level_;
    u64 address_;
    std::array<u64, 6> tables_{};
};

/// Control registers for a mode; extra bits on top.
inline PagingState make_state(PagingMode mode, u64 root, u64 extra_cr4 = 0, bool nxe = true,
                              bool write_protect = true) {
    constexpr u64 pe = 1;
    constexpr u64 wp = 1 << 16;
    constexpr u64 pg = 1ULL << 31;
    constexpr u64 pse = 1 << 4;
    constexpr u64 pae = 1 << 5;
    constexpr u64 la57 = 1 << 12;
    constexpr u64 lme_lma = 0x500;
    PagingState state;
    state.cr0 = pe | pg | (write_protect ? wp : 0);
    state.cr3 = root;
    state.cr4 = extra_cr4 | (mode == PagingMode::TwoLevel ? pse : pae) |
                (mode == PagingMode::FiveLevel ? la57 : 0);
    state.efer = (nxe ? 0x800 : 0) |
                 (mode == PagingMode::FourLevel || mode == PagingMode::FiveLevel ? lme_lma : 0);
    return state;
}

inline constexpr u64 cr4_pge = 1 << 7;
inline constexpr u64 cr4_pcide = 1 << 17;
inline constexpr u64 cr4_smep = 1 << 20;
inline constexpr u64 cr4_smap = 1 << 21;

}  // namespace ringfence::sim::mmu::testing
