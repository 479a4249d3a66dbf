// SPDX-License-Identifier: MIT
// Writes down when a run comes to which place.
#pragma once

#include <optional>

#include "lab/prove/kernel_paths.h"
#include "lab/prove/place.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::prove {

class PathRecorder : public sim::observe::Observer {
public:
    explicit PathRecorder(const KernelPaths& paths) : paths_(paths) {}
    /// The machine that it belongs to, before that runs.
    void attach(sim::machine::Machine& machine) { machine_ = &machine; }

    void instruction(const sim::observe::Executed& executed) override;
    void syscall(VirtualAddress /*rip*/) override { entered_by_ = Place::system_call; }
    void exception(const sim::observe::ExceptionEvent& event) override;
    void interrupt(const sim::observe::InterruptEvent& event) override;
    [[nodiscard]] bool wants_instructions() const override { return true; }

    [[nodiscard]] const Occurrences& occurrences() const { return occurrences_; }

protected:
    void pause() { machine_->pause(); }

private:
    struct Step {
        Moment moment;
        bool user;
        bool in_paths;
    };
    /// `place` lacks what follows from the step.
    void enter_place(const Step& step, Place place);

    const KernelPaths& paths_;
    sim::machine::Machine* machine_ = nullptr;
    std::optional<Step> last_;
    u16 entered_by_ = Place::no_entry;
    Occurrences occurrences_;
};

/// Of the way of the first event of a vector, from its delivery to its IRET, the instructions of
/// the paths. The run pauses behind the IRET.
class WayRecorder final : public PathRecorder {
public:
    WayRecorder(const KernelPaths& paths, u8 vector) : PathRecorder(paths), vector_(vector) {}

    void exception(const sim::observe::ExceptionEvent& event) override;
    void interrupt(const sim::observe::InterruptEvent& event) override;
    void iret(VirtualAddress target, bool to_user) override;
    void instruction(const sim::observe::Executed& executed) override;

private:
    enum class Phase : u8 { Before, Within, Over };
    void begin(u8 vector, VirtualAddress rip);

    u8 vector_;
    Phase phase_ = Phase::Before;
    VirtualAddress interrupted_;
};

}  // namespace ringfence::lab::prove
