// SPDX-License-Identifier: MIT
#include "lab/prove/monitor.h"

#include <algorithm>

#include "arch/x86/cr3.h"

namespace ringfence::lab::prove {

using arch::x86::Cr3;
using audit::Rule;

Monitor::Parts::Parts(sim::machine::Machine& of, const audit::Manifest& manifest,
                      ViolationSink& sink)
    : machine(of),
      view(of.debug_view()),
      memory(view),
      tables(memory, manifest),
      translations({view, tables, manifest, sink}),
      descriptors({view, tables, manifest, sink}),
      ldts({view, tables, manifest, sink}),
      contents({view, tables, manifest, sink}),
      switches({view, tables, manifest, sink}) {}

void Monitor::attach(sim::machine::Machine& machine) {
    ViolationSink& sink = *this;
    parts_ = std::make_unique<Parts>(machine, manifest_, sink);
}

Monitor::Past Monitor::past() const {
    return {.tables = parts_->tables.past(),
            .translations = parts_->translations.past(),
            .descriptors = parts_->descriptors.past(),
            .contents = parts_->contents.past(),
            .switches = parts_->switches.past()};
}

void Monitor::go_on(sim::machine::Machine& machine, const Past& past) {
    attach(machine);
    parts_->tables.go_on_from(past.tables);
    parts_->translations.go_on_from(past.translations);
    parts_->descriptors.go_on_from(past.descriptors);
    parts_->contents.go_on_from(past.contents);
    parts_->switches.go_on_from(past.switches);
}

void Monitor::checked(Rule rule, u64 times) {
    checks_[static_cast<usize>(rule)] += times;
}

VirtualAddress Monitor::running_instruction() const {
    return precision_ == Precision::Instruction ? last_instruction_ : parts_->view.running_block();
}

/// Pages that follow each other are one violation, if the same is wrong with them.
bool Monitor::extends_known(const audit::Finding& finding) {
    const auto before = std::ranges::find_if(violations_, [&](const Violation& known) {
        return known.finding.rule == finding.rule && known.finding.what == finding.what &&
               finding.bytes != 0 && known.finding.bytes != 0 &&
               known.finding.address + known.finding.bytes == finding.address &&
               known.finding.frame + known.finding.bytes == finding.frame;
    });
    if (before == violations_.end()) {
        return false;
    }
    before->finding.bytes += finding.bytes;
    return true;
}

void Monitor::violated(audit::Finding finding) {
    ++violation_count_;
    if (extends_known(finding)) {
        return;
    }
    const auto same = std::ranges::find_if(violations_, [&](const Violation& known) {
        return known.finding.rule == finding.rule && known.finding.address == finding.address &&
               known.finding.what == finding.what;
    });
    if (same != violations_.end()) {
        ++same->times;
        return;
    }
    if (violations_.size() == most_kept) {
        return;
    }
    Violation violation{.finding = std::move(finding),
                        .instruction = running_instruction(),
                        .when = parts_->machine.counters().total_instructions()};
    const PhysicalAddress entry = violation.finding.entry;
    if (const auto store = parts_->tables.last_store(entry); store && entry.value() != 0) {
        violation.instruction = store->instruction;
        violation.when = store->when;
        violation.instruction_did_it = true;
    }
    violations_.push_back(std::move(violation));
}

/// Before the first instruction of user mode.
void Monitor::user_entered(VirtualAddress target) {
    Parts& parts = *parts_;
    const auto registers = parts.view.entry_registers();
    if (!registers.four_levels) {
        return;
    }
    const PhysicalAddress root = Cr3::root(registers.cr3);
    if (scope_ == Scope::IsolatedPrograms && !manifest_.is_user_root(root)) {
        ++entries_passed_over_;
        parts.switches.user_begins();
        return;
    }
    ++user_entries_;
    const u16 pcid = registers.pcids ? static_cast<u16>(Cr3::pcid.get(registers.cr3)) : u16{0};
    const u64 judged_before = parts.tables.entries_judged();
    audit::UserTables::Look look = parts.tables.look_at(root);
    checked(Rule::ClosedManifest, 1 + parts.tables.entries_judged() - judged_before);
    checked(Rule::MirroredUserHalf, 1);
    checked(Rule::PoisonedUserHalf, 1);
    for (audit::Finding& finding : look.findings) {
        violated(std::move(finding));
    }
    parts.translations.user_begins(root, pcid, look);
    parts.contents.user_begins(root, look.kernel_half);
    parts.descriptors.user_begins(root, look.kernel_half);
    parts.ldts.user_begins(root);
    parts.switches.user_begins();
    last_instruction_ = target;
}

void Monitor::root_write(const sim::observe::RootWrite& write) {
    if (parts_) {
        parts_->switches.root_written(write);
    }
}

void Monitor::exception(const sim::observe::ExceptionEvent& event) {
    if (!event.from_user) {
        parts_->switches.kernel_interrupted(event.vector, event.rip, event.address);
    }
}

void Monitor::interrupt(const sim::observe::InterruptEvent& event) {
    if (!event.from_user) {
        parts_->switches.kernel_interrupted(event.vector, event.rip, {});
    }
}

void Monitor::iret(VirtualAddress target, bool to_user) {
    if (!to_user) {
        parts_->switches.kernel_resumed(target);
    }
}

void Monitor::translation_cached(const sim::observe::CachedTranslation& translation) {
    if (parts_) {
        parts_->translations.cached(translation);
        parts_->switches.cached(translation);
    }
}

void Monitor::context_flushed(const sim::observe::FlushedContext& context) {
    if (parts_) {
        parts_->translations.flushed(context);
    }
}

void Monitor::watched_store(PhysicalAddress first, u64 bytes) {
    Parts& parts = *parts_;
    if (parts.contents.note_store(first, bytes)) {
        parts.descriptors.stored();
    }
    if (parts.tables.watches(first.align_down(4 * kib))) {
        parts.tables.note_store(first, bytes,
                                {.instruction = running_instruction(),
                                 .when = parts.machine.counters().total_instructions()});
    }
}

void Monitor::stale_translation(const sim::observe::StaleTranslation& stale) {
    const bool kernels = stale.address >= manifest_.kernel_start;
    const Rule rule = kernels ? Rule::KernelFlushPaid : Rule::UserFlushPaid;
    violated({.rule = rule,
              .address = stale.address.align_down(4 * kib),
              .bytes = 4 * kib,
              .frame = stale.cached,
              .what = std::string("an access used a translation that the tables do not contain ") +
                      "any more: its flush is missing"});
}

void Monitor::instruction(const sim::observe::Executed& executed) {
    last_instruction_ = executed.rip;
}

}  // namespace ringfence::lab::prove
