// SPDX-License-Identifier: MIT
// What user mode's tables may hold of the kernel: a closed list, with the reason for each part.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/address.h"

namespace ringfence::audit {

/// Where the halves of 48-bit addresses end and begin. [intel/vol1]: 3.3.7.1
inline constexpr u64 half_bytes = 128 * 1024 * gib;
inline constexpr VirtualAddress lower_half_end{half_bytes};
inline constexpr VirtualAddress upper_half_start = lower_half_end - 2 * half_bytes;

/// What lies in a part, which decides what its bytes may be.
enum class Content : u8 {
    Text,     ///< code
    Gdt,      ///< a global descriptor table, and nothing behind its limit
    Idt,      ///< an interrupt descriptor table
    Tss,      ///< a task-state segment, and nothing behind its limit
    Ldt,      ///< a program's own descriptor table: user segments, and nothing behind its limit
    Stack,    ///< frames of entries
    Scratch,  ///< words that entry code needs before it has a stack
    Other,    ///< not looked at
};

/// Whether the processor reads it by itself.
[[nodiscard]] constexpr bool is_descriptor_table(Content content) {
    return content == Content::Gdt || content == Content::Idt || content == Content::Tss ||
           content == Content::Ldt;
}

/// Words of stacks that are less are selectors, vectors, error codes and flags: the same in every
/// process.
inline constexpr u64 first_telling_value = u64{1} << 22;

struct Part {
    std::string name;
    std::string reason;
    VirtualAddress start;
    u64 bytes = 0;  ///< whole pages
    bool writable = false;
    bool executable = false;
    bool user = false;  ///< user mode may access it as its own (a vsyscall page)
    Content content = Content::Other;

    [[nodiscard]] bool holds(VirtualAddress address) const { return address - start < bytes; }
};

/// Physical memory that no page of user mode's own may show.
struct PrivateFrames {
    std::string name;
    PhysicalAddress start;
    u64 bytes = 0;
};

struct Manifest {
    std::string name;
    std::vector<Part> parts;
    std::vector<PrivateFrames> private_frames;
    /// The address bit in which the two roots of a pair differ, as a mask; set in the user's. 0:
    /// roots are not paired, and rules about pairs are not checked.
    u64 pair_bit = 0;
    /// Where a kernel that turns to a program before it loads the program's kernel root keeps that
    /// root as CR3, and 0 if it is loaded. 0: it loads roots at once.
    VirtualAddress late_root;
    /// Where user mode's half ends, and where the kernel's begins.
    VirtualAddress user_end = lower_half_end;
    VirtualAddress kernel_start = upper_half_start;

    /// The part that holds `address`; null if none does.
    [[nodiscard]] const Part* find(VirtualAddress address) const;
    /// Whether a part holds `address` or ends at it: a stack's first address is one past its page.
    [[nodiscard]] bool reaches(VirtualAddress address) const;
    [[nodiscard]] const PrivateFrames* find_private(PhysicalAddress first, u64 bytes) const;
    [[nodiscard]] bool is_user_root(PhysicalAddress root) const {
        return pair_bit == 0 || (root.value() & pair_bit) != 0;
    }
    /// The kernel's root of the pair that `root` belongs to.
    [[nodiscard]] std::optional<PhysicalAddress> kernel_root_of(PhysicalAddress root) const;
};

}  // namespace ringfence::audit
