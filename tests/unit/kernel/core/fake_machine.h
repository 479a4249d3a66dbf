// SPDX-License-Identifier: MIT
// The kernel's core on the host: physical memory is an array, page tables are ordinary maps, and
// user memory is reached through them exactly as the core set them up.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "kernel/core/memory/frame_allocator.h"
#include "kernel/core/process/process.h"
#include "kernel/core/vm/memory_space.h"

namespace ringfence::kernel::testing {

/// Frames of the invented machine.
inline constexpr u64 machine_frames = 4096;

/// Fresh physical memory for each test, and a check that the test gave all of it back.
class KernelTest : public ::testing::Test {
protected:
    KernelTest();
    ~KernelTest() override;
    KernelTest(const KernelTest&) = delete;
    KernelTest& operator=(const KernelTest&) = delete;

    /// Frees frames until only `count` are left, by holding the others.
    void leave_free_frames(u64 count);
    void release_held_frames();

private:
    std::vector<PhysicalAddress> held_;
    u64 free_at_start_ = 0;
};

/// What a program would see at `address`; faults pages in. Nothing if it would be killed for it.
std::optional<u8> load(MemorySpace& space, VirtualAddress address);
FaultOutcome store(MemorySpace& space, VirtualAddress address, u8 value);
/// The number of pages that `space` has in its page tables.
u64 mapped_pages(MemorySpace& space);

/// What arch::system_design answers.
extern arch::Design design_of_system;
/// After so many, preparing a change of design fails for want of memory.
extern u64 designs_that_can_be_prepared;

/// The clock; moves only when a test moves it.
extern u64 now;

}  // namespace ringfence::kernel::testing
