// SPDX-License-Identifier: MIT
#include "audit/rule.h"

#include <algorithm>
#include <array>

namespace ringfence::audit {

namespace {

constexpr std::array<RuleText, rule_count> texts{{
    {Rule::ClosedManifest, "I1", "closed manifest",
     "user mode has no translation, in tables or in a TLB, of the kernel's memory outside the "
     "manifest",
     Check::UserEntry},
    {Rule::NothingLeftBehind, "I2", "nothing left behind",
     "the manifest's writable pages hold nothing of another process when user mode runs",
     Check::UserEntry},
    {Rule::NoForeignGlobals, "I3", "no foreign globals",
     "only the manifest's pages have global TLB entries while an isolated program runs",
     Check::UserEntry},
    {Rule::MirroredUserHalf, "I4", "mirrored user half",
     "the user half is the same in both roots of a pair", Check::UserEntry},
    {Rule::PoisonedUserHalf, "I5", "poisoned user half",
     "the kernel's root forbids execution in the user half", Check::UserEntry},
    {Rule::UserFlushPaid, "I6", "user flushes paid",
     "no translation that the tables no longer contain is left to user mode", Check::UserEntry},
    {Rule::KernelFlushPaid, "I7", "kernel flushes paid",
     "the kernel uses no translation that its tables no longer contain", Check::Use},
    {Rule::PcidsApart, "I8", "PCIDs apart", "no PCID is used for a user root and for a kernel root",
     Check::RootWrite},
    {Rule::RootRestored, "I9", "root restored",
     "what interrupts the entry or exit code gives CR3 back as it was", Check::Event},
    {Rule::SafeRootReached, "I10", "safe root reached",
     "an exception handler outside the manifest runs on a root that maps it", Check::Event},
    {Rule::InterruptsOff, "I11", "interrupts off",
     "no maskable interrupt can come while the kernel runs on a user root", Check::RootWrite},
    {Rule::SwitchCodeInBoth, "I12", "switch code in both",
     "what the user table maps of the manifest is what the kernel's table maps there",
     Check::UserEntry},
    {Rule::DescriptorsMapped, "I13", "descriptors mapped",
     "the user table maps the descriptor tables, the stacks and the first code of every entry",
     Check::UserEntry},
    {Rule::RefusedFrameHandled, "I15", "refused frames handled",
     "an IRET to user mode that faults is survived on whatever table and stack it happens",
     Check::Injection},
    {Rule::NoFlushOnlyUnowed, "I18", "no flush swallowed",
     "a load of CR3 that keeps translations keeps none of another root's", Check::RootWrite},
    {Rule::PathsMatchDesign, "I19", "paths match design",
     "an entry path that does not switch is used only where the user table maps the kernel",
     Check::UserEntry},
    {Rule::NothingToldOfTheKernel, "I21", "nothing told of the kernel",
     "the manifest's data hold no address of the kernel outside the manifest", Check::UserEntry},
    {Rule::TruthfulStatus, "I22", "truthful status",
     "what the kernel reports of its isolation is what is found from outside", Check::Report},
    {Rule::OwnTable, "I23", "own table",
     "a user root is left for the kernel's root of its pair, and entered only while the kernel "
     "works on that; it touches no other user half",
     Check::RootWrite},
}};

consteval bool in_order() {
    for (usize i = 0; i < texts.size(); ++i) {
        if (static_cast<usize>(texts[i].rule) != i) {
            return false;
        }
    }
    return true;
}
static_assert(in_order());

}  // namespace

std::span<const RuleText, rule_count> rules() {
    return texts;
}

const RuleText& text_of(Rule rule) {
    return texts[static_cast<usize>(rule)];
}

const RuleText* find_rule(std::string_view id) {
    const auto* const found = std::ranges::find(texts, id, &RuleText::id);
    return found == texts.end() ? nullptr : found;
}

}  // namespace ringfence::audit
