// SPDX-License-Identifier: MIT
#include "lab/prove/ldt_watch.h"

#include <algorithm>

#include "arch/x86/segment_descriptor.h"

namespace ringfence::lab::prove {

namespace {

using audit::Rule;

/// A code or data segment of user mode that is not 64-bit, and that the processor need not mark as
/// accessed; or nothing. What else could be there would be a way into the kernel.
bool is_harmless(u64 descriptor) {
    using S = arch::x86::SegmentDescriptor;
    constexpr unsigned user = 3;
    return descriptor == 0 || (S::code_or_data.test(descriptor) && S::dpl.get(descriptor) == user &&
                               S::accessed.test(descriptor) && !S::long_mode.test(descriptor));
}

}  // namespace

void LdtWatch::user_begins(PhysicalAddress root) const {
    const auto part =
        std::ranges::find(context_.manifest.parts, audit::Content::Ldt, &audit::Part::content);
    if (part == context_.manifest.parts.end()) {
        return;
    }
    context_.sink.checked(Rule::DescriptorsMapped);
    const auto registers = context_.view.entry_registers();
    if (registers.has_ldt) {
        check_loaded(root, *part);
    } else if (context_.tables.translate(root, part->start)) {
        violated(Rule::DescriptorsMapped, part->start, page_size,
                 "the program's LDT is mapped, but not loaded");
    }
}

void LdtWatch::check_loaded(PhysicalAddress root, const audit::Part& part) const {
    const auto registers = context_.view.entry_registers();
    const u64 bytes = u64{registers.ldt_limit} + 1;
    if (!part.holds(registers.ldt) || bytes > part.bytes) {
        violated(Rule::DescriptorsMapped, registers.ldt, bytes,
                 "the LDT that is loaded is not where the manifest has it");
        return;
    }
    for (u64 offset = 0; offset < part.bytes; offset += page_size) {
        const VirtualAddress address = registers.ldt + offset;
        const auto mapped = context_.tables.translate(root, address);
        Page page{};
        if (mapped && context_.view.read(mapped->frame + (address - mapped->start),
                                         {reinterpret_cast<u8*>(page.data()), page_size})) {
            check_page(address, page, bytes - std::min(bytes, offset));
        } else if (offset < bytes) {
            violated(Rule::DescriptorsMapped, address, page_size,
                     "the LDT is not mapped in the user table");
        } else {
            return;
        }
    }
}

void LdtWatch::check_page(VirtualAddress address, const Page& page, u64 bytes_in_use) const {
    for (usize i = 0; i < page.size(); ++i) {
        const bool in_use = i * sizeof(u64) < bytes_in_use;
        if (in_use ? !is_harmless(page[i]) : page[i] != 0) {
            violated(Rule::ClosedManifest, address + i * sizeof(u64), sizeof(u64),
                     in_use ? "the LDT holds what is no segment of user mode"
                            : "foreign data lie behind the manifest's LDT");
        }
    }
}

void LdtWatch::violated(Rule rule, VirtualAddress address, u64 bytes, const char* what) const {
    context_.sink.violated({.rule = rule, .address = address, .bytes = bytes, .what = what});
}

}  // namespace ringfence::lab::prove
