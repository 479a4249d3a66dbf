// SPDX-License-Identifier: MIT
// A process's tables, read from outside the kernel: in the machine's memory, by the image's
// symbols.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "paging/walker.h"
#include "tests/kernel/guest.h"

namespace ringfence::kernel_tests {

/// Guest RAM, as paging::Walker reads it.
struct GuestTables {
    sim::machine::Machine* machine = nullptr;

    template <typename Word>
    [[nodiscard]] Word read(PhysicalAddress address) const {
        Word word{};
        if (!machine->read_physical(address, {reinterpret_cast<u8*>(&word), sizeof word})) {
            throw std::runtime_error("a table lies outside RAM");
        }
        return word;
    }
};

/// Where every program is isolated: whether a root is a process's user root.
[[nodiscard]] bool is_user_root(PhysicalAddress root);

/// Compares user roots with the manifest as docs/architecture.md states it.
class UserTableChecker {
public:
    void attach(Guest& guest);

    /// From now on a user root may also hold an LDT, and the entry stack once more for returns to
    /// 16-bit stacks, as docs/architecture.md states it.
    void allow_ldts() { ldts_allowed_ = true; }
    /// The frame of the LDT's first page in a user root; 0 if it has none.
    [[nodiscard]] PhysicalAddress ldt_frame(PhysicalAddress root) const;

    /// Fails the running test unless the root maps the user half and the manifest and nothing else,
    /// its user half is the kernel root's, but for the execute-disable bit there, and the kernel
    /// root's pages are not global.
    void check_user_root(PhysicalAddress root) const;
    /// What would fail it, in one line; empty if nothing would.
    [[nodiscard]] std::string fault_of_user_root(PhysicalAddress root) const;
    /// Fails the running test unless the root maps the kernel's text for the supervisor only.
    void check_kernel_root(PhysicalAddress root) const;
    /// Whether it does so by a global page.
    [[nodiscard]] bool kernel_is_global(PhysicalAddress root) const;

private:
    [[nodiscard]] std::string fault_of_supervisor_pages(PhysicalAddress root) const;
    [[nodiscard]] std::string fault_of_user_half(PhysicalAddress root) const;

    [[nodiscard]] bool is_of_ldt(const paging::Leaf& leaf, PhysicalAddress root) const;

    GuestTables tables_;
    std::vector<std::string> expected_;
    VirtualAddress kernel_text_;
    VirtualAddress entry_stack_;
    bool ldts_allowed_ = false;
};

}  // namespace ringfence::kernel_tests
