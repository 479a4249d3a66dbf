// SPDX-License-Identifier: MIT
// What the processor itself reads and writes when it enters the kernel is mapped in the user's
// table: descriptor tables, stacks, and the first code of every entry. [intel/vol3]: 6.14
#pragma once

#include <map>
#include <span>

#include "lab/prove/watch_context.h"

namespace ringfence::lab::prove {

class DescriptorWatch {
public:
    explicit DescriptorWatch(const WatchContext& context) : context_(context) {}

    /// User mode begins to run on `root`. `changed`: what its tables map of the kernel is not what
    /// it was.
    void user_begins(PhysicalAddress root, bool changed);
    /// A descriptor table or a TSS was stored to.
    void stored() { ++past_.version; }

    /// What the answer for a root depends on.
    struct Key {
        u64 version = 0;
        VirtualAddress gdt, idt, tss, syscall_target;
        u32 gdt_limit = 0, idt_limit = 0;
        bool operator==(const Key&) const = default;
    };
    /// What is known so far, to go on with in a machine of the same past.
    struct Past {
        std::map<u64, Key> good;  ///< by root
        u64 version = 1;
    };
    [[nodiscard]] const Past& past() const { return past_; }
    void go_on_from(const Past& past) { past_ = past; }

private:
    /// ThreadStack: RSP0, which the shared design points to a stack of the kernel's own.
    enum class Want : u8 { Read, Write, Execute, ThreadStack };

    void check_all(PhysicalAddress root, const Key& key);
    void check_gates(PhysicalAddress root, const Key& key);
    void want(PhysicalAddress root, VirtualAddress first, u64 bytes, Want want, const char* what);
    [[nodiscard]] bool read(PhysicalAddress root, VirtualAddress address, std::span<u8> out) const;

    WatchContext context_;
    Past past_;
};

}  // namespace ringfence::lab::prove
