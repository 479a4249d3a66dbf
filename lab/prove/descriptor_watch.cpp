// SPDX-License-Identifier: MIT
#include "lab/prove/descriptor_watch.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "arch/x86/exception_vector.h"
#include "arch/x86/idt_gate.h"
#include "arch/x86/task_state_segment.h"

namespace ringfence::lab::prove {

namespace {

using arch::x86::IdtGate64;
using arch::x86::TaskStateSegment64;
using audit::Rule;

constexpr u64 page_size = 4 * kib;
constexpr unsigned stack_count = 8;  ///< RSP0, and IST1 to IST7

/// Whether a processor here can deliver the vector: not those that are reserved, or are of what
/// none has (virtualization, control-flow enforcement, SEV). [intel/vol3]: 6.3.1, table 6-1
bool can_come(u64 vector) {
    constexpr std::array reserved = {9, 15};
    constexpr u64 first_unknown = 20;
    return vector >= arch::x86::first_user_vector ||
           (vector < first_unknown &&
            std::ranges::find(reserved, static_cast<int>(vector)) == reserved.end());
}
/// What an interrupt pushes: five words, an error code, and what alignment skips.
constexpr u64 frame_bytes = 64;

template <typename T>
std::span<u8> bytes_of(T& object) {
    return {reinterpret_cast<u8*>(&object), sizeof object};
}

}  // namespace

/// Page by page, as `root` maps them; false where it does not.
bool DescriptorWatch::read(PhysicalAddress root, VirtualAddress address, std::span<u8> out) const {
    while (!out.empty()) {
        const auto page = context_.tables.translate(root, address);
        if (!page) {
            return false;
        }
        const u64 offset = address - page->start;
        const usize bytes = std::min(out.size(), page->bytes - offset);
        if (!context_.view.read(page->frame + offset, out.first(bytes))) {
            return false;
        }
        address += bytes;
        out = out.subspan(bytes);
    }
    return true;
}

void DescriptorWatch::user_begins(PhysicalAddress root, bool changed) {
    const auto registers = context_.view.entry_registers();
    const Key key{.version = past_.version,
                  .gdt = registers.gdt,
                  .idt = registers.idt,
                  .tss = registers.tss,
                  .syscall_target = registers.syscall_target,
                  .gdt_limit = registers.gdt_limit,
                  .idt_limit = registers.idt_limit};
    context_.sink.checked(Rule::DescriptorsMapped);
    Key& good = past_.good[root.value()];
    if (!changed && good == key) {
        return;
    }
    good = key;
    check_all(root, key);
}

void DescriptorWatch::want(PhysicalAddress root, VirtualAddress first, u64 bytes, Want want,
                           const char* what) {
    const VirtualAddress last = first + (bytes - 1);
    for (VirtualAddress page = first.align_down(page_size); page <= last; page += page_size) {
        const auto mapped = context_.tables.translate(root, page);
        const bool missing =
            !mapped || ((want == Want::Write || want == Want::ThreadStack) && !mapped->writable) ||
            (want == Want::Execute && !mapped->executable);
        if (!missing) {
            continue;
        }
        const auto kernel_root = context_.manifest.kernel_root_of(root);
        // The stack of the other design's entry paths.
        const bool of_shared = want == Want::ThreadStack && !mapped && kernel_root &&
                               context_.tables.translate(*kernel_root, page).has_value();
        context_.sink.violated(
            {.rule = of_shared ? Rule::PathsMatchDesign : Rule::DescriptorsMapped,
             .address = page,
             .bytes = page_size,
             .what = std::string(what) +
                     (!mapped ? " is not mapped in the user table"
                              : " is mapped without the rights that the processor needs")});
    }
}

void DescriptorWatch::check_all(PhysicalAddress root, const Key& key) {
    context_.sink.checked(Rule::PathsMatchDesign);
    want(root, key.gdt, u64{key.gdt_limit} + 1, Want::Read, "the GDT");
    want(root, key.idt, u64{key.idt_limit} + 1, Want::Read, "the IDT");
    want(root, key.tss, sizeof(TaskStateSegment64), Want::Read, "the TSS");
    want(root, key.syscall_target, 1, Want::Execute, "the code that SYSCALL goes to");
    if (key.tss.offset_in(page_size) + sizeof(TaskStateSegment64) > page_size) {
        context_.sink.violated({.rule = Rule::DescriptorsMapped,
                                .address = key.tss,
                                .bytes = sizeof(TaskStateSegment64),
                                .what = "the TSS crosses a page"});
    }
    check_gates(root, key);
}

void DescriptorWatch::check_gates(PhysicalAddress root, const Key& key) {
    TaskStateSegment64 tss{};
    if (!read(root, key.tss, bytes_of(tss))) {
        return;  // said above
    }
    std::array<bool, stack_count> stacks{true};  // RSP0: any gate, and faults of IRET
    std::set<u64> handlers;
    for (u64 at = 0; at + sizeof(IdtGate64) <= u64{key.idt_limit} + 1; at += sizeof(IdtGate64)) {
        IdtGate64 gate{};
        if (can_come(at / sizeof(IdtGate64)) && read(root, key.idt + at, bytes_of(gate)) &&
            IdtGate64::present.test(gate.low)) {
            stacks[IdtGate64::ist.get(gate.low)] = true;
            handlers.insert(gate.offset());
        }
    }
    for (const u64 handler : handlers) {
        want(root, VirtualAddress{handler}, 1, Want::Execute, "the code of a gate");
    }
    for (unsigned i = 0; i < stack_count; ++i) {
        u64 top = 0;
        const u64 offset = i == 0 ? arch::x86::TaskStateSegment64Offset::rsp(0)
                                  : arch::x86::TaskStateSegment64Offset::ist(i);
        std::memcpy(&top, reinterpret_cast<const u8*>(&tss) + offset, sizeof top);
        if (stacks[i]) {
            want(root, VirtualAddress{top - frame_bytes}, frame_bytes,
                 i == 0 ? Want::ThreadStack : Want::Write,
                 i == 0 ? "the stack for interrupts of user mode" : "an interrupt stack");
        }
    }
}

}  // namespace ringfence::lab::prove
