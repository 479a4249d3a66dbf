// SPDX-License-Identifier: MIT
// The rules of isolation, as data. Their numbers are those under which docs/proof.md explains them.
#pragma once

#include <span>
#include <string_view>

#include "base/types.h"

namespace ringfence::audit {

enum class Rule : u8 {
    ClosedManifest,          // I1
    NothingLeftBehind,       // I2
    NoForeignGlobals,        // I3
    MirroredUserHalf,        // I4
    PoisonedUserHalf,        // I5
    UserFlushPaid,           // I6
    KernelFlushPaid,         // I7
    PcidsApart,              // I8
    RootRestored,            // I9
    SafeRootReached,         // I10
    InterruptsOff,           // I11
    SwitchCodeInBoth,        // I12
    DescriptorsMapped,       // I13
    RefusedFrameHandled,     // I15
    NoFlushOnlyUnowed,       // I18
    PathsMatchDesign,        // I19
    NothingToldOfTheKernel,  // I21
    TruthfulStatus,          // I22
    OwnTable,                // I23
};
inline constexpr usize rule_count = 19;

/// What decides whether a rule holds.
enum class Check : u8 {
    UserEntry,    ///< at the first instruction of user mode, each time
    RootWrite,    ///< at each load of CR3
    Translation,  ///< at each fill of a TLB
    Use,          ///< at each hit in a TLB, when every hit is walked again
    Event,        ///< at interrupts, and when they return
    Injection,    ///< by events before each instruction
    Report,       ///< by comparing what the kernel says of itself
};

struct RuleText {
    Rule rule;
    std::string_view id;         ///< "I1"
    std::string_view name;       ///< a few words, for tables
    std::string_view statement;  ///< one sentence
    Check check;
};

/// In the order of the enumeration.
[[nodiscard]] std::span<const RuleText, rule_count> rules();
[[nodiscard]] const RuleText& text_of(Rule rule);
/// The rule with the id `id`; null if there is none.
[[nodiscard]] const RuleText* find_rule(std::string_view id);

}  // namespace ringfence::audit
