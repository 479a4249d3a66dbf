// SPDX-License-Identifier: MIT
// The isolation monitor: an observer that puts the rules of audit/ to the test while any kernel
// runs, from outside it. What it looks at is what changed, so that a run goes on at nearly its
// speed; and it changes nothing: a watched run takes the same cycles.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lab/machine/backend.h"
#include "lab/prove/content_watch.h"
#include "lab/prove/descriptor_watch.h"
#include "lab/prove/ldt_watch.h"
#include "lab/prove/machine_tables.h"
#include "lab/prove/switch_watch.h"
#include "lab/prove/translation_watch.h"
#include "lab/prove/violation.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::prove {

class Monitor final : public sim::observe::Observer,
                      public machine::Spectator,
                      private ViolationSink {
public:
    /// How well a violation's instruction is known: its block, or itself. The second is slow.
    enum class Precision { Block, Instruction };

    /// Whether a program that runs on a kernel's root breaks the rules, or is one that was not to
    /// be isolated and is none of the monitor's business.
    enum class Scope { AllPrograms, IsolatedPrograms };

    /// `manifest` outlives the monitor.
    explicit Monitor(const audit::Manifest& manifest, Precision precision = Precision::Block,
                     Scope scope = Scope::AllPrograms)
        : manifest_(manifest), precision_(precision), scope_(scope) {}

    /// The machine to watch, before it runs (what making it may tell is not heard); another one
    /// later, to go on with that. It outlives the monitor, or the next call.
    void attach(sim::machine::Machine& machine) override;
    [[nodiscard]] sim::observe::Observer& observer() override { return *this; }

    /// What is known so far of a machine, without the machine.
    struct Past {
        audit::UserTables::Past tables;
        TranslationWatch::Past translations;
        DescriptorWatch::Past descriptors;
        ContentWatch::Past contents;
        SwitchWatch::Past switches;
    };
    [[nodiscard]] Past past() const;
    /// As `attach`, to a machine that goes on where the one of `past` was then.
    void go_on(sim::machine::Machine& machine, const Past& past);

    /// Each kind once, neighbouring pages together, in the order in which they were first seen. At
    /// most `most_kept`.
    [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
    /// Of all kinds.
    [[nodiscard]] u64 violation_count() const { return violation_count_; }
    [[nodiscard]] const CheckCounts& checks() const { return checks_; }
    /// Into programs that were looked at, and into those that were not.
    [[nodiscard]] u64 user_entries() const { return user_entries_; }
    [[nodiscard]] u64 entries_passed_over() const { return entries_passed_over_; }
    static constexpr usize most_kept = 64;

    void root_write(const sim::observe::RootWrite& write) override;
    void exception(const sim::observe::ExceptionEvent& event) override;
    void interrupt(const sim::observe::InterruptEvent& event) override;
    void user_entered(VirtualAddress target) override;
    void iret(VirtualAddress target, bool to_user) override;
    void translation_cached(const sim::observe::CachedTranslation& translation) override;
    void context_flushed(const sim::observe::FlushedContext& context) override;
    void watched_store(PhysicalAddress first, u64 bytes) override;
    void stale_translation(const sim::observe::StaleTranslation& stale) override;
    void instruction(const sim::observe::Executed& executed) override;
    [[nodiscard]] bool wants_translations() const override { return true; }
    [[nodiscard]] bool wants_instructions() const override {
        return precision_ == Precision::Instruction;
    }

private:
    /// What is made anew for each machine.
    struct Parts {
        Parts(sim::machine::Machine& of, const audit::Manifest& manifest, ViolationSink& sink);
        sim::machine::Machine& machine;
        sim::machine::DebugView view;
        MachineTables memory;
        audit::UserTables tables;
        TranslationWatch translations;
        DescriptorWatch descriptors;
        LdtWatch ldts;
        ContentWatch contents;
        SwitchWatch switches;
    };

    void checked(audit::Rule rule, u64 times) override;
    void violated(audit::Finding finding) override;
    [[nodiscard]] bool extends_known(const audit::Finding& finding);
    [[nodiscard]] VirtualAddress running_instruction() const;

    const audit::Manifest& manifest_;
    Precision precision_;
    Scope scope_;
    std::unique_ptr<Parts> parts_;
    std::vector<Violation> violations_;
    CheckCounts checks_{};
    u64 violation_count_ = 0;
    u64 user_entries_ = 0;
    u64 entries_passed_over_ = 0;
    VirtualAddress last_instruction_{};
};

}  // namespace ringfence::lab::prove
