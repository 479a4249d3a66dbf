// SPDX-License-Identifier: MIT
#include "lab/prove/conclusion.h"

#include <cstdio>

#include "lab/message.h"
#include "lab/prove/watched_run.h"
#include "lab/report/prove_report.h"

namespace ringfence::lab::prove {

void say_what_was_seen(const Monitor& monitor, const sim::observe::SymbolTable& symbols) {
    if (monitor.violation_count() == 0) {
        say("monitor: every rule held at {} entries into user mode", monitor.user_entries());
        return;
    }
    say("monitor: isolation does not hold ({} violations)", monitor.violation_count());
    const std::string text = report::violations_text(name_all(monitor.violations(), symbols));
    std::fputs(text.c_str(), stderr);
}

}  // namespace ringfence::lab::prove
