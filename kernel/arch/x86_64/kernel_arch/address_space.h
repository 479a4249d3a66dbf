// SPDX-License-Identifier: MIT
// The page tables of one process. In the isolated design they are a pair: the kernel table maps
// both halves, the user table the user half and the manifest; in the shared design one table does.
// The core sees one address space with 4 KiB pages in its user half.
//
// One CPU: calls with the same object must not overlap; the caller may be interrupted.
#pragma once

#include "base/address.h"
#include "base/result.h"
#include "base/types.h"
#include "kernel_arch/pcid_allocator.h"

namespace ringfence::kernel::arch {

inline constexpr u64 page_size = 4 * kib;

/// What a program may do with a page it can read. A page that it may not even read is not mapped.
struct PageProtection {
    bool writable = false;
    bool executable = false;
    constexpr bool operator==(const PageProtection&) const = default;
};

enum class MapError : u8 {
    OutOfMemory,    ///< no frame for a table
    BadAddress,     ///< not page-aligned or not in the user half
    AlreadyMapped,  ///< map_page only
    NotMapped,      ///< unmap_page and protect_page only
};

/// A present page.
struct Mapping {
    PhysicalAddress frame;
    PageProtection protection;
    bool accessed = false;
    bool dirty = false;
};

class AddressSpace {
public:
    /// Empty and unusable until `create`.
    AddressSpace() = default;
    /// The user half must be empty (release_all) and the object not active.
    ~AddressSpace();
    AddressSpace(const AddressSpace&) = delete;
    AddressSpace& operator=(const AddressSpace&) = delete;

    /// Makes the tables: the kernel's half filled in, the user's empty. Once only.
    Result<void, MapError> create();

    /// Maps a page that is not mapped. Frame references are the caller's business.
    Result<void, MapError> map_page(VirtualAddress page, PhysicalAddress frame,
                                    PageProtection protection);
    /// The mapping that was there. No CPU uses it any more when this returns.
    Result<Mapping, MapError> unmap_page(VirtualAddress page);
    /// Replaces the protection of a mapped page, frame and accessed/dirty bits kept.
    Result<void, MapError> protect_page(VirtualAddress page, PageProtection protection);
    /// Exchanges frame and protection of a mapped page in one step, as copy-on-write does.
    Result<void, MapError> replace_page(VirtualAddress page, PhysicalAddress frame,
                                        PageProtection protection);
    /// The mapping of the page that holds `address`, or NotMapped.
    [[nodiscard]] Result<Mapping, MapError> lookup(VirtualAddress address) const;

    /// Calls `visit(context, page, mapping)` for each page of [start, end) in ascending order.
    using Visitor = void (*)(void* context, VirtualAddress page, const Mapping& mapping);
    void for_each_page(VirtualAddress start, VirtualAddress end, Visitor visit,
                       void* context) const;
    /// Unmaps the whole user half and frees its tables; `visit` (may be null) gets each page.
    void release_all(Visitor visit, void* context);

    /// From now on user addresses mean this space. With interrupts off, or before the first thread.
    void activate();
    /// Leaves to the kernel's own table, so that `this` may be destroyed.
    static void activate_kernel_only();
    [[nodiscard]] bool is_active() const;

    /// Writes the user table's supervisor pages as text for a UserTables record (see
    /// kernel_arch/manifest.h); `process` is printed in front of each line.
    void send_user_table(u32 process) const;

private:
    PhysicalAddress kernel_root_{};  ///< 0: not created
    PhysicalAddress user_root_{};    ///< equal to kernel_root_ in the shared design
    PcidContext context_{};
    bool user_flush_owed_ = false;  ///< while not active: the user PCID has stale entries
};

}  // namespace ringfence::kernel::arch
