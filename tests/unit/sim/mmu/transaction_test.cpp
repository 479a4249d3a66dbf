// SPDX-License-Identifier: MIT
// What a transaction has written can be put back, whichever way it was written.
#include <gtest/gtest.h>

#include "sim/mmu/mmu.h"
#include "sim/mmu/write_set.h"
#include "tests/unit/sim/mmu/page_tables.h"

namespace ringfence::sim::mmu {
namespace {

using namespace testing;

constexpr PhysicalAddress line{0x10'0040};

TEST(WriteSet, KeepsALineAsItFirstWas) {
    auto memory = make_memory();
    WriteSet set(memory, {});
    memory.write<u32>(line, 1);
    EXPECT_TRUE(set.add(line + 4, 8));
    memory.write<u32>(line, 2);
    EXPECT_TRUE(set.add(line, 1));
    memory.write<u32>(line, 3);
    EXPECT_EQ(set.lines().size(), 1U);
    set.undo();
    EXPECT_EQ(memory.read<u32>(line), 1U);
    EXPECT_TRUE(set.lines().empty());
}

TEST(WriteSet, TakesEveryLineThatAWriteTouches) {
    auto memory = make_memory();
    WriteSet set(memory, {});
    EXPECT_TRUE(set.add(line + 63, 2));
    ASSERT_EQ(set.lines().size(), 2U);
    EXPECT_EQ(set.lines()[0].address, line);
    EXPECT_EQ(set.lines()[1].address, line + 64);
    EXPECT_TRUE(set.add(line + 63, 66));
    EXPECT_EQ(set.lines().size(), 3U);
}

TEST(WriteSet, RefusesWhatASetHasNoPlaceFor) {
    auto memory = make_memory();
    WriteSet set(memory, {.sets = 12, .ways = 3});  // no power of two
    for (u64 i = 0; i < 3; ++i) {
        EXPECT_TRUE(set.add(line + i * 12 * 64, 1));
    }
    EXPECT_TRUE(set.add(line, 64)) << "there already";
    EXPECT_TRUE(set.add(line + 64, 1)) << "another set";
    EXPECT_FALSE(set.overflowed());
    EXPECT_FALSE(set.add(line + 3 * 12 * 64, 1));
    EXPECT_TRUE(set.overflowed());
    set.forget();
    EXPECT_FALSE(set.overflowed());
    EXPECT_TRUE(set.add(line + 3 * 12 * 64, 1));
}

class MmuTransaction : public ::testing::Test {
protected:
    void SetUp() override {
        path_.map(frame, all_rights | accessed | dirty);
        mmu_.write_efer(0x900);
        ASSERT_TRUE(mmu_.write_cr4(0x20).ok());
        ASSERT_TRUE(mmu_.write_cr3(path_.root()).ok());
        ASSERT_TRUE(mmu_.write_cr0(0x8001'0001).ok());
        // The fast path knows that both may write.
        ASSERT_TRUE(mmu_.write_system<u64>(address, 1));
        mmu_.set_privilege(3, false);
        ASSERT_TRUE(mmu_.write<u64>(address, 1));
    }
    [[nodiscard]] u64 now() { return memory_.read<u64>(PhysicalAddress{frame}); }

    static constexpr VirtualAddress address{0x7123'4560'1000};
    static constexpr u64 frame = 0x0100'0000;
    memory::PhysicalMemory memory_ = make_memory();
    observe::Recorder recorder_;
    Mmu mmu_{memory_, recorder_, PagingFeatures{}};
    TablePath path_{memory_, PagingMode::FourLevel, 1, address.value()};
};

TEST_F(MmuTransaction, SeesItsOwnWritesAndTakesThemBack) {
    mmu_.begin_transaction();
    ASSERT_TRUE(mmu_.write<u64>(address, 2));
    u64 value = 0;
    ASSERT_TRUE(mmu_.read(address, value));
    EXPECT_EQ(value, 2U);
    ASSERT_TRUE(mmu_.write<u64>(address, 3));
    EXPECT_EQ(mmu_.written()->lines().size(), 1U);
    mmu_.undo_transaction();
    EXPECT_EQ(now(), 1U);
    EXPECT_EQ(mmu_.written(), nullptr);
}

TEST_F(MmuTransaction, TakesBackImplicitWrites) {
    mmu_.begin_transaction();
    EXPECT_TRUE(mmu_.probe_write_system(address, 8));
    ASSERT_TRUE(mmu_.write_system<u64>(address, 2));
    EXPECT_EQ(mmu_.written()->lines().size(), 1U);
    mmu_.undo_transaction();
    EXPECT_EQ(now(), 1U);
}

TEST_F(MmuTransaction, TakesBackAProbeThatWasNotWritten) {
    mmu_.begin_transaction();
    EXPECT_TRUE(mmu_.probe_write(address, 8));
    EXPECT_EQ(mmu_.write_pointer(address, 8), nullptr) << "nobody would see the write";
    EXPECT_TRUE(mmu_.writable_run(address).empty());
    EXPECT_FALSE(mmu_.readable_run(address).empty());
    mmu_.undo_transaction();
    EXPECT_EQ(now(), 1U);
    EXPECT_NE(mmu_.write_pointer(address, 8), nullptr) << "what was known before is known again";
}

TEST_F(MmuTransaction, LeavesACommittedWriteToTheNext) {
    mmu_.begin_transaction();
    ASSERT_TRUE(mmu_.write<u64>(address, 2));
    mmu_.commit_transaction();
    mmu_.begin_transaction();
    mmu_.undo_transaction();
    EXPECT_EQ(now(), 2U);
}

TEST_F(MmuTransaction, GivesUserModeNothingOfTheSupervisors) {
    constexpr VirtualAddress secret{0x7123'4560'2000};
    TablePath path(memory_, PagingMode::FourLevel, 1, secret.value());
    path.set_entry(1, 0x0200'0000 | present | writable | accessed | dirty);
    mmu_.begin_transaction();
    u64 value = 0;
    EXPECT_TRUE(mmu_.read_system(secret, value));
    EXPECT_FALSE(mmu_.read(secret, value));
    mmu_.undo_transaction();
}

TEST_F(MmuTransaction, LooksAtTheTablesAgain) {
    u64 value = 0;
    mmu_.begin_transaction();
    EXPECT_TRUE(mmu_.read(address, value));
    mmu_.commit_transaction();
    path_.set_entry(1, 0);
    mmu_.invlpg(address);
    mmu_.begin_transaction();
    EXPECT_FALSE(mmu_.read(address, value));
    mmu_.undo_transaction();
}

}  // namespace
}  // namespace ringfence::sim::mmu
