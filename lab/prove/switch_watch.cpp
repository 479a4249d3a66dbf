// SPDX-License-Identifier: MIT
#include "lab/prove/switch_watch.h"

#include "arch/x86/cr3.h"
#include "arch/x86/exception_vector.h"

namespace ringfence::lab::prove {

namespace {

using arch::x86::Cr3;
using arch::x86::ExceptionVector;
using audit::Rule;

}  // namespace

bool SwitchWatch::is_user_root(u64 cr3) const {
    return past_.began && context_.manifest.pair_bit != 0 &&
           context_.manifest.is_user_root(Cr3::root(cr3));
}

void SwitchWatch::root_written(const sim::observe::RootWrite& write) {
    const bool from_user_root = is_user_root(write.old_value);
    const bool to_user_root = is_user_root(write.new_value);
    check_pcid(write);
    if (from_user_root == to_user_root) {
        return;
    }
    const auto registers = context_.view.entry_registers();
    context_.sink.checked(Rule::InterruptsOff);
    if (registers.interrupt_flag) {
        context_.sink.violated({.rule = Rule::InterruptsOff,
                                .address = context_.view.running_block(),
                                .what = to_user_root
                                            ? "interrupts are on while the user root is loaded"
                                            : "interrupts are on while the user root is left"});
    }
    check_code(Cr3::root(write.new_value));
    check_pair(write);
}

/// Handlers of what comes in between have a root of their own, and give back what they found.
void SwitchWatch::check_pair(const sim::observe::RootWrite& write) {
    if (!past_.interrupted.empty()) {
        return;
    }
    const bool enters = is_user_root(write.new_value);
    const u64 late = enters ? late_cr3() : 0;
    const u64 from = late != 0 ? late : write.old_value;
    const PhysicalAddress to = Cr3::root(write.new_value);
    context_.sink.checked(Rule::OwnTable);
    if ((Cr3::root(from).value() ^ to.value()) != context_.manifest.pair_bit) {
        context_.sink.violated(
            {.rule = Rule::OwnTable,
             .address = context_.view.running_block(),
             .frame = to,
             .what = enters ? "a user root is loaded that is not of the kernel's pair"
                            : "a user root is left for a root that is not of its pair"});
        return;
    }
    const u64 kernels = enters ? from : write.new_value;
    if (context_.view.entry_registers().pcids && Cr3::pcid.get(kernels) == 0) {
        context_.sink.violated(
            {.rule = Rule::PcidsApart,
             .frame = Cr3::root(kernels),
             .what = "a program's kernel root has PCID 0, which is the kernel's own"});
    }
}

/// What the kernel has put off to load; 0: nothing.
u64 SwitchWatch::late_cr3() const {
    u64 cr3 = 0;
    const bool known =
        context_.manifest.late_root.value() != 0 &&
        context_.view.read(context_.manifest.late_root, {reinterpret_cast<u8*>(&cr3), sizeof(cr3)});
    return known ? cr3 : 0;
}

void SwitchWatch::cached(const sim::observe::CachedTranslation& translation) {
    if (!past_.began || translation.start >= context_.manifest.user_end ||
        is_user_root(translation.root)) {
        return;
    }
    const u64 late = late_cr3();
    context_.sink.checked(Rule::OwnTable);
    if (late != 0 && Cr3::root(late) != Cr3::root(translation.root)) {
        context_.sink.violated({.rule = Rule::OwnTable,
                                .address = translation.start,
                                .bytes = translation.bytes,
                                .frame = translation.physical,
                                .what = "the kernel touches the user half of a table that it does "
                                        "not work for"});
    }
}

void SwitchWatch::check_pcid(const sim::observe::RootWrite& write) {
    if (!past_.began || context_.manifest.pair_bit == 0 || !context_.view.entry_registers().pcids) {
        return;
    }
    const u16 pcid = static_cast<u16>(Cr3::pcid.get(write.new_value));
    const Use use = is_user_root(write.new_value) ? Use::User : Use::Kernel;
    Use& before = past_.pcid_use[pcid];
    context_.sink.checked(Rule::PcidsApart);
    if (before != Use::None && before != use) {
        context_.sink.violated({.rule = Rule::PcidsApart,
                                .frame = Cr3::root(write.new_value),
                                .what = "PCID " + std::to_string(pcid) +
                                        " is used for a user root and for a kernel root"});
    }
    before = use;
}

/// The code that switches is at the same place in both tables. Told before the switch.
void SwitchWatch::check_code(PhysicalAddress next_root) {
    const VirtualAddress code = context_.view.running_block();
    const PhysicalAddress here = Cr3::root(context_.view.entry_registers().cr3);
    context_.sink.checked(Rule::SwitchCodeInBoth);
    const auto now = context_.tables.translate(here, code);
    const auto next = context_.tables.translate(next_root, code);
    const auto frame = [&](const audit::Translation& of) { return of.frame + (code - of.start); };
    if (now && next && frame(*now) != frame(*next)) {
        context_.sink.violated(
            {.rule = Rule::SwitchCodeInBoth,
             .address = code,
             .frame = next->frame,
             .what = "the code that switches roots is another in the other table"});
    }
}

void SwitchWatch::kernel_interrupted(u8 vector, VirtualAddress rip, VirtualAddress fault_address) {
    const u64 cr3 = context_.view.entry_registers().cr3;
    if (!is_user_root(cr3)) {
        return;
    }
    past_.interrupted.push_back({rip, cr3});
    if (vector >= arch::x86::first_user_vector) {
        context_.sink.violated({.rule = Rule::InterruptsOff,
                                .address = rip,
                                .what = "interrupt " + std::to_string(vector) +
                                        " came while the kernel ran on a user root"});
    }
    if (vector == static_cast<u8>(ExceptionVector::PageFault) &&
        fault_address >= context_.manifest.kernel_start) {
        context_.sink.violated(
            {.rule = Rule::SafeRootReached,
             .address = fault_address,
             .what = "kernel code on a user root wanted memory that is not mapped"});
    }
}

void SwitchWatch::kernel_resumed(VirtualAddress target) {
    if (past_.interrupted.empty() || past_.interrupted.back().rip != target) {
        return;
    }
    const Interrupted before = past_.interrupted.back();
    past_.interrupted.pop_back();
    context_.sink.checked(Rule::RootRestored);
    if (context_.view.entry_registers().cr3 != before.cr3) {
        context_.sink.violated(
            {.rule = Rule::RootRestored,
             .address = target,
             .frame = Cr3::root(context_.view.entry_registers().cr3),
             .what = "an exception handler returned with another root or PCID than it "
                     "found"});
    }
}

}  // namespace ringfence::lab::prove
