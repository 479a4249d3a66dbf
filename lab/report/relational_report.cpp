// SPDX-License-Identifier: MIT
#include "lab/report/relational_report.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "lab/report/numbers.h"
#include "lab/report/text_table.h"
#include "lab/report/timing_words.h"

namespace ringfence::lab::report {

namespace {

using Json = nlohmann::ordered_json;
using relational::Comparison;
using relational::Difference;
using relational::Names;
using sim::observe::TimingEvent;

std::string words_or_end(const std::optional<TimingEvent>& event) {
    return event ? what_happens(*event) : std::string("has ended");
}

std::string line_or_none(const std::optional<TimingEvent>& line) {
    return line ? line_words(*line) : std::string("no line");
}

/// What is shown of each run: the access for which a line comes, rather than the line.
const std::optional<TimingEvent>& shown(const std::optional<TimingEvent>& event,
                                        const std::optional<TimingEvent>& access) {
    return access ? access : event;
}

/// The event that says when and where: of whichever run has one.
const TimingEvent& named(const Difference& difference) {
    const auto& first = shown(difference.first, difference.first_access);
    return first ? *first : *shown(difference.second, difference.second_access);
}

bool has_event(const Difference& difference) {
    return difference.first || difference.second;
}

std::string hexadecimal(u64 number) {
    return fmt::format("{:#x}", number);
}

Json event_json(const TimingEvent& event) {
    Json object;
    object["kind"] = kind_name(event.kind);
    object["cycle"] = event.cycle;
    object["instruction"] = hexadecimal(event.rip.value());
    if (event.address.value() != 0) {
        object["address"] = hexadecimal(event.address.value());
    }
    if (event.physical.value() != 0) {
        object["physical"] = hexadecimal(event.physical.value());
    }
    return object;
}

Json line_json(const TimingEvent& line) {
    return {{"cache", cache_name(line.cache)},
            {"set", line.number},
            {"line", hexadecimal(line.physical.value())},
            {"cycle", line.cycle}};
}

/// Both runs' values of something, null where one has none.
template <typename Make>
Json pair_json(const std::optional<TimingEvent>& first, const std::optional<TimingEvent>& second,
               Make make) {
    return {first ? make(*first) : Json(nullptr), second ? make(*second) : Json(nullptr)};
}

Json difference_json(const Difference& difference, const Names& names) {
    Json object;
    if (has_event(difference)) {
        const TimingEvent& event = named(difference);
        object["cycle"] = event.cycle;
        object["symbol"] = names.code(event.rip);
        object["user"] = event.user;
        object["events"] = pair_json(difference.first, difference.second, event_json);
    } else {
        object["state"] = difference.field;
        object["values"] = {difference.first_value, difference.second_value};
    }
    if (difference.first_access || difference.second_access) {
        object["accesses"] =
            pair_json(difference.first_access, difference.second_access, event_json);
    }
    if (difference.first_line || difference.second_line) {
        object["lines"] = pair_json(difference.first_line, difference.second_line, line_json);
    }
    return object;
}

Json comparison_json(const Comparison& comparison, const Names& names) {
    Json object;
    object["instructions"] = comparison.instructions;
    object["user_entries"] = comparison.user_entries;
    object["events"] = comparison.events;
    object["states"] = comparison.states;
    object["difference"] =
        comparison.difference ? difference_json(*comparison.difference, names) : Json(nullptr);
    return object;
}

std::string control_cell(const relational::Result& result) {
    return !result.moment ? "-" : result.control.difference ? "differs" : "equal";
}

}  // namespace

std::string difference_line(const Difference& difference, const Names& names) {
    if (!has_event(difference)) {
        return fmt::format("the engine's state: {}: {} and {}", difference.field,
                           difference.first_value, difference.second_value);
    }
    const TimingEvent& event = named(difference);
    std::string line =
        fmt::format("cycle {}: {} ({}) {}; with the other secret it {}", grouped(event.cycle),
                    names.code(event.rip), event.user ? "user" : "kernel",
                    words_or_end(shown(difference.first, difference.first_access)),
                    words_or_end(shown(difference.second, difference.second_access)));
    if (difference.first_line || difference.second_line) {
        line += fmt::format(": {}, and {}", line_or_none(difference.first_line),
                            line_or_none(difference.second_line));
    }
    return line;
}

std::string relational_table(const std::vector<attack::AttackRun>& runs, const Names& names) {
    std::vector<std::vector<std::string>> rows = {{"cpu", "design", "method", "two secrets",
                                                   "control", "instructions", "user entries",
                                                   "events", "states"}};
    std::string lines;
    for (const attack::AttackRun& run : runs) {
        if (!run.reported || !run.relational) {
            continue;
        }
        const relational::Result& result = *run.relational;
        const std::string verdict = verdict_name(result.judgement.verdict);
        rows.push_back({run.setup.cpu, run.setup.label, method_name(run.method), verdict,
                        control_cell(result), grouped(result.secret.instructions),
                        grouped(result.secret.user_entries), grouped(result.secret.events),
                        grouped(result.secret.states)});
        const std::string where =
            fmt::format("{}, {}, {}: ", run.setup.cpu, run.setup.label, method_name(run.method));
        if (result.judgement.verdict == relational::Verdict::Broken) {
            lines += where + result.judgement.reason + "\n";
        } else if (result.secret.difference) {
            lines += where + difference_line(*result.secret.difference, names) + "\n";
        }
    }
    constexpr usize left_columns = 5;
    return text_table(rows, left_columns) + (lines.empty() ? "" : "\n" + lines);
}

Json relational_json(const relational::Result& result, const Names& names) {
    Json object;
    object["verdict"] = verdict_name(result.judgement.verdict);
    object["reason"] = result.judgement.reason;
    object["secret"] = comparison_json(result.secret, names);
    object["control"] = comparison_json(result.control, names);
    return object;
}

}  // namespace ringfence::lab::report
