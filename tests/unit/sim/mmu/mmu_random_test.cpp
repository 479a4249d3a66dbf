// SPDX-License-Identifier: MIT
// Long random lives of an Mmu: tables change, each change is flushed as software must, and every
// access must then do exactly what a walk without any TLB would.
#include <gtest/gtest.h>

#include <random>

#include "sim/mmu/mmu.h"
#include "tests/unit/sim/mmu/page_tables.h"

namespace ringfence::sim::mmu {
namespace {

using namespace testing;

class RandomLife : public ::testing::TestWithParam<unsigned> {
protected:
    static constexpr u64 root = 0x20'0000;
    static constexpr u64 first_va = 0x7f00'0000'0000;
    static constexpr unsigned page_count = 24;
    static constexpr unsigned large_count = 3;
    static constexpr u64 no_flush = 1ULL << 63;

    void SetUp() override {
        // One table at each level; slots 8.. of the page directory are large pages.
        memory_.write<u64>(PhysicalAddress{root + 8 * 254}, 0x20'1000 | all_rights);
        memory_.write<u64>(PhysicalAddress{0x20'1000}, 0x20'2000 | all_rights);
        memory_.write<u64>(PhysicalAddress{0x20'2000}, 0x20'3000 | all_rights);
        mmu_.write_efer(0xd00);
        ASSERT_TRUE(mmu_.write_cr4(0x20 | cr4_pge).ok());
        ASSERT_TRUE(mmu_.write_cr3(root).ok());
        ASSERT_TRUE(mmu_.write_cr0(0x8001'0001).ok());
        ASSERT_TRUE(mmu_.write_cr4(mmu_.cr4() | cr4_pcide).ok());
    }
    unsigned below(unsigned end) {
        return std::uniform_int_distribution<unsigned>{0, end - 1}(random_);
    }
    [[nodiscard]] static u64 va_of(unsigned page) {
        return page < page_count ? first_va + page * 0x1000
                                 : first_va + (page - page_count + 8) * 2 * mib;
    }
    u64 random_rights() {
        const u64 bits[] = {present, present, present, writable, user, global, no_execute};
        u64 rights = 0;
        for (const u64 bit : bits) {
            rights |= below(2) == 0 ? bit : 0;
        }
        return rights;
    }
    void change_one_page();
    void flush(u64 va);
    void access_one_page();

    std::mt19937 random_{GetParam()};
    memory::PhysicalMemory memory_ = make_memory();
    observe::Recorder recorder_;
    PagingFeatures features_{};
    Mmu mmu_{memory_, recorder_, features_};
    Walker reference_{memory_, features_};
};

void RandomLife::change_one_page() {
    const unsigned page = below(page_count + large_count);
    if (page < page_count) {
        const u64 frame = 0x100'0000 + below(8) * 0x1000;
        memory_.write<u64>(PhysicalAddress{0x20'3000 + 8 * page}, frame | random_rights());
    } else {
        const u64 frame = 0x100'0000 + below(8) * 2 * mib;
        memory_.write<u64>(PhysicalAddress{0x20'2000 + 8 * (page - page_count + 8)},
                           frame | random_rights() | large);
    }
    flush(va_of(page));
}

/// All PCIDs share the tables here, so every way of flushing must reach all of them.
void RandomLife::flush(u64 va) {
    switch (below(4)) {
        case 0:
            mmu_.invpcid(InvpcidType::AllWithGlobals, 0, {});
            return;
        case 1:
            ASSERT_TRUE(mmu_.write_cr4(mmu_.cr4() ^ cr4_pge).ok());
            return;
        case 2:
            for (u16 pcid = 0; pcid < 12; ++pcid) {
                mmu_.invpcid(InvpcidType::Address, pcid, VirtualAddress{va});
            }
            mmu_.invlpg(VirtualAddress{va});  // global entries
            return;
        default:
            for (u64 pcid = 0; pcid < 12; ++pcid) {
                ASSERT_TRUE(mmu_.write_cr3(root | pcid).ok());
            }
            mmu_.invlpg(VirtualAddress{va + below(4096)});
            return;
    }
}

void RandomLife::access_one_page() {
    const unsigned page = below(page_count + large_count);
    const u64 span = page < page_count ? 0x1000 : 2 * mib;
    const VirtualAddress va{va_of(page) + below(static_cast<unsigned>(span / 8)) * 8};
    const auto kind = static_cast<AccessKind>(below(3));
    const auto privilege = static_cast<Privilege>(below(3));
    mmu_.set_privilege(privilege == Privilege::User ? 3 : 0, privilege == Privilege::SupervisorAc);

    PagingState state = mmu_.state();
    bool ok = false;
    u64 value = 0;
    const u64 written = random_();
    if (kind == AccessKind::Read) {
        ok = mmu_.read(va, value);
    } else if (kind == AccessKind::Write) {
        ok = mmu_.write(va, written);
    } else {
        ok = mmu_.translate_execute(va).ok();
    }
    const auto expected = reference_.walk(state, va, kind, privilege);
    ASSERT_EQ(ok, expected.ok()) << std::hex << va.value();
    if (!ok) {
        ASSERT_EQ(mmu_.fault(), expected.error());
        return;
    }
    const PhysicalAddress where = expected.value().page + va.offset_in(4096);
    if (kind == AccessKind::Read) {
        ASSERT_EQ(value, memory_.read<u64>(where));
    } else if (kind == AccessKind::Write) {
        ASSERT_EQ(memory_.read<u64>(where), written);
    } else {
        ASSERT_EQ(mmu_.translate_execute(va).value(), where);
    }
}

TEST_P(RandomLife, AgreesWithWalksThatRememberNothing) {
    for (int step = 0; step < 20'000; ++step) {
        const unsigned choice = below(100);
        if (choice < 8) {
            change_one_page();
        } else if (choice < 16) {
            const u64 keep = below(2) == 0 ? no_flush : 0;
            ASSERT_TRUE(mmu_.write_cr3(root | below(12) | keep).ok());
        } else if (choice < 18) {
            ASSERT_TRUE(mmu_.write_cr4(mmu_.cr4() ^ (below(2) == 0 ? cr4_smep : cr4_smap)).ok());
        } else if (choice < 19) {
            ASSERT_TRUE(mmu_.write_cr0(mmu_.cr0() ^ 0x1'0000).ok());
        } else {
            access_one_page();
        }
        if (HasFatalFailure()) {
            FAIL() << "step " << step;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLife, ::testing::Range(0U, 20U));

}  // namespace
}  // namespace ringfence::sim::mmu
