// SPDX-License-Identifier: MIT
#include "lab/prove/monitor_watcher.h"

#include <fmt/format.h>

#include "lab/symbols/readable_names.h"

namespace ringfence::lab::prove {

void MonitorWatcher::attach(sim::machine::Machine& machine) {
    if (past_) {
        monitor_.go_on(machine, *past_);
        past_.reset();
    } else {
        monitor_.attach(machine);
    }
}

std::unique_ptr<Watcher> MonitorWatcher::copy() const {
    auto copy = std::make_unique<MonitorWatcher>(manifest_, symbols_, scope_);
    copy->past_ = past_ ? past_ : std::optional{monitor_.past()};
    return copy;
}

std::vector<std::string> MonitorWatcher::findings() const {
    std::vector<std::string> lines;
    for (const Violation& violation : monitor_.violations()) {
        const audit::Finding& finding = violation.finding;
        std::string line = fmt::format("{}: {}", audit::text_of(finding.rule).id, finding.what);
        if (finding.address.value() != 0) {
            line += " at " + symbols::describe(finding.address, symbols_);
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

}  // namespace ringfence::lab::prove
