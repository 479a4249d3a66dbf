// SPDX-License-Identifier: MIT
// The built-in machine as something to debug.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lab/gdb/debug_session.h"
#include "lab/gdb/target.h"
#include "lab/gdb/timeline.h"
#include "sim/machine/machine.h"

namespace ringfence::lab::gdb {

class MachineTarget final : public Target {
public:
    /// All outlive the target, which may put another machine in the place of `machine`.
    MachineTarget(std::unique_ptr<sim::machine::Machine>& machine, const DebugRequest& request,
                  RecordedIo& io, const sim::machine::ResumeConfig& resume)
        : machine_(machine), request_(request), timeline_(machine, io, resume, request.timed) {}

    [[nodiscard]] bool is_64_bit() const override { return request_.is_64_bit; }
    [[nodiscard]] DebugRegisters registers() override { return view().registers(); }
    [[nodiscard]] bool set_registers(const DebugRegisters& wanted) override;
    [[nodiscard]] bool read(Space space, u64 address, std::span<u8> out) override;
    [[nodiscard]] bool write(Space space, u64 address, std::span<const u8> bytes) override;
    [[nodiscard]] usize most_watches() const override {
        return sim::machine::DebugView::most_watched;
    }
    [[nodiscard]] Halt resume(Motion motion, const Stops& stops, Debugger& debugger) override;
    [[nodiscard]] std::string no_reverse() const override { return timeline_.no_history(); }
    [[nodiscard]] std::string monitor(std::string_view command) override;

    /// Runs on without a debugger. What `resume` found before to be the end is the end.
    sim::machine::MachineEnd run_to_end();

private:
    /// The last stop of a stretch of the past.
    struct Hit {
        Halt halt;
        u64 position = 0;  ///< where a debugger that comes from behind it stops
        u64 ordinal = 0;   ///< among the stretch's stops, counted from 1
    };
    struct Stretch {
        std::optional<Hit> last;
        bool interrupted = false;  ///< the debugger did not want to wait
    };

    [[nodiscard]] sim::machine::DebugView view() { return machine_->debug_view(); }
    void apply(const Stops& stops);
    Halt run_to(u64 instructions, Debugger& debugger);
    Halt stopped_at();
    Halt ended(const sim::machine::MachineEnd& end, Debugger& debugger);

    Halt step_back();
    Halt run_back(const Stops& stops, Debugger& debugger);
    Stretch search(u64 end, const Stops& stops, Debugger& debugger);
    void go_to_hit(usize moment, const Hit& hit, const Stops& stops);
    void go_to(u64 position);
    void go_to_moment(usize number);
    void machine_changed();

    std::unique_ptr<sim::machine::Machine>& machine_;
    const DebugRequest& request_;
    Timeline timeline_;
    Stops stops_;                 ///< the machine's
    std::vector<Watch> watches_;  ///< in the order in which the machine has them
    std::optional<sim::machine::MachineEnd> end_;
    bool end_was_shown_ = false;
};

}  // namespace ringfence::lab::gdb
