// SPDX-License-Identifier: MIT
// What each operation must make the TLB forget, and what may stay: PCID x global x page size x
// operation. The tables are changed behind the TLB's back, so a kept entry shows the old page.
#include <gtest/gtest.h>

#include <array>

#include "sim/mmu/mmu.h"
#include "tests/unit/sim/mmu/page_tables.h"

namespace ringfence::sim::mmu {
namespace {

using namespace testing;

constexpr u64 address = 0x7123'4560'0000;
constexpr u64 other_address = 0x7123'8560'0000;
constexpr u64 old_page = 0x0100'0000;
constexpr u64 new_page = 0x0200'0000;
constexpr u64 old_value = 0x01d;
constexpr u64 new_value = 0x2e3;
constexpr u64 no_flush = 1ULL << 63;

enum class Operation {
    Nothing,
    LoadCr3,
    LoadCr3NoFlush,
    LoadOtherPcid,
    LoadOtherPcidNoFlush,
    Invlpg,
    InvlpgElsewhere,
    InvpcidAddress,
    InvpcidAddressOtherPcid,
    InvpcidContext,
    InvpcidOtherContext,
    InvpcidAllWithGlobals,
    InvpcidAllButGlobals,
    TogglePge,
    EndPcids,
    BeginSmep,
    EndSmep,
    ToggleWp,
    PagingOffAndOn,
};

/// Whether the entry of PCID 5 must be gone afterwards. [intel/vol3]: 4.10.4.1
bool must_drop(Operation operation, bool is_global, bool pcids) {
    switch (operation) {
        case Operation::Nothing:
        case Operation::InvlpgElsewhere:
        case Operation::LoadOtherPcid:  // flushes the other one
        case Operation::LoadOtherPcidNoFlush:
        case Operation::InvpcidAddressOtherPcid:
        case Operation::InvpcidOtherContext:
        case Operation::EndSmep:
        case Operation::ToggleWp:
            return false;
        case Operation::LoadCr3NoFlush:
            return !pcids && !is_global;
        case Operation::LoadCr3:
        case Operation::InvpcidAddress:
        case Operation::InvpcidContext:
        case Operation::InvpcidAllButGlobals:
            return !is_global;
        case Operation::Invlpg:
        case Operation::InvpcidAllWithGlobals:
        case Operation::TogglePge:
        case Operation::EndPcids:
        case Operation::BeginSmep:
        case Operation::PagingOffAndOn:
            return true;
    }
    return true;
}

struct Case {
    Operation operation;
    bool is_global;
    unsigned leaf_level;
    bool pcids;
};

class TlbFlush : public ::testing::TestWithParam<Case> {
protected:
    void SetUp() override {
        path_.map(old_page);
        other_path_.map(old_page);
        if (GetParam().is_global) {
            path_.set_entry(level(), path_.entry(level()) | global);
        }
        memory_.write<u64>(PhysicalAddress{old_page}, old_value);
        memory_.write<u64>(PhysicalAddress{new_page}, new_value);
        mmu_.write_efer(0x900);
        ASSERT_TRUE(mmu_.write_cr4(cr4_base()).ok());
        ASSERT_TRUE(mmu_.write_cr3(cr3()).ok());
        ASSERT_TRUE(mmu_.write_cr0(0x8001'0001).ok());
        if (GetParam().pcids) {
            ASSERT_TRUE(mmu_.write_cr4(cr4_base() | cr4_pcide).ok());
            ASSERT_TRUE(mmu_.write_cr3(cr3()).ok());
        }
    }
    [[nodiscard]] unsigned level() const { return GetParam().leaf_level; }
    [[nodiscard]] u64 pcid() const { return GetParam().pcids ? 5 : 0; }
    [[nodiscard]] u64 cr3() const { return path_.root() | pcid(); }
    [[nodiscard]] static u64 cr4_base() { return 0x20 | cr4_pge; }
    u64 read() {
        u64 value = 0;
        EXPECT_TRUE(mmu_.read(VirtualAddress{address}, value));
        return value;
    }
    void point_to_new_page() {
        const u64 mask = (1ULL << path_.page_shift()) - 1;
        path_.set_entry(level(), (path_.entry(level()) & (mask | no_execute)) | new_page);
    }
    void load_cr3(u64 value) { ASSERT_TRUE(mmu_.write_cr3(value).ok()); }
    void load_cr4(u64 value) { ASSERT_TRUE(mmu_.write_cr4(value).ok()); }
    void perform(Operation operation);

    memory::PhysicalMemory memory_ = make_memory();
    observe::Recorder recorder_;
    Mmu mmu_{memory_, recorder_, PagingFeatures{}};
    TablePath path_{memory_, PagingMode::FourLevel, GetParam().leaf_level, address};
    TablePath other_path_{memory_, PagingMode::FourLevel, GetParam().leaf_level, other_address,
                          0x40'0000};
};

void TlbFlush::perform(Operation operation) {
    const u64 other_pcid = GetParam().pcids ? 6 : 0;
    const u64 no_flush_bit = GetParam().pcids ? no_flush : 0;
    switch (operation) {
        case Operation::Nothing:
            return;
        case Operation::LoadCr3:
            return load_cr3(cr3());
        case Operation::LoadCr3NoFlush:
            return load_cr3(cr3() | no_flush_bit);
        case Operation::LoadOtherPcid:
            load_cr3(path_.root() | other_pcid);
            return load_cr3(cr3() | no_flush_bit);
        case Operation::LoadOtherPcidNoFlush:
            load_cr3(path_.root() | other_pcid | no_flush_bit);
            return load_cr3(cr3() | no_flush_bit);
        case Operation::Invlpg:
            return mmu_.invlpg(VirtualAddress{address + 0xabc});
        case Operation::InvlpgElsewhere:
            return mmu_.invlpg(VirtualAddress{address ^ 0x4000'0000'0000});
        case Operation::InvpcidAddress:
            return mmu_.invpcid(InvpcidType::Address, static_cast<u16>(pcid()),
                                VirtualAddress{address});
        case Operation::InvpcidAddressOtherPcid:
            return mmu_.invpcid(InvpcidType::Address, 9, VirtualAddress{address});
        case Operation::InvpcidContext:
            return mmu_.invpcid(InvpcidType::Context, static_cast<u16>(pcid()), {});
        case Operation::InvpcidOtherContext:
            return mmu_.invpcid(InvpcidType::Context, 9, {});
        case Operation::InvpcidAllWithGlobals:
            return mmu_.invpcid(InvpcidType::AllWithGlobals, 0, {});
        case Operation::InvpcidAllButGlobals:
            return mmu_.invpcid(InvpcidType::AllButGlobals, 0, {});
        case Operation::TogglePge:
            load_cr4(mmu_.cr4() ^ cr4_pge);
            return load_cr4(mmu_.cr4() ^ cr4_pge);
        case Operation::EndPcids:
            return load_cr4(mmu_.cr4() & ~cr4_pcide);
        case Operation::BeginSmep:
            return load_cr4(mmu_.cr4() | cr4_smep);
        case Operation::EndSmep:
            return load_cr4(mmu_.cr4() & ~cr4_smep);
        case Operation::ToggleWp:
            ASSERT_TRUE(mmu_.write_cr0(mmu_.cr0() ^ 0x1'0000).ok());
            return;
        case Operation::PagingOffAndOn:
            ASSERT_TRUE(mmu_.write_cr0(mmu_.cr0() & ~(1ULL << 31)).ok());
            ASSERT_TRUE(mmu_.write_cr0(mmu_.cr0() | 1ULL << 31).ok());
            return;
    }
}

TEST_P(TlbFlush, ForgetsAndKeepsAsTheArchitectureSays) {
    if (GetParam().operation == Operation::EndSmep) {
        load_cr4(mmu_.cr4() | cr4_smep);
    }
    ASSERT_EQ(read(), old_value);
    point_to_new_page();
    ASSERT_EQ(read(), old_value) << "the entry was not kept in the first place";
    perform(GetParam().operation);
    const bool drops = must_drop(GetParam().operation, GetParam().is_global, GetParam().pcids);
    EXPECT_EQ(read(), drops ? new_value : old_value);
}

/// The same through the executable and the writable side of the fast path.
TEST_P(TlbFlush, ForgetsForFetchesAndWritesToo) {
    const VirtualAddress va{address};
    // A supervisor page: SMEP must not be what stops the fetch.
    path_.set_entry(level(), path_.entry(level()) & ~user);
    if (GetParam().operation == Operation::EndSmep) {
        load_cr4(mmu_.cr4() | cr4_smep);
    }
    ASSERT_TRUE(mmu_.write<u64>(va, old_value));
    ASSERT_EQ(mmu_.translate_execute(va).value().value(), old_page);
    point_to_new_page();
    perform(GetParam().operation);
    const bool drops = must_drop(GetParam().operation, GetParam().is_global, GetParam().pcids);
    EXPECT_EQ(mmu_.translate_execute(va).value().value(), drops ? new_page : old_page);
    ASSERT_TRUE(mmu_.write<u64>(va, 77));
    EXPECT_EQ(memory_.read<u64>(PhysicalAddress{drops ? new_page : old_page}), 77U);
}

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (int operation = 0; operation <= static_cast<int>(Operation::PagingOffAndOn); ++operation) {
        for (const bool is_global : {false, true}) {
            for (const unsigned leaf_level : {1U, 2U}) {
                for (const bool pcids : {false, true}) {
                    const auto which = static_cast<Operation>(operation);
                    const bool needs_pcids = which == Operation::LoadOtherPcid ||
                                             which == Operation::LoadOtherPcidNoFlush ||
                                             which == Operation::EndPcids;
                    if (pcids || !needs_pcids) {
                        cases.push_back({which, is_global, leaf_level, pcids});
                    }
                }
            }
        }
    }
    return cases;
}

INSTANTIATE_TEST_SUITE_P(TruthTable, TlbFlush, ::testing::ValuesIn(all_cases()),
                         [](const auto& info) {
                             const Case& c = info.param;
                             return "operation_" + std::to_string(static_cast<int>(c.operation)) +
                                    (c.is_global ? "_global" : "") +
                                    (c.leaf_level == 1 ? "_4k" : "_2m") + (c.pcids ? "_pcid" : "");
                         });

class TlbPages : public ::testing::Test {
protected:
    void SetUp() override {
        mmu_.write_efer(0x900);
        ASSERT_TRUE(mmu_.write_cr4(0x20 | cr4_pge).ok());
        ASSERT_TRUE(mmu_.write_cr3(0x20'3000).ok());
        ASSERT_TRUE(mmu_.write_cr0(0x8001'0001).ok());
    }
    memory::PhysicalMemory memory_ = make_memory();
    observe::Recorder recorder_;
    Mmu mmu_{memory_, recorder_, PagingFeatures{}};
};

TEST_F(TlbPages, InvlpgOfOneByteForgetsTheWholeLargePage) {
    TablePath path{memory_, PagingMode::FourLevel, 2, address};
    path.map(old_page);
    u64 value = 0;
    for (u64 offset = 0; offset < 2 * mib; offset += 64 * kib) {
        ASSERT_TRUE(mmu_.read(VirtualAddress{address + offset}, value));
    }
    path.set_entry(2, 0);
    mmu_.invlpg(VirtualAddress{address + 0x12'3456});
    for (u64 offset = 0; offset < 2 * mib; offset += 64 * kib) {
        EXPECT_FALSE(mmu_.read(VirtualAddress{address + offset}, value)) << offset;
    }
}

TEST_F(TlbPages, InvlpgReachesAGlobalPageThatWasUsedUnderAnotherPcid) {
    TablePath path{memory_, PagingMode::FourLevel, 1, address};
    path.map(old_page, all_rights | global);
    ASSERT_TRUE(mmu_.write_cr4(mmu_.cr4() | cr4_pcide).ok());
    u64 value = 0;
    for (const u64 pcid : {1, 2, 3}) {
        ASSERT_TRUE(mmu_.write_cr3(0x20'3000 | pcid | no_flush).ok());
        ASSERT_TRUE(mmu_.read(VirtualAddress{address}, value));
    }
    path.set_entry(1, 0);
    mmu_.invlpg(VirtualAddress{address});
    for (const u64 pcid : {1, 2, 3}) {
        ASSERT_TRUE(mmu_.write_cr3(0x20'3000 | pcid | no_flush).ok());
        EXPECT_FALSE(mmu_.read(VirtualAddress{address}, value)) << pcid;
    }
}

TEST_F(TlbPages, KeepsMorePcidsThanTheFastPathHasRoomFor) {
    TablePath path{memory_, PagingMode::FourLevel, 1, address};
    path.map(old_page);
    memory_.write<u64>(PhysicalAddress{old_page}, old_value);
    memory_.write<u64>(PhysicalAddress{new_page}, new_value);
    ASSERT_TRUE(mmu_.write_cr4(mmu_.cr4() | cr4_pcide).ok());
    u64 value = 0;
    for (u64 pcid = 0; pcid < 40; ++pcid) {
        ASSERT_TRUE(mmu_.write_cr3(0x20'3000 | pcid).ok());
        ASSERT_TRUE(mmu_.read(VirtualAddress{address}, value));
    }
    path.set_entry(1, all_rights | new_page);
    ASSERT_TRUE(mmu_.write_cr3(0x20'3000 | 1 | no_flush).ok());
    ASSERT_TRUE(mmu_.read(VirtualAddress{address}, value));
    EXPECT_EQ(value, new_value) << "40 entries of one set cannot all have survived";
    ASSERT_TRUE(mmu_.write_cr3(0x20'3000 | 39 | no_flush).ok());
    ASSERT_TRUE(mmu_.read(VirtualAddress{address}, value));
    EXPECT_EQ(value, old_value) << "the youngest entry must still be there";
}

TEST_F(TlbPages, AFaultForgetsTheAddress) {
    TablePath path{memory_, PagingMode::FourLevel, 1, address};
    path.map(old_page, present | user);
    u64 value = 0;
    ASSERT_TRUE(mmu_.read(VirtualAddress{address}, value));
    path.set_entry(1, new_page | present | user);
    EXPECT_FALSE(mmu_.write<u64>(VirtualAddress{address}, 1));
    memory_.write<u64>(PhysicalAddress{new_page}, new_value);
    ASSERT_TRUE(mmu_.read(VirtualAddress{address}, value));
    EXPECT_EQ(value, new_value);
}

TEST_F(TlbPages, LooksAgainBeforeItDenies) {
    TablePath path{memory_, PagingMode::FourLevel, 1, address};
    path.map(old_page, present | user);
    u64 value = 0;
    ASSERT_TRUE(mmu_.read(VirtualAddress{address}, value));
    path.map(old_page, all_rights);  // more rights need no flush
    EXPECT_TRUE(mmu_.write<u64>(VirtualAddress{address}, 1));
}

class StaleCounter final : public observe::Observer {
public:
    void stale_translation(const observe::StaleTranslation& event) override {
        ++count;
        last = event;
    }
    unsigned count = 0;
    observe::StaleTranslation last{};
};

TEST_F(TlbPages, StrictCheckingReportsAMissingFlush) {
    StaleCounter stale;
    recorder_.add(stale);
    mmu_.set_strict(true);
    TablePath path{memory_, PagingMode::FourLevel, 1, address};
    path.map(old_page);
    u64 value = 0;
    ASSERT_TRUE(mmu_.read(VirtualAddress{address}, value));
    ASSERT_TRUE(mmu_.read(VirtualAddress{address}, value));
    EXPECT_EQ(stale.count, 0U);

    path.set_entry(1, new_page | all_rights);
    ASSERT_TRUE(mmu_.read(VirtualAddress{address + 8}, value));
    EXPECT_EQ(stale.count, 1U);
    EXPECT_EQ(stale.last.cached.value(), old_page + 8);
    EXPECT_EQ(stale.last.current.value(), new_page + 8);

    mmu_.invlpg(VirtualAddress{address});
    ASSERT_TRUE(mmu_.read(VirtualAddress{address}, value));
    EXPECT_EQ(stale.count, 1U);

    path.set_entry(1, new_page | present | user);  // fewer rights need a flush, more do not
    ASSERT_TRUE(mmu_.read(VirtualAddress{address}, value));
    EXPECT_EQ(stale.count, 2U);
    EXPECT_TRUE(stale.last.rights_differ);
}

}  // namespace
}  // namespace ringfence::sim::mmu
