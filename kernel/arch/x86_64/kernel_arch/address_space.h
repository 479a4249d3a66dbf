// SPDX-License-Identifier: MIT
// The page tables of one process. In the isolated design they are a pair: the kernel table maps
// both halves, the user table the user half and the manifest; in the shared design one table does.
// Spaces of both designs may exist side by side, and each may change from one to the other.
// The core sees one address space with 4 KiB pages in its user half.
//
// One CPU: calls with the same object must not overlap; the caller may be interrupted.
#pragma once

#include <span>

#include "base/address.h"
#include "base/result.h"
#include "base/types.h"
#include "kernel_arch/design.h"
#include "kernel_arch/entry_setting.h"
#include "kernel_arch/pcid_allocator.h"
#include "kernel_arch/stale_group.h"

namespace ringfence::kernel::arch {

inline constexpr u64 page_size = 4 * kib;

class UserTlb;

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
    Result<void, MapError> create(Design design);

    [[nodiscard]] Design design() const { return design_; }
    /// The first half of a change of design, which may fail: takes the memory that it needs. After
    /// it, commit_design makes the change or drop_prepared gives the memory back.
    Result<void, MapError> prepare_design(Design design);
    /// The program's next instruction runs in the design that was prepared, wherever its threads
    /// are. Nothing if none was, or if it was so already. With interrupts off.
    void commit_design();
    void drop_prepared();

    /// Maps a page that is not mapped. Frame references are the caller's business.
    Result<void, MapError> map_page(VirtualAddress page, PhysicalAddress frame,
                                    PageProtection protection);
    /// Maps those pages from `first` on that are not mapped and for which `frames` has a frame (0:
    /// none). They are at most 64, and `mapped`, which is, lies in the same 2 MiB. The bits of
    /// those that it mapped, whose frames' references are the caller's business.
    u64 map_beside(VirtualAddress mapped, VirtualAddress first,
                   std::span<const PhysicalAddress> frames, PageProtection protection);
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

    /// What a child's space has of its parent's besides pages: a copy of its LDT. Once, before the
    /// child runs.
    Result<void, MapError> inherit(const AddressSpace& parent);
    /// Writes an entry of the LDT, which comes into being with the first one. `index` is below
    /// Ldt::most_entries; the descriptor is of a segment that user mode may load, or 0.
    Result<void, MapError> set_ldt_entry(unsigned index, u64 descriptor);
    /// Null if there is none.
    [[nodiscard]] const Ldt* ldt() const { return setting_.ldt(); }
    /// The end of the stack from which IRET must return to the 16-bit stack segment that `selector`
    /// is in the active space's LDT (ldt.h); 0 if it is none.
    static VirtualAddress aim_espfix_stack(u64 selector, u64 stack_pointer);

    /// From now on user addresses mean this space. With interrupts off, or before the first thread.
    void activate();
    /// Leaves to the kernel's own table, so that `this` may be destroyed.
    static void activate_kernel_only();
    [[nodiscard]] bool is_active() const;

    /// Walks the table that user mode runs on, and counts.
    struct Exposure {
        u64 supervisor_bytes = 0;  ///< that a program could try to read transiently
        u64 outside_manifest = 0;  ///< bytes of them that the manifest does not list
    };
    [[nodiscard]] Exposure exposure() const;

    /// Writes the user table's supervisor pages as text for a UserTables record (see
    /// kernel_arch/manifest.h); `process` is printed in front of each line.
    void send_user_table(u32 process) const;

private:
    struct Roots {
        PhysicalAddress kernel{};
        PhysicalAddress user{};
    };

    static Result<Roots, MapError> make_roots(Design design);
    void adopt(Roots roots, Design design);
    void release_roots();
    [[nodiscard]] UserTlb user_tlb();
    void invalidate(const StaleGroup& group);
    void release_ldt();

    friend class ChangeGroup;

    PhysicalAddress kernel_root_{};  ///< 0: not created
    PhysicalAddress user_root_{};    ///< equal to kernel_root_ in the shared design
    Roots prepared_{};               ///< of the other design; kernel 0: none
    Design design_ = Design::Shared;
    Ldt* ldt_ = nullptr;                             ///< owned
    EntrySetting setting_{Design::Shared, nullptr};  ///< of design_ and ldt_
    StaleGroup* group_ = nullptr;                    ///< of the ChangeGroup that lives
    PcidContext context_{};
    bool user_flush_owed_ = false;  ///< while not active: the user PCID has stale entries
};

/// While one lives, changes of a space only note what they make stale; its end invalidates all of
/// it at once. Until then nothing may use the addresses that changed, and the space stays as active
/// as it is. One within another does nothing.
class ChangeGroup {
public:
    explicit ChangeGroup(AddressSpace& space);
    ~ChangeGroup();
    ChangeGroup(const ChangeGroup&) = delete;
    ChangeGroup& operator=(const ChangeGroup&) = delete;

private:
    AddressSpace* space_;  ///< null: within another
    StaleGroup stale_;
};

}  // namespace ringfence::kernel::arch
