// SPDX-License-Identifier: MIT
#include "lab/prove/content_watch.h"

#include <algorithm>
#include <cstring>

#include "arch/x86/cr3.h"

namespace ringfence::lab::prove {

namespace {

using audit::Content;
using audit::Rule;

/// Where the processor puts the stack pointer that an event interrupted. Code that switches roots
/// may have CR3 in it for an instruction or two, and must have it back.
constexpr usize rsp_slot = 4 * kib / sizeof(u64) - 2;

bool is_data(Content content) {
    return is_descriptor_table(content) || content == Content::Stack || content == Content::Scratch;
}

}  // namespace

void ContentWatch::user_begins(PhysicalAddress root, bool changed) {
    if (changed) {
        find_pages(root);
    }
    context_.sink.checked(Rule::NothingLeftBehind);
    context_.sink.checked(Rule::NothingToldOfTheKernel);
    // What is its own to one process is foreign to the next.
    const bool other_root = root.value() != past_.last_root;
    past_.last_root = root.value();
    if (!past_.any_stored_to && !other_root) {
        return;
    }
    past_.any_stored_to = false;
    for (auto& [frame, page] : past_.pages) {
        const bool is_writable = page.part->writable;
        if (page.stored_to || (other_root && is_writable)) {
            page.stored_to = false;
            check(root, PhysicalAddress{frame}, page);
        }
    }
}

void ContentWatch::find_pages(PhysicalAddress root) {
    for (const audit::Part& part : context_.manifest.parts) {
        if (!is_data(part.content)) {
            continue;
        }
        for (u64 offset = 0; offset < part.bytes; offset += page_size) {
            const VirtualAddress address = part.start + offset;
            const auto mapped = context_.tables.translate(root, address);
            if (!mapped) {
                continue;
            }
            const PhysicalAddress frame = mapped->frame + (address - mapped->start);
            Page& page = past_.pages[frame.value()];
            if (page.part == nullptr) {
                page.part = &part;
                page.address = address;
                past_.any_stored_to = true;
                context_.view.watch_stores(frame);
            }
        }
    }
}

void ContentWatch::go_on_from(const Past& past) {
    past_ = past;
    for (const auto& [frame, page] : past_.pages) {
        context_.view.watch_stores(PhysicalAddress{frame});
    }
}

bool ContentWatch::note_store(PhysicalAddress first, u64 bytes) {
    const auto found = past_.pages.find(first.align_down(page_size).value());
    if (found == past_.pages.end()) {
        return false;
    }
    Page& page = found->second;
    page.stored_to = true;
    past_.any_stored_to = true;
    const u64 root = arch::x86::Cr3::root(context_.view.entry_registers().cr3).value() &
                     ~context_.manifest.pair_bit;
    const u64 start = first.offset_in(page_size) / sizeof(u64);
    const u64 last = (first.offset_in(page_size) + bytes - 1) / sizeof(u64);
    for (u64 word = start; word <= last; ++word) {
        page.stored_on[word] = root;
    }
    return is_descriptor_table(page.part->content);
}

void ContentWatch::check(PhysicalAddress root, PhysicalAddress frame, Page& page) {
    std::array<u64, words> content{};
    if (!context_.view.read(frame, {reinterpret_cast<u8*>(content.data()), page_size})) {
        return;
    }
    const auto registers = context_.view.entry_registers();
    const auto used = [&](VirtualAddress table, u64 limit) {
        const bool here = table.align_down(page_size) == page.address;
        return here ? table.offset_in(page_size) + limit + 1 : page_size;
    };
    switch (page.part->content) {
        case Content::Gdt:
            check_behind(page, content, used(registers.gdt, registers.gdt_limit));
            break;
        case Content::Idt:
            check_behind(page, content, used(registers.idt, registers.idt_limit));
            break;
        case Content::Tss:
            check_behind(page, content, used(registers.tss, registers.tss_limit));
            check_addresses(root, page, content, sizeof(u32));  // its words are not aligned
            break;
        case Content::Stack:
        case Content::Scratch:
            check_words(root, page, content);
            check_addresses(root, page, content, sizeof(u64));
            break;
        case Content::Text:
        case Content::Ldt:  // one process's own: LdtWatch
        case Content::Other:
            break;
    }
}

/// The rest of a descriptor table's page is nobody's.
void ContentWatch::check_behind(const Page& page, const std::array<u64, words>& content, u64 used) {
    const auto* const bytes = reinterpret_cast<const u8*>(content.data());
    const auto* const foreign = std::find_if(bytes + std::min(used, page_size), bytes + page_size,
                                             [](u8 byte) { return byte != 0; });
    if (foreign != bytes + page_size) {
        context_.sink.violated(
            {.rule = Rule::ClosedManifest,
             .address = page.address + static_cast<u64>(foreign - bytes),
             .bytes = 1,
             .what = "foreign data lie behind the manifest's " + page.part->name});
    }
}

void ContentWatch::check_words(PhysicalAddress root, const Page& page,
                               const std::array<u64, words>& content) {
    const u64 own = root.value() & ~context_.manifest.pair_bit;
    const u64 cr3 = context_.view.entry_registers().cr3;
    for (usize i = 0; i < words; ++i) {
        const bool is_interrupted_rsp = page.part->content == Content::Stack && i == rsp_slot;
        if (is_root_of(content[i], cr3) && !is_interrupted_rsp && !is_users_own(content[i])) {
            context_.sink.violated(
                {.rule = Rule::NothingToldOfTheKernel,
                 .address = page.address + i * sizeof(u64),
                 .bytes = sizeof(u64),
                 .what = "the manifest's " + page.part->name + " holds a value of CR3"});
        }
        const u64 from = page.stored_on[i];
        if (content[i] < audit::first_telling_value || from == 0 || from == own ||
            context_.manifest.reaches(VirtualAddress{content[i]}) || is_users_own(content[i])) {
            continue;
        }
        context_.sink.violated({.rule = Rule::NothingLeftBehind,
                                .address = page.address + i * sizeof(u64),
                                .bytes = sizeof(u64),
                                .what = "the manifest's " + page.part->name +
                                        " holds what was stored there for another process"});
    }
}

void ContentWatch::check_addresses(PhysicalAddress root, const Page& page,
                                   const std::array<u64, words>& content, u64 step) {
    const auto kernel_root = context_.manifest.kernel_root_of(root);
    if (!kernel_root) {
        return;
    }
    const auto* const bytes = reinterpret_cast<const u8*>(content.data());
    for (u64 at = 0; at + sizeof(u64) <= page_size; at += step) {
        u64 value = 0;
        std::memcpy(&value, bytes + at, sizeof value);
        const VirtualAddress address{value};
        if (address < context_.manifest.kernel_start || context_.manifest.reaches(address) ||
            is_users_own(value) || !context_.tables.translate(*kernel_root, address)) {
            continue;
        }
        context_.sink.violated(
            {.rule = Rule::NothingToldOfTheKernel,
             .address = page.address + at,
             .bytes = sizeof(u64),
             .what = "the manifest's " + page.part->name + " holds an address of the kernel"});
    }
}

/// The user's CR3, or the kernel's of the pair: without the bits of the user root and PCID.
bool ContentWatch::is_root_of(u64 value, u64 user_cr3) const {
    constexpr u64 user_pcid = bit(11);  // as the kernel's PCID and the user's differ
    return value == user_cr3 || value == (user_cr3 & ~(context_.manifest.pair_bit | user_pcid));
}

/// A program may hold any number in its registers, and what entered the kernel may have pushed it.
bool ContentWatch::is_users_own(u64 value) const {
    const auto registers = context_.view.general_registers();
    return std::ranges::find(registers, value) != registers.end();
}

}  // namespace ringfence::lab::prove
