// SPDX-License-Identifier: MIT
// A program's address space: its regions, and the page tables that are filled in when pages are
// touched. Threads and vfork children share it.
#pragma once

#include <span>

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/entry_points.h"
#include "kernel/core/errors.h"
#include "kernel/core/fs/page_map.h"
#include "kernel/core/vm/isolation_setting.h"
#include "kernel/core/vm/region_set.h"
#include "kernel_arch/address_space.h"

namespace ringfence::kernel {

/// How an access to memory went.
enum class FaultOutcome : u8 {
    Resolved,
    NoRegion,     ///< SIGSEGV, SEGV_MAPERR
    Forbidden,    ///< SIGSEGV, SEGV_ACCERR
    BeyondFile,   ///< SIGBUS
    OutOfMemory,  ///< the program must die
};

/// Where mmap should put a mapping.
enum class Placement : u8 {
    Anywhere,     ///< the address is a hint
    Low,          ///< likewise, and in the second GiB (MAP_32BIT)
    Fixed,        ///< exactly there, whatever is there now
    FixedIfFree,  ///< exactly there, or Eexist
};

/// How far another program reaches that reads or writes this one's memory.
enum class Reach : u8 {
    AsProgram,  ///< as the program itself may
    Tracer,     ///< it may read what the program may not, and write to private pages of its
};

/// The addresses that execve chose.
struct MemoryLayout {
    VirtualAddress map_top;     ///< mmap goes downwards from here
    VirtualAddress heap_start;  ///< of brk
    VirtualAddress stack_top;
    u64 stack_limit = 0;                            ///< how far the stack may grow
    VirtualAddress arguments_start, arguments_end;  ///< for /proc
    VirtualAddress environment_start, environment_end;
    VirtualAddress auxiliary_start, auxiliary_end;  ///< of the auxiliary vector
    VirtualAddress code_start, code_end;
};

class MemorySpace final : public RefCounted, public Counted<MemorySpace> {
public:
    /// In the design that `isolation` asks for. Enomem if there is no memory for the tables.
    static Fallible<Ref<MemorySpace>> create(IsolationSetting isolation);
    ~MemorySpace() override;

    /// From now on user addresses mean this space.
    void activate();

    /// Maps `wanted` (whose `start` is the hint or place, and whose `end` gives the size).
    Fallible<VirtualAddress> map(Region wanted, Placement placement, u64 size_limit);
    Fallible<void> unmap(VirtualAddress start, u64 size);
    Fallible<void> protect(VirtualAddress start, u64 size, Protection protection);
    /// mremap. `target` is where it must go, if it must.
    Fallible<VirtualAddress> remap(VirtualAddress start, u64 old_size, u64 new_size, bool may_move,
                                   const VirtualAddress* target);
    /// Forgets the contents of private pages; they come back as zeroes or from their file.
    Fallible<void> forget(VirtualAddress start, u64 size);
    /// brk: the new end of the heap, or the old one if it cannot be moved.
    VirtualAddress set_break(VirtualAddress wanted, u64 data_limit);
    /// The same contents for a child, shared until somebody writes.
    Fallible<Ref<MemorySpace>> copy();
    /// Makes the page of `address` accessible in the way of `access`, if the program may.
    FaultOutcome resolve_fault(VirtualAddress address, FaultAccess access);
    /// Drops the pages of `file` from `first_page` on, because the file became shorter.
    void forget_file_pages(const Inode& file, u64 first_page);

    /// Copies to or from the program's memory, whichever space is active; how many bytes, all up to
    /// the first that cannot be reached. What is written to is the program's own copy.
    [[nodiscard]] u64 read_from_outside(VirtualAddress from, std::span<u8> to, Reach reach);
    [[nodiscard]] u64 write_from_outside(VirtualAddress to, std::span<const u8> from, Reach reach);

    [[nodiscard]] bool is_resident(VirtualAddress page) const;
    [[nodiscard]] u64 resident_pages() const { return resident_pages_; }
    [[nodiscard]] u64 most_resident_pages() const { return most_resident_pages_; }
    [[nodiscard]] const RegionSet& regions() const { return regions_; }
    [[nodiscard]] arch::AddressSpace& tables() { return tables_; }
    [[nodiscard]] VirtualAddress heap_end() const { return heap_end_; }
    void set_heap(VirtualAddress start) { layout.heap_start = heap_end_ = start; }

    /// No other space, of those that are gone, has it.
    [[nodiscard]] u64 serial_number() const { return serial_number_; }

    MemoryLayout layout;
    bool dumpable = true;        ///< those who may not do everything may look into it
    IsolationSetting isolation;  ///< what was asked for; tables() are so

private:
    MemorySpace();

    [[nodiscard]] Fallible<VirtualAddress> choose_place(const Region& wanted, u64 size,
                                                        Placement placement);
    Fallible<void> admit_change();
    void tell_files(VirtualAddress start, VirtualAddress end, void (Inode::*event)()) const;
    void release_pages(VirtualAddress start, VirtualAddress end);
    void hide_page(VirtualAddress page);
    Region* region_for(VirtualAddress address);
    [[nodiscard]] bool grow_stack(Region& stack, VirtualAddress address);
    FaultOutcome resolve_present(const Region& region, VirtualAddress page,
                                 const arch::Mapping& mapping, FaultAccess access);
    FaultOutcome resolve_absent(const Region& region, VirtualAddress page, FaultAccess access);
    Fallible<PhysicalAddress> frame_for(const Region& region, VirtualAddress page,
                                        FaultAccess access);
    void map_neighbours(const Region& region, VirtualAddress page);
    void count_resident(u64 pages);
    FaultOutcome install(const Region& region, VirtualAddress page, PhysicalAddress frame);
    Fallible<PhysicalAddress> frame_for_outsider(VirtualAddress address, FaultAccess access,
                                                 Reach reach);
    template <typename Visit>
    u64 visit_from_outside(VirtualAddress start, u64 bytes, FaultAccess access, Reach reach,
                           Visit visit);
    Fallible<PhysicalAddress> own_frame(const Region& region, VirtualAddress page);
    Fallible<PhysicalAddress> hidden_frame(const Region& region, VirtualAddress page,
                                           FaultAccess access);
    FaultOutcome copy_on_write(const Region& region, VirtualAddress page, PhysicalAddress old);
    Fallible<void> copy_pages_to(MemorySpace& child, const Region& region);
    Fallible<void> copy_hidden_to(MemorySpace& child, const Region& region);
    void move_pages(VirtualAddress from, VirtualAddress to, u64 size);
    Fallible<VirtualAddress> grow_or_move(const Region& old, u64 new_size, bool may_move,
                                          const VirtualAddress* target);
    [[nodiscard]] arch::PageProtection hardware_protection(const Region& region,
                                                           PhysicalAddress frame) const;

    u64 serial_number_;
    arch::AddressSpace tables_;
    RegionSet regions_;
    /// Pages with contents that the program may not touch now (PROT_NONE), by virtual page number.
    PageMap hidden_;
    VirtualAddress heap_end_;
    u64 resident_pages_ = 0;
    u64 most_resident_pages_ = 0;
};

/// A frame of zeroes that is shared read-only by all.
[[nodiscard]] PhysicalAddress zero_frame();

}  // namespace ringfence::kernel
