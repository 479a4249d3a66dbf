// SPDX-License-Identifier: MIT
#include "kernel/core/vm/memory_space.h"

#include "kernel/core/fs/tmpfs.h"
#include "kernel/core/process/resource_limits.h"
#include "kernel/core/vm/admission.h"
#include "tests/unit/kernel/core/fake_machine.h"

namespace ringfence::kernel::testing {
namespace {

constexpr Protection read_write{.read = true, .write = true};
constexpr u64 no_limit = ResourceLimit::unlimited;

class MemorySpaceTest : public KernelTest {
protected:
    MemorySpaceTest() : space_(MemorySpace::create({}).value()) {
        space_->layout.map_top = VirtualAddress{0x7ffff7fff000};
    }
    VirtualAddress map(u64 pages, Protection protection = read_write) {
        return space_
            ->map({.end = VirtualAddress{pages * page_size}, .protection = protection},
                  Placement::Anywhere, no_limit)
            .value();
    }
    Ref<MemorySpace> space_;
};

TEST_F(MemorySpaceTest, pages_come_when_they_are_touched) {
    const VirtualAddress start = map(4);
    EXPECT_EQ(mapped_pages(*space_), 0u);
    EXPECT_EQ(load(*space_, start + 5), 0);
    EXPECT_EQ(store(*space_, start + page_size, 7), FaultOutcome::Resolved);
    EXPECT_EQ(load(*space_, start + page_size), 7);
    EXPECT_EQ(mapped_pages(*space_), 2u);
}

TEST_F(MemorySpaceTest, reading_untouched_memory_takes_no_frame) {
    const VirtualAddress start = map(8);
    const u64 before = frames().free_frames();
    for (u64 page = 0; page < 8; ++page) {
        EXPECT_EQ(load(*space_, start + page * page_size), 0);
    }
    EXPECT_EQ(frames().free_frames(), before);
    EXPECT_EQ(store(*space_, start, 1), FaultOutcome::Resolved);
    EXPECT_EQ(frames().free_frames(), before - 1);
    EXPECT_EQ(load(*space_, start + page_size), 0);
}

TEST_F(MemorySpaceTest, forbidden_accesses_are_told_apart) {
    const VirtualAddress start = map(1, {.read = true});
    EXPECT_EQ(space_->resolve_fault(start, FaultAccess::Write), FaultOutcome::Forbidden);
    EXPECT_EQ(space_->resolve_fault(start, FaultAccess::Execute), FaultOutcome::Forbidden);
    EXPECT_EQ(space_->resolve_fault(start + page_size, FaultAccess::Read), FaultOutcome::NoRegion);
    EXPECT_EQ(space_->resolve_fault(VirtualAddress{~u64{0}}, FaultAccess::Read),
              FaultOutcome::NoRegion);
}

TEST_F(MemorySpaceTest, a_fork_shares_pages_until_one_side_writes) {
    const VirtualAddress start = map(2);
    store(*space_, start, 1);
    const u64 before = frames().free_frames();
    const Ref<MemorySpace> child = space_->copy().value();
    EXPECT_EQ(frames().free_frames(), before);
    EXPECT_EQ(load(*child, start), 1);
    store(*child, start, 2);
    EXPECT_EQ(load(*space_, start), 1);
    EXPECT_EQ(load(*child, start), 2);
    EXPECT_EQ(frames().free_frames(), before - 1);
    store(*space_, start, 3);  // the last holder of the old frame writes in place
    EXPECT_EQ(frames().free_frames(), before - 1);
    EXPECT_EQ(load(*child, start), 2);
}

TEST_F(MemorySpaceTest, contents_survive_no_permission_and_fork) {
    const VirtualAddress start = map(1);
    store(*space_, start, 9);
    ASSERT_TRUE(space_->protect(start, page_size, {}).ok());
    EXPECT_EQ(mapped_pages(*space_), 0u);
    EXPECT_EQ(load(*space_, start), std::nullopt);
    const Ref<MemorySpace> child = space_->copy().value();
    ASSERT_TRUE(child->protect(start, page_size, read_write).ok());
    store(*child, start, 10);
    ASSERT_TRUE(space_->protect(start, page_size, {.read = true}).ok());
    EXPECT_EQ(load(*space_, start), 9);
    EXPECT_EQ(load(*child, start), 10);
}

class NeighbourTest : public MemorySpaceTest {
protected:
    /// A region of `file` from page `first` of the file on, at a place that is a multiple of what
    /// comes together.
    VirtualAddress map_file(const Ref<TmpfsFile>& file, u64 pages, u64 first = 0,
                            bool shared = false) {
        const VirtualAddress place{0x100'0000};
        return space_
            ->map({.start = place,
                   .end = place + pages * page_size,
                   .protection = read_write,
                   .shared = shared,
                   .file = file,
                   .offset = first * page_size},
                  Placement::Fixed, no_limit)
            .value();
    }
    /// A file whose pages [first, end) are in memory and hold their number.
    static Ref<TmpfsFile> file_with(u64 first, u64 end) {
        const Ref<TmpfsFile> file = make_unnamed_file(40 * page_size);
        for (u64 page = first; page < end; ++page) {
            const u8 byte = static_cast<u8>(page);
            EXPECT_TRUE(
                file->write(IoSource(std::span<const u8>(&byte, 1)), page * page_size).ok());
        }
        return file;
    }
};

TEST_F(NeighbourTest, come_with_a_page_that_is_read) {
    const VirtualAddress start = map_file(file_with(2, 30), 40);
    EXPECT_EQ(load(*space_, start + 5 * page_size), 5);
    EXPECT_EQ(mapped_pages(*space_), 14u);  // 2 to 15
    EXPECT_EQ(space_->resident_pages(), 14u);
    for (u64 page = 2; page < 16; ++page) {
        EXPECT_TRUE(space_->is_resident(start + page * page_size));
    }
    const u64 before = frames().free_frames();
    for (u64 page = 2; page < 30; ++page) {
        EXPECT_EQ(load(*space_, start + page * page_size), page);
    }
    EXPECT_EQ(mapped_pages(*space_), 28u);
    EXPECT_EQ(frames().free_frames(), before);
}

TEST_F(NeighbourTest, do_not_come_with_a_page_that_is_written) {
    const VirtualAddress start = map_file(file_with(0, 16), 16);
    EXPECT_EQ(store(*space_, start, 1), FaultOutcome::Resolved);
    EXPECT_EQ(mapped_pages(*space_), 1u);
}

TEST_F(NeighbourTest, are_written_in_place_only_if_they_are_shared) {
    for (const bool shared : {false, true}) {
        const VirtualAddress start = map_file(file_with(0, 4), 4, 0, shared);
        EXPECT_EQ(load(*space_, start), 0);
        EXPECT_EQ(space_->tables().lookup(start + page_size).value().protection.writable, shared);
        EXPECT_EQ(store(*space_, start + page_size, 77), FaultOutcome::Resolved);
        EXPECT_EQ(load(*space_, start + page_size), 77);
    }
}

TEST_F(NeighbourTest, lie_in_the_region) {
    const Ref<TmpfsFile> file = file_with(0, 40);
    const VirtualAddress start = map_file(file, 6, 10);
    const VirtualAddress other = map(1);
    EXPECT_EQ(load(*space_, start + 3 * page_size), 13);
    EXPECT_EQ(mapped_pages(*space_), 6u);
    EXPECT_FALSE(space_->is_resident(other));
}

TEST_F(NeighbourTest, keep_what_the_program_has_written) {
    const VirtualAddress start = map_file(file_with(0, 16), 16);
    EXPECT_EQ(store(*space_, start + 3 * page_size, 99), FaultOutcome::Resolved);
    EXPECT_EQ(load(*space_, start), 0);
    EXPECT_EQ(load(*space_, start + 3 * page_size), 99);
}

TEST_F(NeighbourTest, stay_away_while_one_has_contents_that_may_not_be_touched) {
    const VirtualAddress start = map_file(file_with(0, 16), 16);
    EXPECT_EQ(store(*space_, start + 3 * page_size, 99), FaultOutcome::Resolved);
    ASSERT_TRUE(space_->protect(start + 3 * page_size, page_size, {}).ok());
    ASSERT_TRUE(space_->protect(start + 3 * page_size, page_size, read_write).ok());
    EXPECT_EQ(load(*space_, start), 0);
    EXPECT_EQ(mapped_pages(*space_), 1u);
    EXPECT_EQ(load(*space_, start + 3 * page_size), 99);
}

TEST_F(NeighbourTest, go_when_the_file_is_cut) {
    const Ref<TmpfsFile> file = file_with(0, 16);
    const VirtualAddress start = map_file(file, 16);
    EXPECT_EQ(load(*space_, start), 0);
    ASSERT_TRUE(file->resize(4 * page_size).ok());
    space_->forget_file_pages(*file, 4);
    EXPECT_EQ(mapped_pages(*space_), 4u);
    space_->forget_file_pages(*file, 0);
    EXPECT_EQ(load(*space_, start), 0);
    EXPECT_EQ(mapped_pages(*space_), 4u);  // what was cut off is not in memory
}

TEST_F(MemorySpaceTest, shared_files_are_written_and_private_ones_copied) {
    const Ref<TmpfsFile> file = make_unnamed_file(page_size + 10);
    const auto map_file = [&](bool shared) {
        return space_
            ->map({.end = VirtualAddress{3 * page_size},
                   .protection = read_write,
                   .shared = shared,
                   .file = file},
                  Placement::Anywhere, no_limit)
            .value();
    };
    const VirtualAddress shared = map_file(true);
    const VirtualAddress own = map_file(false);
    store(*space_, shared, 1);
    EXPECT_EQ(load(*space_, own), 1);
    store(*space_, own, 2);
    EXPECT_EQ(load(*space_, shared), 1);
    EXPECT_EQ(load(*space_, shared + page_size), 0);
    EXPECT_EQ(space_->resolve_fault(shared + 2 * page_size, FaultAccess::Read),
              FaultOutcome::BeyondFile);
    ASSERT_TRUE(file->resize(0).ok());
    space_->forget_file_pages(*file, 0);
    EXPECT_EQ(space_->resolve_fault(shared, FaultAccess::Read), FaultOutcome::BeyondFile);
}

TEST_F(MemorySpaceTest, the_stack_grows_down_to_its_limit_and_keeps_its_distance) {
    space_->layout.stack_top = VirtualAddress{0x7ffffffff000};
    space_->layout.stack_limit = 1 * mib;
    ASSERT_TRUE(space_
                    ->map({.start = space_->layout.stack_top - page_size,
                           .end = space_->layout.stack_top,
                           .protection = read_write,
                           .grows_down = true},
                          Placement::Fixed, no_limit)
                    .ok());
    EXPECT_EQ(store(*space_, space_->layout.stack_top - mib, 1), FaultOutcome::Resolved);
    EXPECT_EQ(store(*space_, space_->layout.stack_top - mib - 1, 1), FaultOutcome::NoRegion);
}

TEST_F(MemorySpaceTest, unmapping_gives_frames_back_and_cuts_regions) {
    const u64 before = frames().free_frames();
    const VirtualAddress start = map(5);
    for (u64 page = 0; page < 5; ++page) {
        store(*space_, start + page * page_size, static_cast<u8>(page));
    }
    ASSERT_TRUE(space_->unmap(start + page_size, 3 * page_size).ok());
    EXPECT_EQ(frames().free_frames(), before - 2);
    EXPECT_EQ(load(*space_, start + 2 * page_size), std::nullopt);
    EXPECT_EQ(load(*space_, start + 4 * page_size), 4);
}

TEST_F(MemorySpaceTest, moving_a_mapping_keeps_its_contents) {
    map(1);  // above the next one, which therefore cannot grow where it is
    const VirtualAddress start = map(2);
    store(*space_, start + page_size, 5);
    const auto moved = space_->remap(start, 2 * page_size, 6 * page_size, true, nullptr);
    ASSERT_TRUE(moved.ok());
    EXPECT_NE(moved.value(), start);
    EXPECT_EQ(load(*space_, moved.value() + page_size), 5);
    EXPECT_EQ(load(*space_, start + page_size), std::nullopt);
}

TEST_F(MemorySpaceTest, unmapping_forgets_pages_that_could_not_be_touched) {
    const u64 before = frames().free_frames();
    const VirtualAddress start = map(3);
    for (u64 page = 0; page < 3; ++page) {
        store(*space_, start + page * page_size, 7);
    }
    ASSERT_TRUE(space_->protect(start, page_size, {}).ok());
    ASSERT_TRUE(space_->unmap(start, 3 * page_size).ok());
    EXPECT_EQ(frames().free_frames(), before);
    ASSERT_EQ(map(3), start);
    EXPECT_EQ(load(*space_, start), 0) << "what was there before shows in new memory";
    store(*space_, start, 8);
    ASSERT_TRUE(space_->protect(start, page_size, {}).ok());  // there is nothing else in its place
}

TEST_F(MemorySpaceTest, pages_that_cannot_be_touched_move_down_too) {
    const VirtualAddress start = map(2);
    store(*space_, start, 7);
    store(*space_, start + page_size, 8);
    for (int i = 0; i < 2; ++i) {  // the second time it must find the place free
        ASSERT_TRUE(space_->protect(start, 2 * page_size, {}).ok());
        const VirtualAddress below = start - 64 * page_size;
        ASSERT_EQ(space_->remap(start, 2 * page_size, 2 * page_size, true, &below).value(), below);
        ASSERT_TRUE(space_->protect(below, 2 * page_size, read_write).ok());
        EXPECT_EQ(load(*space_, below), 7);
        EXPECT_EQ(load(*space_, below + page_size), 8);
        ASSERT_TRUE(space_->remap(below, 2 * page_size, 2 * page_size, true, &start).ok());
    }
}

TEST_F(MemorySpaceTest, the_heap_moves_its_end) {
    space_->set_heap(VirtualAddress{0x600000});
    EXPECT_EQ(space_->set_break(VirtualAddress{0x602345}, no_limit), VirtualAddress{0x602345});
    EXPECT_EQ(store(*space_, VirtualAddress{0x602fff}, 1), FaultOutcome::Resolved);
    EXPECT_EQ(space_->set_break(VirtualAddress{0x5fffff}, no_limit), VirtualAddress{0x602345});
    EXPECT_EQ(space_->set_break(VirtualAddress{0x601000}, no_limit), VirtualAddress{0x601000});
    EXPECT_EQ(load(*space_, VirtualAddress{0x602fff}), std::nullopt);
    EXPECT_EQ(space_->set_break(VirtualAddress{0x700000}, 4096), VirtualAddress{0x601000});
}

TEST_F(MemorySpaceTest, programs_cannot_take_the_reserve) {
    const VirtualAddress start = map(8);
    leave_free_frames(reserved_frames + 3);
    u64 given = 0;
    while (given < 8 && store(*space_, start + given * page_size, 1) == FaultOutcome::Resolved) {
        ++given;
    }
    EXPECT_EQ(given, 3u);
    EXPECT_EQ(space_->resolve_fault(start + given * page_size, FaultAccess::Write),
              FaultOutcome::OutOfMemory);
    EXPECT_EQ(space_->copy().error(), Errno::Enomem);
}

TEST_F(MemorySpaceTest, places_are_chosen_as_asked) {
    const VirtualAddress fixed{0x10000000};
    const auto map_at = [&](VirtualAddress where, Placement placement) {
        return space_->map({.start = where, .end = where + page_size, .protection = read_write},
                           placement, no_limit);
    };
    EXPECT_EQ(map_at(fixed, Placement::Fixed).value(), fixed);
    EXPECT_EQ(map_at(fixed, Placement::FixedIfFree).error(), Errno::Eexist);
    EXPECT_NE(map_at(fixed, Placement::Anywhere).value(), fixed);
    EXPECT_EQ(map_at(fixed + 1, Placement::Fixed).error(), Errno::Einval);
    EXPECT_EQ(map_at(VirtualAddress{0}, Placement::Fixed).error(), Errno::Eperm);
    EXPECT_EQ(map_at(VirtualAddress{0x7ffffffff000}, Placement::Fixed).error(), Errno::Enomem);
}

}  // namespace
}  // namespace ringfence::kernel::testing
