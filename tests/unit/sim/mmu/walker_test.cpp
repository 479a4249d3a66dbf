// SPDX-License-Identifier: MIT
// The walker against an independent model, for every mode, page size and combination of rights.
#include "sim/mmu/walker.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/sim/mmu/page_tables.h"

namespace ringfence::sim::mmu {
namespace {

using namespace testing;

struct Format {
    const char* name;
    PagingMode mode;
    unsigned leaf_level;
    u64 address;
    u64 page;  ///< aligned to the page size

    friend void PrintTo(const Format& format, std::ostream* out) { *out << format.name; }
};

constexpr Format formats[] = {
    {"two_level_4k", PagingMode::TwoLevel, 1, 0xc12a'3456, 0x0123'4000},
    {"two_level_4m", PagingMode::TwoLevel, 2, 0xc12a'3456, 0x0140'0000},
    {"pae_4k", PagingMode::Pae, 1, 0xc12a'3456, 0x0123'4000},
    {"pae_2m", PagingMode::Pae, 2, 0xc12a'3456, 0x0140'0000},
    {"four_level_4k", PagingMode::FourLevel, 1, 0xffff'8123'4567'89ab, 0x0123'4000},
    {"four_level_2m", PagingMode::FourLevel, 2, 0x0000'7123'4567'89ab, 0x0140'0000},
    {"four_level_1g", PagingMode::FourLevel, 3, 0x0000'7123'4567'89ab, 0x4000'0000},
    {"five_level_4k", PagingMode::FiveLevel, 1, 0xff12'3456'789a'bcde, 0x0123'4000},
    {"five_level_2m", PagingMode::FiveLevel, 2, 0x0012'3456'789a'bcde, 0x0140'0000},
    {"five_level_1g", PagingMode::FiveLevel, 3, 0x0012'3456'789a'bcde, 0x4000'0000},
};

/// What one access must do, from the entries' bits alone.
struct Expected {
    bool allowed;
    u32 error_code;
};

struct Switches {
    bool wp, smep, smap, nxe;
};

/// [intel/vol3]: 4.6.1 and 4.7, written down a second time: as a list of prohibitions.
Expected expect(const Format& format, const std::vector<u64>& entries, Switches on, AccessKind kind,
                Privilege privilege) {
    bool all_writable = true;
    bool all_user = true;
    bool any_nx = false;
    for (const u64 entry : entries) {
        all_writable = all_writable && (entry & writable) != 0;
        all_user = all_user && (entry & user) != 0;
        any_nx = any_nx || (entry & no_execute) != 0;
    }
    const bool is_user = privilege == Privilege::User;
    const bool write = kind == AccessKind::Write;
    const bool fetch = kind == AccessKind::Execute;
    const bool pae = format.mode != PagingMode::TwoLevel;
    bool forbidden = false;
    forbidden |= is_user && !all_user;
    forbidden |= is_user && write && !all_writable;
    forbidden |= !is_user && write && !all_writable && on.wp;
    forbidden |= fetch && any_nx;
    forbidden |= !is_user && fetch && all_user && on.smep;
    forbidden |= !is_user && !fetch && all_user && on.smap && privilege != Privilege::SupervisorAc;
    const bool tells_fetch = fetch && (on.smep || (pae && on.nxe));
    const u32 code = 1U | (write ? 2U : 0) | (is_user ? 4U : 0) | (tells_fetch ? 16U : 0);
    return {!forbidden, code};
}

class WalkerFormat : public ::testing::TestWithParam<Format> {
protected:
    /// The levels whose entries carry rights.
    [[nodiscard]] std::vector<unsigned> right_levels() const {
        const unsigned top = GetParam().mode == PagingMode::Pae ? 2 : path_.top_level();
        std::vector<unsigned> levels;
        for (unsigned level = GetParam().leaf_level; level <= top; ++level) {
            levels.push_back(level);
        }
        return levels;
    }
    PagingState state_for(Switches on) {
        PagingState state =
            make_state(GetParam().mode, path_.root(),
                       (on.smep ? cr4_smep : 0) | (on.smap ? cr4_smap : 0), on.nxe, on.wp);
        for (unsigned i = 0; i < 4 && GetParam().mode == PagingMode::Pae; ++i) {
            state.pdptes[i] = memory_.read<u64>(PhysicalAddress{path_.root() + 8 * i});
        }
        return state;
    }
    [[nodiscard]] u64 expected_page() const {
        const u64 offset = GetParam().address & ((1ULL << path_.page_shift()) - 1);
        return (GetParam().page + offset) & ~0xfffULL;
    }

