// SPDX-License-Identifier: MIT
// A process's local descriptor table, and the stack by which IRET returns to 16-bit stack segments.
// Both are mapped for this process only, in both of its roots, in a root entry of their own below
// the image's: at addresses that tell nothing, and only once the program has asked for an LDT.
//
//   ldt_start      up to 16 pages, read-only: the processor reads them when user mode, the exit or
//                  the kernel loads a selector that names the LDT
//   espfix_start   4 GiB of addresses, of which one page is mapped: the entry stack once more, at
//                  the place whose address bits 31:16 are those of the program's stack pointer
//
// IRET to a 16-bit stack segment loads bits 15:0 of RSP and leaves the rest as the kernel had it:
// the program would lose bits 31:16 and learn the kernel's. Run from the second window, they are
// its own. [linux/abi]: arch/x86/kernel/espfix_64.c has 65,536 mappings that are always there
#pragma once

#include "base/address.h"
#include "base/result.h"
#include "base/types.h"
#include "kernel_arch/address_space.h"

namespace ringfence::kernel::arch {

inline constexpr VirtualAddress ldt_start{0xffff'ff00'0000'0000};
inline constexpr VirtualAddress espfix_start{0xffff'ff01'0000'0000};
inline constexpr u64 espfix_bytes = 4 * gib;
/// The root entry of both.
inline constexpr unsigned ldt_root_index = 510;

class Ldt {
public:
    static constexpr unsigned most_entries = 8192;
    static constexpr u64 most_bytes = most_entries * sizeof(u64);

    /// The roots of the address space that it belongs to, which map it. `tlb` consumes what that
    /// leaves stale.
    struct Place {
        PhysicalAddress kernel_root;
        PhysicalAddress user_root;  ///< equal to kernel_root in the shared design
        UserTlb& tlb;
    };

    Ldt() = default;
    Ldt(const Ldt&) = delete;
    Ldt& operator=(const Ldt&) = delete;

    /// How many entries there are, up to the last that was ever written.
    [[nodiscard]] unsigned entries() const { return entries_; }
    /// `index` is below entries().
    [[nodiscard]] u64 entry(unsigned index) const;
    /// Writes an entry below most_entries; the table grows to hold it. OutOfMemory leaves it as it
    /// was. Whoever has loaded the table must load it again, since its limit may be another.
    Result<void, MapError> set(unsigned index, u64 descriptor, Place place);
    /// Unmaps and frees all of it. Not while it is loaded.
    void release(Place place);

    /// Whether `selector` names a stack segment of this table whose stack pointer has 16 bits.
    [[nodiscard]] bool is_16bit_stack(u64 selector) const;
    /// Moves the one page of the window at espfix_start to where bits 31:16 are those of
    /// `stack_pointer`; the answer is the end of that page. is_16bit_stack was true.
    VirtualAddress aim_espfix_stack(u64 stack_pointer, Place place);

private:
    static constexpr unsigned most_pages = most_bytes / page_size;

    Result<void, MapError> map_table_page(unsigned number, Place place);
    Result<void, MapError> map_espfix_page(VirtualAddress page, Place place);

    PhysicalAddress pages_[most_pages]{};
    unsigned entries_ = 0;
    VirtualAddress espfix_page_{};  ///< 0: no entry ever was a 16-bit data segment
};

/// LLDT: `ldt` null means that every selector of the LDT faults. With the kernel's tables loaded.
void load_ldt(const Ldt* ldt);

}  // namespace ringfence::kernel::arch
