// SPDX-License-Identifier: MIT
// Two roots that share the user half, as an isolated address space has them.
#include <gtest/gtest.h>

#include "tests/unit/paging/fixture.h"

namespace ringfence::paging::testing {
namespace {

using F = X86FourLevel;
constexpr VirtualAddress user_page{0x40'0000};
constexpr VirtualAddress kernel_page{0xffff'8000'0000'0000};
constexpr Attributes user_text{.executable = true, .user = true};

class MirroredRootTest : public ::testing::Test {
protected:
    RecordingMemory memory;
    PhysicalAddress kernel_root = memory.add_root();
    PhysicalAddress user_root = memory.add_root();
    Mapper<F, RecordingMemory> mapper{
        memory, kernel_root, {.root = user_root, .count = 256, .forbid_execute = true}};
    TlbModel<F> tlb{{}};

    void map(VirtualAddress page, const Attributes& attributes) {
        auto outcome = mapper.map({page, PhysicalAddress{0x80'0000}, page_size, attributes});
        ASSERT_TRUE(outcome.ok());
        std::move(outcome).value().consume(tlb);
    }
    Result<Leaf, PagingError> in(PhysicalAddress root, VirtualAddress page) {
        return Walker<F, RecordingMemory>(memory, root).find(page);
    }
};

TEST_F(MirroredRootTest, UserPagesAppearInBoth) {
    map(user_page, user_text);
    EXPECT_EQ(in(user_root, user_page).value().frame, in(kernel_root, user_page).value().frame);
    EXPECT_TRUE(in(user_root, user_page).value().attributes.executable);
}

TEST_F(MirroredRootTest, TheKernelRootCannotExecuteThem) {
    map(user_page, user_text);
    EXPECT_FALSE(in(kernel_root, user_page).value().attributes.executable);
    EXPECT_TRUE(in(kernel_root, user_page).value().attributes.user);
}

TEST_F(MirroredRootTest, KernelPagesStayOutOfTheUserRoot) {
    map(kernel_page, {.executable = true});
    EXPECT_TRUE(in(kernel_root, kernel_page).value().attributes.executable);
    EXPECT_FALSE(in(user_root, kernel_page).ok());
}

TEST_F(MirroredRootTest, BothForgetTheUserHalf) {
    map(user_page, user_text);
    auto outcome = mapper.unmap(VirtualAddress{0}, u64{256} * 512 * gib);
    std::move(outcome).value().consume(tlb);
    EXPECT_FALSE(in(user_root, user_page).ok());
    EXPECT_FALSE(in(kernel_root, user_page).ok());
    EXPECT_EQ(memory.tables(), 0U);
}

TEST_F(MirroredRootTest, NoStateBetweenGivesTheKernelExecution) {
    memory.start_recording();
    map(user_page, user_text);
    memory.replay([&](const TableImage& image, const Event&) {
        const auto seen = Walker<F, TableImage>(image, kernel_root).find(user_page);
        EXPECT_FALSE(seen.ok() && seen.value().attributes.executable);
    });
}

TEST_F(MirroredRootTest, RootEntriesCanBeSharedWithoutAMirror) {
    map(kernel_page, {.writable = true});
    const PhysicalAddress other_root = memory.add_root();
    Mapper<F, RecordingMemory> other{memory, other_root};
    other.share_root_entry(256, mapper.root_entry(256)).consume(tlb);
    EXPECT_TRUE(in(other_root, kernel_page).ok());
    map(kernel_page + page_size, {.writable = true});
    EXPECT_TRUE(in(other_root, kernel_page + page_size).ok());
    const usize tables = memory.tables();
    other.unshare_root_entry(256).consume(tlb);
    EXPECT_EQ(memory.tables(), tables);
    EXPECT_FALSE(in(other_root, kernel_page).ok());
}

TEST(MirroredRootDeathTest, RefusesAPoisonThatTheFormatLacks) {
    RecordingMemory memory;
    const PhysicalAddress root = memory.add_root();
    EXPECT_DEATH((Mapper<X86TwoLevel, RecordingMemory>{
                     memory, root, {.root = root, .count = 512, .forbid_execute = true}}),
                 "can_forbid_execute");
}

TEST(MirroredRoot, ALargePageInTheRootIsSplitForBoth) {
    RecordingMemory memory;
    const PhysicalAddress kernel_root = memory.add_root();
    const PhysicalAddress user_root = memory.add_root();
    Mapper<X86TwoLevel, RecordingMemory> mapper{
        memory, kernel_root, {.root = user_root, .count = 768}};
    TlbModel<X86TwoLevel> tlb{{}};
    const Attributes data{.writable = true, .executable = true, .user = true};
    auto mapped = mapper.map({VirtualAddress{0}, PhysicalAddress{0}, 4 * mib, data, 4 * mib});
    std::move(mapped).value().consume(tlb);
    auto unmapped = mapper.unmap(VirtualAddress{0}, page_size);
    std::move(unmapped).value().consume(tlb);
    for (const PhysicalAddress root : {kernel_root, user_root}) {
        const Walker<X86TwoLevel, RecordingMemory> walker(memory, root);
        EXPECT_FALSE(walker.find(VirtualAddress{0}).ok());
        EXPECT_EQ(walker.find(VirtualAddress{page_size}).value().frame, PhysicalAddress{page_size});
    }
}

}  // namespace
}  // namespace ringfence::paging::testing
