// SPDX-License-Identifier: MIT
// The monitor as the watcher of runs into which events are injected.
#pragma once

#include <optional>

#include "lab/prove/monitor.h"
#include "lab/prove/watcher.h"

namespace ringfence::lab::prove {

class MonitorWatcher final : public Watcher {
public:
    /// Both outlive it and its copies.
    MonitorWatcher(const audit::Manifest& manifest, const sim::observe::SymbolTable& symbols,
                   Monitor::Scope scope)
        : manifest_(manifest),
          symbols_(symbols),
          scope_(scope),
          monitor_(manifest, Monitor::Precision::Block, scope) {}

    [[nodiscard]] sim::observe::Observer& observer() override { return monitor_; }
    void attach(sim::machine::Machine& machine) override;
    [[nodiscard]] std::unique_ptr<Watcher> copy() const override;
    [[nodiscard]] std::vector<std::string> findings() const override;

    [[nodiscard]] const Monitor& monitor() const { return monitor_; }

private:
    const audit::Manifest& manifest_;
    const sim::observe::SymbolTable& symbols_;
    Monitor::Scope scope_;
    Monitor monitor_;
    std::optional<Monitor::Past> past_{};  ///< to go on from
};

}  // namespace ringfence::lab::prove