    memory::PhysicalMemory memory_ = make_memory();
    PagingFeatures features_{};
    Walker walker_{memory_, features_};
    TablePath path_{memory_, GetParam().mode, GetParam().leaf_level, GetParam().address};
    VirtualAddress address_{GetParam().address};
};

TEST_P(WalkerFormat, FindsThePageAndItsSize) {
    path_.map(GetParam().page);
    const auto found = walker_.walk(state_for({true, false, false, true}), address_,
                                    AccessKind::Read, Privilege::User);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found.value().page.value(), expected_page());
    EXPECT_EQ(found.value().size_shift, path_.page_shift());
}

TEST_P(WalkerFormat, ObeysEveryCombinationOfRightsAndSwitches) {
    const auto levels = right_levels();
    const unsigned bits_per_level = GetParam().mode == PagingMode::TwoLevel ? 2 : 3;
    const unsigned combinations = 1U << (levels.size() * bits_per_level);
    unsigned allowed = 0;
    unsigned denied = 0;
    for (unsigned combination = 0; combination < combinations; ++combination) {
        std::vector<u64> entries;
        path_.map(GetParam().page);
        for (unsigned i = 0; i < levels.size(); ++i) {
            const unsigned choice = combination >> (i * bits_per_level);
            u64 entry = path_.entry(levels[i]) & ~(writable | user | no_execute);
            entry |= ((choice & 1) != 0 ? writable : 0) | ((choice & 2) != 0 ? user : 0);
            entry |= bits_per_level == 3 && (choice & 4) != 0 ? no_execute : 0;
            path_.set_entry(levels[i], entry);
            entries.push_back(entry);
        }
        for (unsigned switches = 0; switches < 8; ++switches) {
            const Switches on{(switches & 1) != 0, (switches & 2) != 0, (switches & 4) != 0, true};
            const PagingState state = state_for(on);
            for (const AccessKind kind :
                 {AccessKind::Read, AccessKind::Write, AccessKind::Execute}) {
                for (const Privilege privilege :
                     {Privilege::User, Privilege::Supervisor, Privilege::SupervisorAc}) {
                    const Expected expected = expect(GetParam(), entries, on, kind, privilege);
                    const auto found = walker_.walk(state, address_, kind, privilege);
                    ASSERT_EQ(found.ok(), expected.allowed) << combination << " " << switches;
                    if (found.ok()) {
                        ++allowed;
                        continue;
                    }
                    ++denied;
                    ASSERT_EQ(found.error().error_code, expected.error_code);
                    ASSERT_EQ(found.error().address, address_);
                    ASSERT_EQ(found.error().vector, arch::x86::ExceptionVector::PageFault);
                }
            }
        }
    }
    EXPECT_GT(allowed, 0U);
    EXPECT_GT(denied, 0U);
}

TEST_P(WalkerFormat, StopsAtTheFirstEntryThatIsNotPresent) {
    for (unsigned level = GetParam().leaf_level; level <= path_.top_level(); ++level) {
        path_.map(GetParam().page);
        path_.set_entry(level, ~present);  // all other bits, reserved ones too, mean nothing
        const PagingState state = state_for({true, true, false, true});
        for (const AccessKind kind : {AccessKind::Read, AccessKind::Write, AccessKind::Execute}) {
            const auto found = walker_.walk(state, address_, kind, Privilege::User);
            ASSERT_FALSE(found.ok());
            const u32 kind_bits = kind == AccessKind::Write     ? 2U
                                  : kind == AccessKind::Execute ? 16U
                                                                : 0U;
            EXPECT_EQ(found.error().error_code, 4U | kind_bits) << "level " << level;
        }
    }
}

/// The bits that must be zero, by the manual's tables 4-4 to 4-20, for 46-bit physical addresses.
u64 reserved_bits(const Format& format, unsigned level, bool nxe) {
    const bool leaf = level == format.leaf_level;
    if (format.mode == PagingMode::TwoLevel) {
        return leaf && level == 2 ? 0x20'0000 : 0;  // bits 20:13 are address bits 39:32
    }
    u64 bits = 0x000f'c000'0000'0000;
    if (!nxe) {
        bits |= no_execute;
    }
    if (format.mode == PagingMode::Pae) {
        bits |= 0x7ff0'0000'0000'0000;
    }
    if (leaf && level == 2) {
        bits |= 0x001f'e000;
    }
    if (leaf && level == 3) {
        bits |= 0x3fff'e000;
    }
    if (level >= 4) {
        bits |= large;
    }
    return bits;
}

TEST_P(WalkerFormat, FaultsOnExactlyTheReservedBits) {
    for (const bool nxe : {true, false}) {
        for (const unsigned level : right_levels()) {
            for (unsigned index = 1; index < 8 * path_.entry_bytes(); ++index) {
                const bool leaf = level == GetParam().leaf_level;
                if (!leaf && (index == 7 || (index >= 26 && index < 46))) {
                    continue;  // another kind of entry, or a table outside memory
                }
                path_.map(GetParam().page);
                const u64 flipped = path_.entry(level) | 1ULL << index;
                path_.set_entry(level, flipped);
                const auto found = walker_.walk(state_for({true, false, false, nxe}), address_,
                                                AccessKind::Read, Privilege::User);
                const bool reserved = (flipped & reserved_bits(GetParam(), level, nxe)) != 0;
                const bool faults_reserved = !found.ok() && (found.error().error_code & 8) != 0;
                EXPECT_EQ(faults_reserved, reserved) << "level " << level << " bit " << index;
                if (faults_reserved) {
                    EXPECT_EQ(found.error().error_code, 0xdU);  // RSVD, U/S and P
                }
            }
        }
    }
}

TEST_P(WalkerFormat, SetsAccessedOnThePathAndDirtyOnWritesOnly) {
    path_.map(GetParam().page);
    const PagingState state = state_for({true, false, false, true});
    ASSERT_TRUE(walker_.walk(state, address_, AccessKind::Read, Privilege::User).ok());
    for (const unsigned level : right_levels()) {
        EXPECT_NE(path_.entry(level) & accessed, 0U) << level;
        EXPECT_EQ(path_.entry(level) & dirty, 0U) << level;
    }
    ASSERT_TRUE(walker_.walk(state, address_, AccessKind::Write, Privilege::User).ok());
    for (const unsigned level : right_levels()) {
        EXPECT_EQ((path_.entry(level) & dirty) != 0, level == GetParam().leaf_level) << level;
    }
}

TEST_P(WalkerFormat, LeavesTheTablesAloneWhenTheAccessIsDenied) {
    path_.map(GetParam().page, present | user);
    const PagingState state = state_for({true, false, false, true});
    ASSERT_FALSE(walker_.walk(state, address_, AccessKind::Write, Privilege::User).ok());
    for (const unsigned level : right_levels()) {
        EXPECT_EQ(path_.entry(level) & (accessed | dirty), 0U) << level;
    }
}

TEST_P(WalkerFormat, ReportsGlobalOnlyWhileGlobalPagesAreOn) {
    path_.map(GetParam().page);
    path_.set_entry(GetParam().leaf_level, path_.entry(GetParam().leaf_level) | global);
    PagingState state = state_for({true, false, false, true});
    EXPECT_FALSE(walker_.inspect(state, address_).value().global);
    state.cr4 |= cr4_pge;
    EXPECT_TRUE(walker_.inspect(state, address_).value().global);
}

INSTANTIATE_TEST_SUITE_P(AllFormats, WalkerFormat, ::testing::ValuesIn(formats),
                         [](const auto& info) { return std::string{info.param.name}; });

TEST(Walker, TakesALargePageBitAsReservedWithoutGigabytePages) {
    auto memory = make_memory();
    PagingFeatures features{.gigabyte_pages = false};
    Walker walker{memory, features};
    TablePath path{memory, PagingMode::FourLevel, 3, 0x7123'4567'89ab};
    path.map(0x4000'0000);
    const auto found =
        walker.walk(make_state(PagingMode::FourLevel, path.root()),
                    VirtualAddress{0x7123'4567'89ab}, AccessKind::Read, Privilege::Supervisor);
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().error_code, 9U);
}

TEST(Walker, IgnoresTheLargePageBitWithoutPse) {
    auto memory = make_memory();
    PagingFeatures features{};
    Walker walker{memory, features};
    TablePath path{memory, PagingMode::TwoLevel, 1, 0xc12a'3456};
    path.map(0x0123'4000);
    path.set_entry(2, path.entry(2) | large);
    PagingState state = make_state(PagingMode::TwoLevel, path.root());
    state.cr4 = 0;
    const auto found =
        walker.walk(state, VirtualAddress{0xc12a'3456}, AccessKind::Read, Privilege::User);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found.value().page.value(), 0x0123'4000U);
}

TEST(Walker, ReachesAbove4GibThroughPse36) {
    auto memory = make_memory();
    PagingFeatures features{.physical_address_bits = 40};
    Walker walker{memory, features};
    TablePath path{memory, PagingMode::TwoLevel, 2, 0xc12a'3456};
    path.map(0x0140'0000);
    path.set_entry(2, path.entry(2) | 0x12U << 13);
    const auto found =
        walker.inspect(make_state(PagingMode::TwoLevel, path.root()), VirtualAddress{0xc12a'3456});
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found.value().page.value(), 0x12'016a'3000U);
}

TEST(Walker, ReadsTablesOutsideMemoryAsAllOnes) {
    auto memory = make_memory();
    PagingFeatures features{};
    Walker walker{memory, features};
    const auto found = walker.walk(make_state(PagingMode::FourLevel, 0x80'0000'0000),
                                   VirtualAddress{0x1000}, AccessKind::Read, Privilege::Supervisor);
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().error_code, 9U);  // present, with reserved bits
}

}  // namespace
}  // namespace ringfence::sim::mmu
