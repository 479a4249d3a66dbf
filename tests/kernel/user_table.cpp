// SPDX-License-Identifier: MIT
#include "tests/kernel/user_table.h"

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "arch/x86/pte_4level.h"
#include "paging/formats/x86_4level.h"
#include "paging/walker.h"

namespace ringfence::kernel_tests {

namespace {

using arch::x86::Pte4Level;
using paging::Leaf;
using paging::X86FourLevel;

constexpr u64 page = 4 * kib;
constexpr u64 user_root_bit = page;
constexpr unsigned user_root_entries = 256;
constexpr VirtualAddress kernel_half{0xffff'8000'0000'0000};
constexpr VirtualAddress last_address{~u64{0}};
constexpr VirtualAddress ldt_start{0xffff'ff00'0000'0000};
constexpr u64 most_ldt_bytes = 64 * kib;
constexpr VirtualAddress espfix_start{0xffff'ff01'0000'0000};
constexpr u64 espfix_bytes = 4 * gib;

/// A supervisor page of a user table, as text: what a comparison prints.
std::string describe(const Leaf& leaf) {
    return fmt::format("{:#x}+{:#x} {}{}{} {}", leaf.start.value(), leaf.size,
                       leaf.attributes.writable ? 'w' : '-', leaf.attributes.executable ? 'x' : '-',
                       leaf.attributes.user ? 'u' : 's',
                       leaf.attributes.global ? "global" : "local");
}

/// The manifest as docs/architecture.md states it: entry and exit text, and the entry area's pages.
std::vector<std::string> expected_pages(const lab::machine::KernelImage& kernel) {
    const auto at = [&](const char* name) { return kernel.symbols().address_of(name).value(); };
    std::vector<std::string> pages;
    const auto add = [&](VirtualAddress start, bool writable, bool executable) {
        pages.push_back(describe(
            {.start = start,
             .size = page,
             .attributes = {.writable = writable, .executable = executable, .global = true}}));
    };
    for (const char* part : {"entry", "exit"}) {
        const VirtualAddress end = at(fmt::format("__{}_text_end", part).c_str());
        for (VirtualAddress start = at(fmt::format("__{}_text_start", part).c_str()); start < end;
             start += page) {
            add(start, false, true);
        }
    }
    const VirtualAddress area = at("__entry_area");
    for (const u64 read_only : {0, 1, 2}) {  // GDT, IDT, TSS
        add(area + read_only * page, false, false);
    }
    for (const u64 written : {3, 5, 7, 9, 11, 13}) {  // scratch; entry, #DF, NMI, #MC, #DB stacks
        add(area + written * page, true, false);
    }
    std::sort(pages.begin(), pages.end());
    return pages;
}

}  // namespace

bool is_user_root(PhysicalAddress root) {
    return (root.value() & user_root_bit) != 0;
}

void UserTableChecker::attach(Guest& guest) {
    tables_.machine = &guest.machine();
    expected_ = expected_pages(guest.kernel());
    kernel_text_ = guest.kernel().symbols().address_of("__text_start").value();
    entry_stack_ = guest.kernel().symbols().address_of("__entry_area").value() + 5 * page;
}

void UserTableChecker::check_user_root(PhysicalAddress root) const {
    ASSERT_EQ(fault_of_user_root(root), "") << "user root " << root.value();
}

std::string UserTableChecker::fault_of_user_root(PhysicalAddress root) const {
    if (std::string fault = fault_of_supervisor_pages(root); !fault.empty()) {
        return fault;
    }
    if (std::string fault = fault_of_user_half(root); !fault.empty()) {
        return fault;
    }
    return kernel_is_global(root - user_root_bit) ? "the kernel's text is global" : "";
}

void UserTableChecker::check_kernel_root(PhysicalAddress root) const {
    const auto text = paging::Walker<X86FourLevel, GuestTables>(tables_, root).find(kernel_text_);
    ASSERT_TRUE(text.ok()) << "kernel root " << root.value();
    ASSERT_FALSE(text.value().attributes.user);
}

bool UserTableChecker::kernel_is_global(PhysicalAddress root) const {
    const auto text = paging::Walker<X86FourLevel, GuestTables>(tables_, root).find(kernel_text_);
    return text.ok() && text.value().attributes.global;
}

std::string UserTableChecker::fault_of_supervisor_pages(PhysicalAddress root) const {
    std::vector<std::string> found;
    const paging::Walker<X86FourLevel, GuestTables> walker(tables_, root);
    unsigned espfix_pages = 0;
    walker.for_each_leaf({kernel_half, last_address}, [&](const Leaf& leaf) {
        espfix_pages += leaf.start - espfix_start < espfix_bytes ? 1 : 0;
        if (!(ldts_allowed_ && espfix_pages <= 1 && is_of_ldt(leaf, root))) {
            found.push_back(describe(leaf));
        }
    });
    std::sort(found.begin(), found.end());
    std::vector<std::string> differing;
    std::ranges::set_symmetric_difference(found, expected_, std::back_inserter(differing));
    return differing.empty() ? ""
                             : fmt::format("not as the manifest: {}", fmt::join(differing, ", "));
}

bool UserTableChecker::is_of_ldt(const Leaf& leaf, PhysicalAddress root) const {
    const auto& rights = leaf.attributes;
    if (leaf.size != page || rights.executable || rights.user || rights.global) {
        return false;
    }
    if (leaf.start - ldt_start < most_ldt_bytes) {
        return !rights.writable;
    }
    const auto stack = paging::Walker<X86FourLevel, GuestTables>(tables_, root).find(entry_stack_);
    return leaf.start - espfix_start < espfix_bytes && stack.ok() &&
           leaf.frame == stack.value().frame;
}

PhysicalAddress UserTableChecker::ldt_frame(PhysicalAddress root) const {
    const auto first = paging::Walker<X86FourLevel, GuestTables>(tables_, root).find(ldt_start);
    return first.ok() ? first.value().frame : PhysicalAddress{};
}

/// Equal in both roots, but for the execute-disable bit that the kernel's root adds.
std::string UserTableChecker::fault_of_user_half(PhysicalAddress root) const {
    const PhysicalAddress kernel_root = root - user_root_bit;
    for (unsigned i = 0; i < user_root_entries; ++i) {
        const u64 ours = tables_.read<u64>(root + i * sizeof(u64));
        const u64 kernels = tables_.read<u64>(kernel_root + i * sizeof(u64));
        const u64 ignored = Pte4Level::accessed.mask;
        if (!Pte4Level::present.test(ours) && !Pte4Level::present.test(kernels)) {
            continue;
        }
        if (Pte4Level::nx.test(ours) ||
            (kernels & ~ignored) != ((ours | Pte4Level::nx.mask) & ~ignored)) {
            return fmt::format("root entry {} is {:#x}, the kernel root's {:#x}", i, ours, kernels);
        }
    }
    return "";
}

}  // namespace ringfence::kernel_tests
