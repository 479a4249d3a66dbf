// SPDX-License-Identifier: MIT
#include "lab/report/prove_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lab/report/numbers.h"
#include "lab/report/sha256.h"
#include "lab/report/text_table.h"

namespace ringfence::lab::report {

namespace {

using prove::NamedViolation;
using prove::Proof;
using prove::WatchedRun;
using Json = nlohmann::ordered_json;

std::string setup_name(const WatchedRun& run) {
    return fmt::format("{}, {}{}", run.setup.cpu, run.setup.label,
                       run.strict ? ", every TLB hit walked again" : "");
}

std::string with_name(VirtualAddress address, const std::string& name) {
    return name.empty() ? fmt::format("{:#x}", address.value())
                        : fmt::format("{:#x} ({})", address.value(), name);
}

void append_violation(std::string& out, const NamedViolation& named) {
    const prove::Violation& violation = named.violation;
    const audit::Finding& finding = violation.finding;
    const audit::RuleText& rule = audit::text_of(finding.rule);
    out += fmt::format("  {} {}: {}\n", rule.id, rule.name, finding.what);
    if (finding.address.value() != 0) {
        out += fmt::format("      address      {}", with_name(finding.address, named.address_name));
        out += finding.bytes > 1 ? fmt::format(", {} bytes\n", finding.bytes) : "\n";
    }
    if (finding.frame.value() != 0) {
        out += fmt::format("      frame        {:#x}\n", finding.frame.value());
    }
    if (finding.entry.value() != 0) {
        out += fmt::format("      table entry  {:#x}\n", finding.entry.value());
    }
    out +=
        fmt::format("      {}  {}\n", violation.instruction_did_it ? "stored by  " : "seen at    ",
                    with_name(violation.instruction, named.instruction_name));
    out += fmt::format("      after        {} instructions; {} time{}\n", violation.when,
                       violation.times, violation.times == 1 ? "" : "s");
}

Json json_of(const NamedViolation& named) {
    const prove::Violation& violation = named.violation;
    const audit::Finding& finding = violation.finding;
    return {{"rule", audit::text_of(finding.rule).id},
            {"what", finding.what},
            {"address", finding.address.value()},
            {"address_name", named.address_name},
            {"bytes", finding.bytes},
            {"frame", finding.frame.value()},
            {"entry", finding.entry.value()},
            {"instruction", violation.instruction.value()},
            {"instruction_name", named.instruction_name},
            {"instruction_did_it", violation.instruction_did_it},
            {"after_instructions", violation.when},
            {"times", violation.times}};
}

Json json_of(const WatchedRun& run) {
    Json checks = Json::object();
    for (const audit::RuleText& rule : audit::rules()) {
        checks[std::string(rule.id)] = run.checks[static_cast<usize>(rule.rule)];
    }
    Json violations = Json::array();
    for (const NamedViolation& violation : run.violations) {
        violations.push_back(json_of(violation));
    }
    return {{"cpu", run.setup.cpu},
            {"design", design_name(run.setup.design)},
            {"pcid", run.setup.pcid},
            {"program", run.program},
            {"strict", run.strict},
            {"instructions", run.instructions},
            {"user_entries", run.user_entries},
            {"entries_passed_over", run.entries_passed_over},
            {"checks", std::move(checks)},
            {"violation_count", run.violation_count},
            {"violations", std::move(violations)},
            {"problem", run.problem}};
}

}  // namespace

std::string violations_text(const std::vector<NamedViolation>& violations) {
    std::string out;
    for (const NamedViolation& violation : violations) {
        append_violation(out, violation);
    }
    return out;
}

namespace {

std::string rules_table(const Proof& proof) {
    std::vector<std::vector<std::string>> rows{{"rule", "", "checks", "violations"}};
    for (const audit::RuleText& rule : audit::rules()) {
        u64 checks = 0;
        u64 violations = 0;
        for (const WatchedRun& run : proof.runs) {
            checks += run.checks[static_cast<usize>(rule.rule)];
            for (const NamedViolation& named : run.violations) {
                violations += named.violation.finding.rule == rule.rule ? named.violation.times : 0;
            }
        }
        rows.push_back({std::string(rule.id), std::string(rule.name),
                        checks == 0 && violations == 0 ? "-" : grouped(checks),
                        grouped(violations)});
    }
    return text_table(rows, 2);
}

std::string runs_table(const Proof& proof) {
    constexpr usize name_columns = 3;
    std::vector<std::vector<std::string>> runs{
        {"machine", "program", "result", "entries into user mode", "instructions"}};
    for (const WatchedRun& run : proof.runs) {
        const std::string result = run.violation_count != 0 ? "does not hold"
                                   : !run.problem.empty()   ? "cannot be told"
                                   : run.user_entries == 0  ? "never ran user mode"
                                                            : "holds";
        runs.push_back({setup_name(run), run.program, result, grouped(run.user_entries),
                        grouped(run.instructions)});
    }
    std::string out = text_table(runs, name_columns);
    for (const WatchedRun& run : proof.runs) {
        if (!run.violations.empty() || !run.problem.empty()) {
            out += fmt::format("\n{}: {}\n", setup_name(run), run.program);
            out += run.problem.empty() ? "" : fmt::format("  {}\n", run.problem);
            out += violations_text(run.violations);
        }
    }
    return out;
}

std::string injections_table(const Proof& proof) {
    constexpr usize name_columns = 2;
    std::vector<std::vector<std::string>> rows{
        {"machine", "event", "places", "runs", "at once", "later", "never", "survived"}};
    std::string failures;
    for (const prove::InjectedRun& run : proof.injected) {
        const std::string name = fmt::format("{}, {}", run.setup.cpu, run.setup.label);
        for (const prove::InjectionKindResult& kind : run.result.kinds) {
            rows.push_back({name, std::string(prove::name_of(kind.kind)), grouped(kind.places),
                            grouped(kind.runs), grouped(kind.delivered), grouped(kind.waited),
                            grouped(kind.never_came), grouped(kind.survived)});
            for (const prove::InjectionFailure& failure : kind.failures) {
                failures += fmt::format("  {}: {} before {}: {}\n", name, prove::name_of(kind.kind),
                                        failure.place, failure.what);
            }
        }
        for (const std::string& finding : run.result.calm_findings) {
            failures += fmt::format("  {}: without an event: {}\n", name, finding);
        }
    }
    return text_table(rows, name_columns) + (failures.empty() ? "" : "\n" + failures);
}

std::string mutations_table(const Proof& proof) {
    constexpr usize left_columns = 4;
    std::vector<std::vector<std::string>> rows{{"mutation", "breaks", "noticed by", "how"}};
    usize caught = 0;
    for (const prove::MutationResult& result : proof.mutations) {
        caught += result.is_caught() ? 1 : 0;
        rows.push_back(
            {result.mutation->name, fmt::format("{}", fmt::join(result.mutation->breaks, " ")),
             result.caught_by.empty() ? "NOTHING"
                                      : fmt::format("{}", fmt::join(result.caught_by, " ")),
             result.control.empty() ? result.evidence : "WITHOUT IT, TOO: " + result.control});
    }
    return text_table(rows, left_columns) +
           fmt::format("{} of {} mutations are noticed by a rule that they break\n", caught,
                       proof.mutations.size());
}

Json json_of(const prove::InjectedRun& run) {
    Json kinds = Json::array();
    for (const prove::InjectionKindResult& kind : run.result.kinds) {
        Json failures = Json::array();
        for (const prove::InjectionFailure& failure : kind.failures) {
            failures.push_back({{"place", failure.place}, {"what", failure.what}});
        }
        Json exclusions = Json::array();
        for (const prove::InjectionExclusion& exclusion : kind.exclusions) {
            exclusions.push_back({{"places", exclusion.places}, {"reason", exclusion.reason}});
        }
        kinds.push_back({{"event", prove::name_of(kind.kind)},
                         {"places", kind.places},
                         {"runs", kind.runs},
                         {"delivered", kind.delivered},
                         {"waited", kind.waited},
                         {"never_came", kind.never_came},
                         {"survived", kind.survived},
                         {"failures", std::move(failures)},
                         {"exclusions", std::move(exclusions)}});
    }
    return {{"cpu", run.setup.cpu},
            {"design", design_name(run.setup.design)},
            {"pcid", run.setup.pcid},
            {"program", run.program},
            {"places", run.result.places},
            {"path_instructions", run.result.path_instructions},
            {"unreached", run.result.unreached.size()},
            {"kinds", std::move(kinds)}};
}

Json json_of(const prove::MutationResult& result) {
    return {{"name", result.mutation->name},       {"meaning", result.mutation->meaning},
            {"history", result.mutation->history}, {"breaks", result.mutation->breaks},
            {"caught", result.is_caught()},        {"caught_by", result.caught_by},
            {"evidence", result.evidence},         {"control", result.control}};
}

template <typename Rows>
Json array_of(const Rows& rows) {
    Json array = Json::array();
    for (const auto& row : rows) {
        array.push_back(json_of(row));
    }
    return array;
}

}  // namespace

std::string prove_table(const Proof& proof) {
    std::string out;
    const auto add = [&](const std::string& part) { out += (out.empty() ? "" : "\n") + part; };
    if (!proof.runs.empty()) {
        add(rules_table(proof));
        add(runs_table(proof));
    }
    if (!proof.injected.empty()) {
        add(injections_table(proof));
    }
    if (!proof.mutations.empty()) {
        add(mutations_table(proof));
    }
    return out;
}

std::string prove_json(std::string_view kernel, const Proof& proof) {
    const Json document = {{"schema", "ringfence.prove/1"},
                           {"kernel_sha256", sha256(kernel)},
                           {"manifest", proof.manifest},
                           {"holds", proof.holds()},
                           {"runs", array_of(proof.runs)},
                           {"injected", array_of(proof.injected)},
                           {"mutations", array_of(proof.mutations)}};
    return document.dump(2) + "\n";
}

}  // namespace ringfence::lab::report
