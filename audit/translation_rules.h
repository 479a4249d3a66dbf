// SPDX-License-Identifier: MIT
// The rules for one translation, wherever it is kept.
#pragma once

#include <optional>

#include "audit/finding.h"
#include "audit/manifest.h"

namespace ringfence::audit {

/// A mapping with its effective rights: those that every level allows.
struct Translation {
    VirtualAddress start;
    PhysicalAddress frame;
    u64 bytes = 0;
    bool user = false;
    bool writable = false;
    bool executable = false;
    bool global = false;
};

/// What is wrong with a translation that is there while user mode runs, if anything is.
[[nodiscard]] std::optional<Finding> judge(const Translation& translation,
                                           const Manifest& manifest);

/// The same of the global bit alone, for translations that are there at any time: what is global
/// outlives every change of root.
[[nodiscard]] std::optional<Finding> judge_global(const Translation& translation,
                                                  const Manifest& manifest);

}  // namespace ringfence::audit
