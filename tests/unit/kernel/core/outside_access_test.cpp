// SPDX-License-Identifier: MIT
// Memory of a program as its tracer, and others that may, reach it.
#include <array>

#include "kernel/core/process/resource_limits.h"
#include "kernel/core/vm/memory_space.h"
#include "tests/unit/kernel/core/fake_machine.h"

namespace ringfence::kernel::testing {
namespace {

constexpr Protection read_write{.read = true, .write = true};
constexpr Protection read_only{.read = true};

class OutsideAccess : public KernelTest {
protected:
    OutsideAccess() : space_(MemorySpace::create({}).value()) {
        space_->layout.map_top = VirtualAddress{0x7ffff7fff000};
    }
    VirtualAddress map(u64 pages, Protection protection) {
        return space_
            ->map({.end = VirtualAddress{pages * page_size}, .protection = protection},
                  Placement::Anywhere, ResourceLimit::unlimited)
            .value();
    }
    u64 write(MemorySpace& space, VirtualAddress to, u8 value, Reach reach) {
        return space.write_from_outside(to, {&value, 1}, reach);
    }
    u8 read(MemorySpace& space, VirtualAddress from, Reach reach = Reach::Tracer) {
        u8 value = 0xee;
        EXPECT_EQ(space.read_from_outside(from, {&value, 1}, reach), 1u);
        return value;
    }
    Ref<MemorySpace> space_;
};

TEST_F(OutsideAccess, goes_across_pages_up_to_the_first_that_is_missing) {
    const VirtualAddress start = map(2, read_write);
    const std::array<u8, 16> written{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    const VirtualAddress across = start + page_size - 8;
    EXPECT_EQ(space_->write_from_outside(across, written, Reach::AsProgram), 16u);
    std::array<u8, 16> found{};
    EXPECT_EQ(space_->read_from_outside(across, found, Reach::AsProgram), 16u);
    EXPECT_EQ(found, written);
    EXPECT_EQ(space_->read_from_outside(start + 2 * page_size - 8, found, Reach::Tracer), 8u);
    EXPECT_EQ(space_->read_from_outside(VirtualAddress{~u64{7}}, found, Reach::Tracer), 0u);
}

TEST_F(OutsideAccess, writes_to_what_the_program_may_not_as_its_tracer_alone) {
    const VirtualAddress start = map(1, read_only);
    EXPECT_EQ(write(*space_, start, 5, Reach::AsProgram), 0u);
    EXPECT_EQ(write(*space_, start, 5, Reach::Tracer), 1u);
    EXPECT_EQ(load(*space_, start), 5);
    EXPECT_EQ(store(*space_, start, 6), FaultOutcome::Forbidden);
}

TEST_F(OutsideAccess, leaves_alone_what_fork_shares) {
    const VirtualAddress start = map(1, read_write);
    store(*space_, start, 1);
    ASSERT_TRUE(space_->protect(start, page_size, read_only).ok());
    const Ref<MemorySpace> child = space_->copy().value();
    EXPECT_EQ(write(*child, start, 2, Reach::Tracer), 1u);
    EXPECT_EQ(load(*child, start), 2);
    EXPECT_EQ(load(*space_, start), 1);
}

TEST_F(OutsideAccess, reaches_what_the_program_may_not_even_read) {
    const VirtualAddress start = map(1, read_write);
    store(*space_, start, 3);
    ASSERT_TRUE(space_->protect(start, page_size, {}).ok());
    const Ref<MemorySpace> child = space_->copy().value();
    u8 byte = 0;
    EXPECT_EQ(space_->read_from_outside(start, {&byte, 1}, Reach::AsProgram), 0u);
    EXPECT_EQ(read(*space_, start), 3);
    EXPECT_EQ(write(*child, start, 4, Reach::Tracer), 1u);
    EXPECT_EQ(read(*space_, start), 3);
    ASSERT_TRUE(child->protect(start, page_size, read_only).ok());
    EXPECT_EQ(load(*child, start), 4);
}

TEST_F(OutsideAccess, takes_and_gives_back_frames_as_the_program_would) {
    const u64 before = frames().free_frames();
    const VirtualAddress start = map(2, {});
    EXPECT_EQ(write(*space_, start, 1, Reach::Tracer), 1u);
    EXPECT_EQ(read(*space_, start + page_size), 0);
    ASSERT_TRUE(space_->unmap(start, 2 * page_size).ok());
    EXPECT_EQ(frames().free_frames(), before);
}

}  // namespace
}  // namespace ringfence::kernel::testing
