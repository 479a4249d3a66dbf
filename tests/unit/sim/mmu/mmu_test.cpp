// SPDX-License-Identifier: MIT
#include "sim/mmu/mmu.h"

#include <gtest/gtest.h>

#include "tests/unit/sim/mmu/page_tables.h"

namespace ringfence::sim::mmu {
namespace {

using namespace testing;
using arch::x86::ExceptionVector;

constexpr u64 first_page = 0x7123'4560'1000;
constexpr u64 second_page = first_page + 0x1000;
constexpr u64 first_frame = 0x0100'0000;
constexpr u64 second_frame = 0x0180'0000;  // not a neighbour: crossing must translate twice

class MmuTest : public ::testing::Test {
protected:
    void SetUp() override {
        first_.map(first_frame);
        second_.map(second_frame);
        mmu_.write_efer(0x900);
        ASSERT_TRUE(mmu_.write_cr4(0x20).ok());
        ASSERT_TRUE(mmu_.write_cr3(first_.root()).ok());
        ASSERT_TRUE(mmu_.write_cr0(0x8001'0001).ok());
    }
    memory::PhysicalMemory memory_ = make_memory();
    observe::Recorder recorder_;
    Mmu mmu_{memory_, recorder_, PagingFeatures{}};
    TablePath first_{memory_, PagingMode::FourLevel, 1, first_page};
    TablePath second_{memory_, PagingMode::FourLevel, 1, second_page};
};

TEST_F(MmuTest, ReadsAndWritesEverySizeAcrossAPageBoundary) {
    for (u64 offset = 0xfe0; offset < 0x1010; ++offset) {
        const VirtualAddress va{first_page + offset};
        const u64 value = 0x1122'3344'5566'7788 + offset;
        ASSERT_TRUE(mmu_.write(va, value));
        u64 wide = 0;
        ASSERT_TRUE(mmu_.read(va, wide));
        EXPECT_EQ(wide, value);
        u32 narrow = 0;
        ASSERT_TRUE(mmu_.read(va, narrow));
        EXPECT_EQ(narrow, static_cast<u32>(value));
    }
    ASSERT_TRUE(mmu_.write<u64>(VirtualAddress{first_page + 0xffc}, 0x8877'6655'4433'2211));
    EXPECT_EQ(memory_.read<u32>(PhysicalAddress{first_frame + 0xffc}), 0x4433'2211U);
    EXPECT_EQ(memory_.read<u32>(PhysicalAddress{second_frame}), 0x8877'6655U);
}

TEST_F(MmuTest, CrossingWriteChangesNothingWhenTheSecondPageFaults) {
    second_.set_entry(1, 0);
    ASSERT_TRUE(mmu_.write<u64>(VirtualAddress{first_page + 0xff0}, 0));
    EXPECT_FALSE(mmu_.write<u64>(VirtualAddress{first_page + 0xffc}, ~u64{0}));
    EXPECT_EQ(mmu_.fault().address.value(), second_page) << "CR2 is the first byte that faults";
    EXPECT_EQ(memory_.read<u32>(PhysicalAddress{first_frame + 0xffc}), 0U);
}

TEST_F(MmuTest, FaultInTheFirstPageNamesTheAccessItself) {
    first_.set_entry(1, 0);
    u64 value = 0;
    EXPECT_FALSE(mmu_.read(VirtualAddress{first_page + 0xffc}, value));
    EXPECT_EQ(mmu_.fault().address.value(), first_page + 0xffc);
}

TEST_F(MmuTest, NonCanonicalAddressesRaiseGpOrSs) {
    u64 value = 0;
    for (const u64 bad : {0x0000'8000'0000'0000ULL, 0x0000'7fff'ffff'fffcULL,
                          0xffff'7fff'ffff'ffffULL, 0x1234'0000'0000'0000ULL}) {
        EXPECT_FALSE(mmu_.read(VirtualAddress{bad}, value)) << std::hex << bad;
        EXPECT_EQ(mmu_.fault(), (Fault{ExceptionVector::GeneralProtection, 0, {}}));
    }
    EXPECT_FALSE(mmu_.write<u64>(VirtualAddress{1ULL << 60}, 0, Reference::Stack));
    EXPECT_EQ(mmu_.fault(), (Fault{ExceptionVector::StackFault, 0, {}}));
}

TEST_F(MmuTest, PrivilegeDecidesWithoutAnyFlush) {
    first_.set_entry(1, first_frame | present | writable);  // supervisor only
    u64 value = 0;
    ASSERT_TRUE(mmu_.read(VirtualAddress{first_page}, value));
    mmu_.set_privilege(3, false);
    EXPECT_FALSE(mmu_.read(VirtualAddress{first_page}, value));
    EXPECT_EQ(mmu_.fault().error_code, 5U);
    EXPECT_TRUE(mmu_.read_system(VirtualAddress{first_page}, value)) << "implicit access";
    EXPECT_TRUE(mmu_.write_system<u64>(VirtualAddress{first_page}, 1));
    EXPECT_TRUE(mmu_.read(VirtualAddress{second_page}, value));
    mmu_.set_privilege(0, false);
    EXPECT_TRUE(mmu_.read(VirtualAddress{first_page}, value));
}

TEST_F(MmuTest, SmapIsLiftedByAcForExplicitAccessesOnly) {
    ASSERT_TRUE(mmu_.write_cr4(mmu_.cr4() | cr4_smap).ok());
    u64 value = 0;
    mmu_.set_privilege(0, true);
    EXPECT_TRUE(mmu_.read(VirtualAddress{first_page}, value));
    EXPECT_FALSE(mmu_.read_system(VirtualAddress{first_page}, value));
    mmu_.set_privilege(0, false);
    EXPECT_FALSE(mmu_.read(VirtualAddress{first_page}, value));
    mmu_.set_privilege(3, false);
    EXPECT_TRUE(mmu_.read(VirtualAddress{first_page}, value));
    EXPECT_FALSE(mmu_.read_system(VirtualAddress{first_page}, value));
}

TEST_F(MmuTest, TheFirstWriteAfterAReadSetsDirty) {
    u64 value = 0;
    ASSERT_TRUE(mmu_.read(VirtualAddress{first_page}, value));
    EXPECT_EQ(first_.entry(1) & dirty, 0U);
    ASSERT_TRUE(mmu_.write<u64>(VirtualAddress{first_page}, 1));
    EXPECT_NE(first_.entry(1) & dirty, 0U);
}

TEST_F(MmuTest, ProbeWriteChecksBothPagesAndWritesNothing) {
    EXPECT_TRUE(mmu_.probe_write(VirtualAddress{first_page + 0xff8}, 16));
    EXPECT_NE(second_.entry(1) & dirty, 0U);
    EXPECT_EQ(memory_.read<u64>(PhysicalAddress{first_frame + 0xff8}), 0U);
    second_.set_entry(1, second_frame | present | user);
    mmu_.invlpg(VirtualAddress{second_page});
    EXPECT_FALSE(mmu_.probe_write(VirtualAddress{first_page + 0xff8}, 16));
    EXPECT_EQ(mmu_.fault().address.value(), second_page);
}

TEST_F(MmuTest, ReadForWriteFailsAsAWrite) {
    first_.map(first_frame, present | user);
    u64 value = 0;
    EXPECT_TRUE(mmu_.read(VirtualAddress{first_page}, value));
    EXPECT_FALSE(mmu_.read_for_write(VirtualAddress{first_page}, value));
    EXPECT_EQ(mmu_.fault().error_code, 3U);
}

TEST_F(MmuTest, RunsGiveTheRestOfThePage) {
    EXPECT_EQ(mmu_.readable_run(VirtualAddress{first_page + 0x123}).size(), 0x1000U - 0x123);
    const auto run = mmu_.writable_run(VirtualAddress{first_page + 0x800});
    ASSERT_EQ(run.size(), 0x800U);
    run[0] = 42;
    EXPECT_EQ(memory_.read<u8>(PhysicalAddress{first_frame + 0x800}), 42);
    second_.set_entry(1, second_frame | present | user);
    EXPECT_TRUE(mmu_.writable_run(VirtualAddress{second_page}).empty());
    EXPECT_FALSE(mmu_.readable_run(VirtualAddress{second_page}).empty());
}

class CodeCounter final : public memory::CodeListener {
public:
    void code_written(PhysicalAddress first, u64 bytes) override {
        last = first;
        last_bytes = bytes;
        ++count;
    }
    PhysicalAddress last;
    u64 last_bytes = 0;
    unsigned count = 0;
};

TEST_F(MmuTest, StoresToDecodedCodeAreAnnouncedHoweverTheyAreMade) {
    CodeCounter code;
    memory_.set_code_listener(&code);
    const VirtualAddress va{first_page + 0x200};
    ASSERT_TRUE(mmu_.write<u64>(va, 1));  // the fast path knows the page now
    ASSERT_NE(mmu_.write_pointer(va, 8), nullptr);
    memory_.add_code(PhysicalAddress{first_frame + 0x200}, 16);
    EXPECT_EQ(mmu_.write_pointer(va, 8), nullptr);
    EXPECT_TRUE(mmu_.writable_run(va).empty());
    ASSERT_TRUE(mmu_.write<u64>(va, 2));
    EXPECT_EQ(code.count, 1U);
    EXPECT_EQ(code.last.value(), first_frame + 0x200);
    EXPECT_EQ(code.last_bytes, 8U);
    ASSERT_TRUE(mmu_.write<u64>(va + 0x100, 2));  // another granule
    EXPECT_EQ(code.count, 1U);
    ASSERT_TRUE(mmu_.write<u64>(va - 4, 2));  // runs into the marked one
    EXPECT_EQ(code.count, 2U);

    memory_.set_code_lines(PhysicalAddress{first_frame}, 0);
    ASSERT_TRUE(mmu_.write<u64>(va, 3));
    EXPECT_EQ(code.count, 2U);
    EXPECT_NE(mmu_.write_pointer(va, 8), nullptr) << "the page is plain again";
}

TEST_F(MmuTest, DirtyFlagUpdatesInACodePageAreAnnouncedToo) {
    CodeCounter code;
    memory_.set_code_listener(&code);
    memory_.add_code(PhysicalAddress{first_.entry_address(1)}, 8);
    ASSERT_TRUE(mmu_.write<u64>(VirtualAddress{first_page}, 1));
    EXPECT_GT(code.count, 0U);
}

TEST_F(MmuTest, ExecuteStampStaysWhileFetchesStayValid) {
    ASSERT_TRUE(mmu_.write_cr4(mmu_.cr4() | cr4_pcide).ok());
    ASSERT_TRUE(mmu_.write_cr3(first_.root() | 1).ok());
    const u64 first_stamp = mmu_.execute_stamp();
    ASSERT_TRUE(mmu_.write_cr3(first_.root() | 2).ok());
    EXPECT_NE(mmu_.execute_stamp(), first_stamp);
    ASSERT_TRUE(mmu_.write_cr3(first_.root() | 1 | 1ULL << 63).ok());
    EXPECT_EQ(mmu_.execute_stamp(), first_stamp) << "nothing was flushed";
    ASSERT_TRUE(mmu_.write_cr3(first_.root() | 1).ok());
    EXPECT_NE(mmu_.execute_stamp(), first_stamp);
    const u64 second_stamp = mmu_.execute_stamp();
    mmu_.invlpg(VirtualAddress{first_page});
    EXPECT_NE(mmu_.execute_stamp(), second_stamp);
    mmu_.set_privilege(3, false);
    EXPECT_NE(mmu_.execute_stamp(), second_stamp);
}

TEST_F(MmuTest, DeviceRegistersAndHolesAreNeverOnTheFastPath) {
    first_.map(0xfee0'0000);
    u32 value = 0;
    ASSERT_TRUE(mmu_.read(VirtualAddress{first_page}, value));
    EXPECT_EQ(value, ~u32{0});
    EXPECT_TRUE(mmu_.readable_run(VirtualAddress{first_page}).empty());
    EXPECT_TRUE(mmu_.write<u32>(VirtualAddress{first_page}, 1));
    EXPECT_EQ(mmu_.write_pointer(VirtualAddress{first_page}, 4), nullptr);
}

TEST_F(MmuTest, CountsRootWritesAndFlushes) {
    const auto before = recorder_.counters;
    ASSERT_TRUE(mmu_.write_cr4(mmu_.cr4() | cr4_pcide).ok());
    ASSERT_TRUE(mmu_.write_cr3(first_.root() | 7).ok());
    ASSERT_TRUE(mmu_.write_cr3(first_.root() | 7 | 1ULL << 63).ok());
    EXPECT_EQ(mmu_.cr3(), first_.root() | 7) << "bit 63 is not stored";
    mmu_.invlpg(VirtualAddress{0});
    EXPECT_EQ(recorder_.counters.root_writes - before.root_writes, 2U);
    EXPECT_EQ(recorder_.counters.root_writes_no_flush - before.root_writes_no_flush, 1U);
    EXPECT_EQ(recorder_.counters.tlb_flushes - before.tlb_flushes, 1U);
    EXPECT_EQ(recorder_.counters.invlpg - before.invlpg, 1U);
}

TEST_F(MmuTest, PeekTouchesNothing) {
    EXPECT_EQ(mmu_.peek(VirtualAddress{first_page + 5})->value(), first_frame + 5);
    EXPECT_EQ(first_.entry(1) & accessed, 0U);
    EXPECT_FALSE(mmu_.peek(VirtualAddress{0}).has_value());
}

TEST(MmuPae, LoadsPdptesOnlyWithCr3AndRefusesReservedBits) {
    auto memory = make_memory();
    observe::Recorder recorder;
    Mmu mmu{memory, recorder, PagingFeatures{}};
    TablePath path{memory, PagingMode::Pae, 1, 0xc12a'3000};
    path.map(first_frame);
    ASSERT_TRUE(mmu.write_cr4(0x20).ok());
    ASSERT_TRUE(mmu.write_cr3(path.root()).ok());
    ASSERT_TRUE(mmu.write_cr0(0x8000'0001).ok());
    u32 value = 0;
    ASSERT_TRUE(mmu.read(VirtualAddress{0xc12a'3000}, value));

    path.set_entry(3, 0);  // the register still has the old entry, whatever is flushed
    mmu.invlpg(VirtualAddress{0xc12a'3000});
    EXPECT_TRUE(mmu.read(VirtualAddress{0xc12a'3000}, value));

    path.set_entry(3, 0x20'1000 | present | writable);  // R/W is reserved in a PDPTE
    const auto refused = mmu.write_cr3(path.root() | 8);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().vector, ExceptionVector::GeneralProtection);
    EXPECT_EQ(mmu.cr3(), path.root()) << "nothing changed";
    EXPECT_TRUE(mmu.read(VirtualAddress{0xc12a'3000}, value));

    path.set_entry(3, 0);
    ASSERT_TRUE(mmu.write_cr3(path.root()).ok());
    EXPECT_FALSE(mmu.read(VirtualAddress{0xc12a'3000}, value));
}

TEST(MmuOff, UsesLinearAddressesAndWrapsAt4Gib) {
    auto memory = make_memory();
    observe::Recorder recorder;
    Mmu mmu{memory, recorder, PagingFeatures{}};
    ASSERT_TRUE(mmu.write<u32>(VirtualAddress{0x12'3456}, 7));
    EXPECT_EQ(memory.read<u32>(PhysicalAddress{0x12'3456}), 7U);
    memory.write<u16>(PhysicalAddress{0}, 0xbeef);
    u32 value = 0;
    ASSERT_TRUE(mmu.read(VirtualAddress{0xffff'fffe}, value));
    EXPECT_EQ(value, 0xbeef'ffffU);
}

}  // namespace
}  // namespace ringfence::sim::mmu
