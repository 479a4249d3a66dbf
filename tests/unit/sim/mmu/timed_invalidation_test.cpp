// SPDX-License-Identifier: MIT
// What each operation of the guest's makes the timed TLBs and paging-structure caches forget, and
// what stays: operation x PCID x global x page size, performed through the Mmu, so that no path of
// invalidation can be left out. [intel/vol3]: 4.10.4.1
#include <gtest/gtest.h>

#include "sim/mmu/mmu.h"
#include "tests/unit/sim/mmu/timed_bed.h"

namespace ringfence::sim::mmu {
namespace {

using namespace testing;

constexpr u64 address = 0x7123'4560'0000;
constexpr u64 elsewhere = 0x3123'4560'0000;  ///< under another PML4 entry
constexpr u64 page = 0x0120'0000;
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
    InvpcidAddressElsewhere,
    InvpcidAddressOtherPcid,
    InvpcidContext,
    InvpcidOtherContext,
    InvpcidAllWithGlobals,
    InvpcidAllButGlobals,
    PageFault,
    PageFaultElsewhere,
    TogglePge,
    EndPcids,
    BeginSmep,
    EndSmep,
    ToggleWp,
    ToggleNxe,
    PagingOffAndOn,
};
constexpr unsigned operation_count = 23;

struct Case {
    Operation operation;
    bool is_global;
    unsigned leaf_level;
    bool pcids;
};

/// The entry of PCID 5 (of PCID 0 without PCIDs).
bool drops_page(const Case& c) {
    switch (c.operation) {
        case Operation::Nothing:
        case Operation::InvlpgElsewhere:
        case Operation::InvpcidAddressElsewhere:
        case Operation::InvpcidAddressOtherPcid:
        case Operation::InvpcidOtherContext:
        case Operation::PageFaultElsewhere:
        case Operation::EndSmep:
        case Operation::ToggleWp:
            return false;
        case Operation::LoadCr3NoFlush:
        case Operation::LoadOtherPcid:  // flushes the other one, if there are others
        case Operation::LoadOtherPcidNoFlush:
            return !c.pcids && !c.is_global;
        case Operation::LoadCr3:
        case Operation::InvpcidAddress:
        case Operation::InvpcidContext:
        case Operation::InvpcidAllButGlobals:
            return !c.is_global;
        default:
            return true;
    }
}

/// The PDE of the entry's region, of the same PCID: G means nothing for it.
bool drops_structures(const Case& c) {
    switch (c.operation) {
        case Operation::InvlpgElsewhere:
            return true;  // "regardless of the linear addresses to which they correspond"
        case Operation::LoadCr3NoFlush:
        case Operation::LoadOtherPcid:
        case Operation::LoadOtherPcidNoFlush:
            return !c.pcids;
        default: {
            Case plain = c;
            plain.is_global = false;
            return drops_page(plain);
        }
    }
}

class TimedInvalidation : public ::testing::TestWithParam<Case> {
protected:
    void SetUp() override {
        const u64 rights = all_rights | (GetParam().is_global ? global : 0);
        bed_.tables.map(address, page, rights, GetParam().leaf_level);
        // Its neighbour shares the deepest table, and is never in a TLB before it is asked for.
        bed_.tables.map(neighbour(), page, all_rights, GetParam().leaf_level);
        bed_.tables.map(elsewhere, page, all_rights);
        bed_.tables.map(elsewhere + 0x1000, page, present | user);  // read-only
        mmu_.set_timed_translator(&bed_.translator);
        mmu_.write_efer(0x900);
        load_cr4(0x20 | cr4_pge);
        load_cr3(root());
        ASSERT_TRUE(mmu_.write_cr0(0x8001'0001).ok());
        if (GetParam().pcids) {
            load_cr4(0x20 | cr4_pge | cr4_pcide);
            load_cr3(own_cr3());
        }
    }
    [[nodiscard]] u64 neighbour() const {
        return address + (GetParam().leaf_level == 1 ? 0x1000 : 0x20'0000);
    }
    [[nodiscard]] u64 root() const { return bed_.tables.state().cr3; }
    [[nodiscard]] u64 own_cr3() const { return root() | (GetParam().pcids ? 5 : 0); }
    TimedTranslation translate(u64 at) {
        return bed_.translator.translate(mmu_.state(), VirtualAddress{at}, AccessKind::Read,
                                         Privilege::User, bed_.now += 10'000);
    }
    void load_cr3(u64 value) { ASSERT_TRUE(mmu_.write_cr3(value).ok()); }
    void load_cr4(u64 value) { ASSERT_TRUE(mmu_.write_cr4(value).ok()); }
    void toggle_cr0(u64 bits) { ASSERT_TRUE(mmu_.write_cr0(mmu_.cr0() ^ bits).ok()); }
    void invpcid(InvpcidType type, u16 pcid, u64 at = 0) {
        mmu_.invpcid(type, pcid, VirtualAddress{at});
    }
    /// A write that the page does not allow.
    void fault_at(u64 at) {
        const u64 leaf = bed_.tables.entry(at, at == address ? GetParam().leaf_level : 1);
        const u64 entry = bed_.tables.read(leaf);
        bed_.tables.write(leaf, entry & ~(writable | dirty));
        EXPECT_FALSE(mmu_.write<u64>(VirtualAddress{at}, 1));
        bed_.tables.write(leaf, entry);
    }
    void perform(Operation operation);

    TimedBed bed_{with_structure_caches()};
    observe::Recorder recorder_;
    Mmu mmu_{bed_.memory, recorder_, PagingFeatures{}};
};

void TimedInvalidation::perform(Operation operation) {
    const u16 pcid = GetParam().pcids ? 5 : 0;
    const u64 other = root() | (GetParam().pcids ? 6 : 0);
    const u64 keep = GetParam().pcids ? no_flush : 0;
    switch (operation) {
        case Operation::Nothing:
            return;
        case Operation::LoadCr3:
            return load_cr3(own_cr3());
        case Operation::LoadCr3NoFlush:
            return load_cr3(own_cr3() | keep);
        case Operation::LoadOtherPcid:
            load_cr3(other);
            return load_cr3(own_cr3() | keep);
        case Operation::LoadOtherPcidNoFlush:
            load_cr3(other | keep);
            return load_cr3(own_cr3() | keep);
        case Operation::Invlpg:
            return mmu_.invlpg(VirtualAddress{address + 0xabc});
        case Operation::InvlpgElsewhere:
            return mmu_.invlpg(VirtualAddress{elsewhere});
        case Operation::InvpcidAddress:
            return invpcid(InvpcidType::Address, pcid, address);
        case Operation::InvpcidAddressElsewhere:
            return invpcid(InvpcidType::Address, pcid, elsewhere);
        case Operation::InvpcidAddressOtherPcid:
            return invpcid(InvpcidType::Address, 9, address);
        case Operation::InvpcidContext:
            return invpcid(InvpcidType::Context, pcid);
        case Operation::InvpcidOtherContext:
            return invpcid(InvpcidType::Context, 9);
        case Operation::InvpcidAllWithGlobals:
            return invpcid(InvpcidType::AllWithGlobals, 0);
        case Operation::InvpcidAllButGlobals:
            return invpcid(InvpcidType::AllButGlobals, 0);
        case Operation::PageFault:
            return fault_at(address);
        case Operation::PageFaultElsewhere:
            return fault_at(elsewhere);
        case Operation::TogglePge:
            load_cr4(mmu_.cr4() ^ cr4_pge);
            return load_cr4(mmu_.cr4() ^ cr4_pge);
        case Operation::EndPcids:
            load_cr3(root() | no_flush);  // CR4.PCIDE may end only at PCID 0
            return load_cr4(mmu_.cr4() & ~cr4_pcide);
        case Operation::BeginSmep:
            return load_cr4(mmu_.cr4() | cr4_smep);
        case Operation::EndSmep:
            return load_cr4(mmu_.cr4() & ~cr4_smep);
        case Operation::ToggleWp:
            return toggle_cr0(0x1'0000);
        case Operation::ToggleNxe:
            return mmu_.write_efer(mmu_.efer() ^ 0x800);
        case Operation::PagingOffAndOn:
            toggle_cr0(1ULL << 31);
            return toggle_cr0(1ULL << 31);
    }
}

TEST_P(TimedInvalidation, ForgetsAndKeepsAsTheArchitectureSays) {
    if (GetParam().operation == Operation::EndSmep) {
        load_cr4(mmu_.cr4() | cr4_smep);
    }
    ASSERT_EQ(translate(address).found_in, FoundIn::Walk);
    ASSERT_EQ(translate(address).found_in, FoundIn::FirstLevel);
    perform(GetParam().operation);

    const u64 whole_walk = GetParam().leaf_level == 1 ? 4 : 3;
    const u64 reads = bed_.reads_of([&] { translate(neighbour()); });
    EXPECT_EQ(reads, drops_structures(GetParam()) ? whole_walk : 1);
    EXPECT_EQ(translate(address).found_in,
              drops_page(GetParam()) ? FoundIn::Walk : FoundIn::FirstLevel);
}

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (unsigned i = 0; i < operation_count; ++i) {
        for (const bool is_global : {false, true}) {
            for (const unsigned leaf_level : {1U, 2U}) {
                for (const bool pcids : {false, true}) {
                    const auto operation = static_cast<Operation>(i);
                    if (pcids || operation != Operation::EndPcids) {
                        cases.push_back({operation, is_global, leaf_level, pcids});
                    }
                }
            }
        }
    }
    return cases;
}
INSTANTIATE_TEST_SUITE_P(All, TimedInvalidation, ::testing::ValuesIn(all_cases()));

TEST(TimedInvalidation, WithoutATimedTranslatorNobodyIsTold) {
    TimedBed bed;
    bed.tables.map(address, page);
    observe::Recorder recorder;
    Mmu mmu{bed.memory, recorder, PagingFeatures{}};
    mmu.set_timed_translator(&bed.translator);
    mmu.set_timed_translator(nullptr);
    bed.translate(address);
    mmu.invpcid(InvpcidType::AllWithGlobals, 0, {});
    EXPECT_EQ(bed.where(address), FoundIn::FirstLevel);
}

}  // namespace
}  // namespace ringfence::sim::mmu
