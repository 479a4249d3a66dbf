// SPDX-License-Identifier: MIT
// The fast path is for the host's speed alone: whether it holds much or nothing shows in no access,
// no flag of an entry and no count of walks, not even where software forgets to flush. Nor does it
// show whether the Mmu was saved and loaded in between.
#include <gtest/gtest.h>

#include <random>
#include <tuple>

#include "sim/mmu/mmu.h"
#include "sim/state/reader.h"
#include "sim/state/writer.h"
#include "tests/unit/sim/mmu/page_tables.h"

namespace ringfence::sim::mmu {
namespace {

using namespace testing;

/// A machine's memory with one table at each level, for pages that compete for a few sets.
struct Life {
    static constexpr u64 root = 0x20'0000;
    static constexpr u64 directory = 0x20'2000;
    static constexpr u64 tables = 0x30'0000;
    static constexpr u64 frames = 0x100'0000;
    static constexpr u64 first_va = 0x7f00'0000'0000;
    static constexpr unsigned table_count = 12;
    static constexpr unsigned pages_per_table = 3;
    static constexpr unsigned page_count = table_count * pages_per_table;

    explicit Life(bool with_fast_path) {
        mmu.set_strict(!with_fast_path);
        memory.write<u64>(PhysicalAddress{root + 8 * 254}, 0x20'1000 | all_rights);
        memory.write<u64>(PhysicalAddress{0x20'1000}, directory | all_rights);
        for (u64 table = 0; table < table_count; ++table) {
            point_to_table(table);
        }
        mmu.write_efer(0xd00);
        EXPECT_TRUE(mmu.write_cr4(0x20 | cr4_pge).ok());
        EXPECT_TRUE(mmu.write_cr3(root).ok());
        EXPECT_TRUE(mmu.write_cr0(0x8001'0001).ok());
        EXPECT_TRUE(mmu.write_cr4(mmu.cr4() | cr4_pcide).ok());
    }

    void point_to_table(u64 table) {
        memory.write<u64>(PhysicalAddress{directory + 8 * table},
                          (tables + table * 0x1000) | all_rights);
    }
    void map_large(u64 table, u64 rights) {
        memory.write<u64>(PhysicalAddress{directory + 8 * table}, frames | rights | large);
    }
    void map(unsigned page, u64 entry) {
        memory.write<u64>(PhysicalAddress{tables + page / pages_per_table * 0x1000 +
                                          8 * (page % pages_per_table)},
                          entry);
    }
    /// Pages of the same place in their tables share a set.
    static u64 va_of(unsigned page) {
        return first_va + page / pages_per_table * 2 * mib + page % pages_per_table * 0x1000;
    }

    memory::PhysicalMemory memory = make_memory();
    observe::Recorder recorder;
    Mmu mmu{memory, recorder, PagingFeatures{}};
};

/// What an access or an instruction was answered.
using Outcome = std::tuple<bool, u64>;

class FastPath : public ::testing::TestWithParam<unsigned> {
protected:
    unsigned below(unsigned end) {
        return std::uniform_int_distribution<unsigned>{0, end - 1}(random_);
    }
    u64 random_entry() {
        u64 entry = (Life::frames + below(6) * 0x1000) | present;
        for (const u64 bit : {writable, user, global, no_execute, accessed, dirty}) {
            entry |= below(2) == 0 ? bit : 0;
        }
        return below(8) == 0 ? 0 : entry;
    }
    /// Does the same to both.
    template <typename Action>
    void both(Action action) {
        const Outcome first = action(with_);
        const Outcome second = action(without_);
        ASSERT_EQ(first, second);
    }
    void change_tables();
    void control();
    void access();
    void compare();
    void save_and_load();

    std::mt19937 random_{GetParam()};
    Life with_{true};
    Life without_{false};
};

/// Without a flush.
void FastPath::change_tables() {
    const unsigned page = below(Life::page_count);
    const u64 entry = random_entry();
    const unsigned choice = below(20);
    both([&](Life& life) {
        if (choice == 0) {
            life.map_large(page / Life::pages_per_table, entry & all_rights);
        } else if (choice == 1) {
            life.point_to_table(page / Life::pages_per_table);
        } else {
            life.map(page, entry);
        }
        return Outcome{};
    });
}

void FastPath::control() {
    const unsigned choice = below(6);
    const u64 keep = below(4) != 0 ? 1ULL << 63 : 0;
    const u64 pcid = below(12);
    const VirtualAddress va{Life::va_of(below(Life::page_count))};
    const auto type = static_cast<InvpcidType>(below(40) == 0 ? below(4) : 0);
    both([&](Life& life) -> Outcome {
        switch (choice) {
            case 0:
                life.mmu.invlpg(va);
                return {};
            case 1:
                life.mmu.invpcid(type, static_cast<u16>(pcid), va);
                return {};
            case 2:
                return {life.mmu.write_cr4(life.mmu.cr4() ^ cr4_smap).ok(), 0};
            case 3:
                return {life.mmu.write_cr0(life.mmu.cr0() ^ 0x1'0000).ok(), 0};
            default:
                return {life.mmu.write_cr3(Life::root | pcid | keep).ok(), 0};
        }
    });
}

void FastPath::access() {
    const unsigned page = below(Life::page_count);
    const VirtualAddress va{Life::va_of(page) + below(0x200) * 8};
    const unsigned cpl = below(2) == 0 ? 3 : 0;
    const bool alignment_check = below(2) == 0;
    const auto kind = static_cast<AccessKind>(below(3));
    const u64 written = random_();
    both([&](Life& life) -> Outcome {
        life.mmu.set_privilege(cpl, alignment_check);
        if (kind == AccessKind::Read) {
            u64 value = 0;
            const bool ok = life.mmu.read(va, value);
            return {ok, value};
        }
        if (kind == AccessKind::Write) {
            return {life.mmu.write(va, written), 0};
        }
        const auto where = life.mmu.translate_execute(va);
        return {where.ok(), where.ok() ? where.value().value() : 0};
    });
}

void FastPath::compare() {
    ASSERT_EQ(with_.recorder.counters.page_walks, without_.recorder.counters.page_walks);
    for (u64 at = Life::root; at < Life::frames + 6 * 0x1000; at += 8) {
        ASSERT_EQ(with_.memory.read<u64>(PhysicalAddress{at}),
                  without_.memory.read<u64>(PhysicalAddress{at}))
            << std::hex << at;
    }
}

/// What is saved is the same, too; one of them goes on with what it loads, and without what it had.
void FastPath::save_and_load() {
    const std::vector<u8> saved = state::fields_of(with_.mmu);
    ASSERT_EQ(saved, state::fields_of(without_.mmu));
    Life& loads = below(2) == 0 ? with_ : without_;
    const u64 pcid = below(12);
    ASSERT_TRUE(loads.mmu.write_cr3(Life::root | pcid).ok());
    state::Reader reader{saved};
    loads.mmu.visit_state(reader);
    reader.finish();
    ASSERT_EQ(reader.error(), "");
    ASSERT_EQ(saved, state::fields_of(loads.mmu));
}

TEST_P(FastPath, ChangesNothing) {
    for (int step = 0; step < 30'000 && !HasFatalFailure(); ++step) {
        const unsigned choice = below(100);
        if (below(500) == 0) {
            save_and_load();
        } else if (choice < 5) {
            change_tables();
        } else if (choice < 10) {
            control();
        } else {
            access();
        }
        ASSERT_FALSE(HasFatalFailure()) << "step " << step;
        ASSERT_EQ(with_.recorder.counters.page_walks, without_.recorder.counters.page_walks)
            << "step " << step;
    }
    compare();
}

INSTANTIATE_TEST_SUITE_P(Seeds, FastPath, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace ringfence::sim::mmu
