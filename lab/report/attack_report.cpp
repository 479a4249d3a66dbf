// SPDX-License-Identifier: MIT
#include "lab/report/attack_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lab/report/numbers.h"
#include "lab/report/relational_report.h"
#include "lab/report/sha256.h"
#include "lab/report/text_table.h"

namespace ringfence::lab::report {

namespace {

using abi::control::IsolationRequest;
using attack::AttackRun;
using Json = nlohmann::ordered_json;

std::string requested_name(IsolationRequest requested) {
    return requested == IsolationRequest::On    ? "on"
           : requested == IsolationRequest::Off ? "off"
                                                : "auto";
}

std::string fraction(const attack::Tally& tally) {
    return fmt::format("{}/{}", tally.right, tally.all);
}

/// A table is read by people: a kernel that says nothing of itself is "?".
std::vector<std::string> status_cells(const AttackRun& run) {
    if (!run.isolation) {
        return {"?", "?", "?", effectiveness(run)};
    }
    return {run.isolation->required != 0 ? "yes" : "no", requested_name(run.isolation->requested),
            run.isolation->enabled != 0 ? "yes" : "no", effectiveness(run)};
}

Json status_of(const AttackRun& run) {
    Json status;
    if (run.isolation) {
        status["required"] = run.isolation->required != 0;
        status["requested"] = requested_name(run.isolation->requested);
        status["enabled"] = run.isolation->enabled != 0;
    }
    status["effective"] = effectiveness(run);
    return status;
}

Json run_of(const AttackRun& run) {
    Json object;
    object["cpu"] = run.setup.cpu;
    object["design"] = design_name(run.setup.design);
    object["pcid"] = run.setup.pcid;
    object["method"] = method_name(run.method);
    object["verdict"] = verdict_name(run.judgement.verdict);
    object["reason"] = run.judgement.reason;
    object["secret_bytes"] = run.evidence.secret.all;
    object["recovered_bytes"] = run.evidence.secret.right;
    constexpr double tenths = 10;
    object["bytes_per_second"] = std::round(run.bytes_per_second * tenths) / tenths;
    object["control"] = {{"recovered_bytes", run.evidence.control.right},
                         {"secret_bytes", run.evidence.control.all}};
    if (run.calibration) {
        object["calibration"] = {{"hit", run.calibration->hit},
                                 {"miss", run.calibration->miss},
                                 {"threshold", run.calibration->threshold}};
    }
    object["status"] = status_of(run);
    object["instructions"] = run.instructions;
    if (run.cycles) {
        object["cycles"] = *run.cycles;
    }
    return object;
}

Json start_document(const AttackInputs& inputs) {
    Json document;
    document["schema"] = "ringfence.attack/1";
    document["seed"] = inputs.seed;
    document["kernel_sha256"] = sha256(inputs.kernel);
    if (!inputs.what_if.empty()) {
        document["what_if"] = inputs.what_if;
    }
    return document;
}

std::string text_of(const Json& document) {
    constexpr int indent = 2;
    return document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<std::string> hexadecimal(const std::vector<u64>& addresses) {
    std::vector<std::string> texts;
    for (const u64 address : addresses) {
        texts.push_back(fmt::format("{:#x}", address));
    }
    return texts;
}

}  // namespace

std::string attack_table(const std::vector<AttackRun>& runs) {
    std::vector<std::vector<std::string>> rows = {{"cpu", "design", "method", "verdict", "required",
                                                   "requested", "enabled", "effective", "control",
                                                   "secret", "bytes/s"}};
    std::vector<std::string> reasons;
    for (const AttackRun& run : runs) {
        if (!run.reported) {
            continue;
        }
        std::vector<std::string> row = {run.setup.cpu, run.setup.label, method_name(run.method),
                                        verdict_name(run.judgement.verdict)};
        const auto status = status_cells(run);
        row.insert(row.end(), status.begin(), status.end());
        row.push_back(fraction(run.evidence.control));
        row.push_back(fraction(run.evidence.secret));
        row.push_back(grouped(static_cast<u64>(std::llround(run.bytes_per_second))));
        rows.push_back(std::move(row));
        const std::string reason =
            verdict_name(run.judgement.verdict) + ": " + run.judgement.reason;
        if (std::ranges::find(reasons, reason) == reasons.end()) {
            reasons.push_back(reason);
        }
    }
    constexpr usize left_columns = 8;
    std::string text = text_table(rows, left_columns) + "\n";
    for (const std::string& reason : reasons) {
        text += reason + "\n";
    }
    return text;
}

std::string attack_json(const AttackInputs& inputs, const std::vector<AttackRun>& runs) {
    Json document = start_document(inputs);
    document["runs"] = Json::array();
    for (const AttackRun& run : runs) {
        if (run.reported) {
            document["runs"].push_back(run_of(run));
            if (run.relational) {
                document["runs"].back()["relational"] =
                    relational_json(*run.relational, *inputs.names);
            }
        }
    }
    return text_of(document);
}

std::string probe_table(const std::vector<attack::ProbeRun>& runs) {
    std::vector<std::vector<std::string>> rows = {
        {"cpu", "design", "probe", "finds", "at", "mapped", "unmapped"}};
    for (const attack::ProbeRun& run : runs) {
        rows.push_back({run.setup.cpu, run.setup.label, run.probe, location_name(run.location),
                        fmt::format("{}", fmt::join(hexadecimal(run.output.found), " ")),
                        fmt::format("{}", run.output.mapped),
                        fmt::format("{}", run.output.unmapped)});
    }
    constexpr usize left_columns = 5;
    return text_table(rows, left_columns);
}

std::string probe_json(const AttackInputs& inputs, const std::vector<attack::ProbeRun>& runs) {
    Json document = start_document(inputs);
    document["probes"] = Json::array();
    for (const attack::ProbeRun& run : runs) {
        document["probes"].push_back(
            {{"cpu", run.setup.cpu},
             {"design", design_name(run.setup.design)},
             {"pcid", run.setup.pcid},
             {"probe", run.probe},
             {"finds", location_name(run.location)},
             {"addresses", hexadecimal(run.output.found)},
             {"control", {{"mapped", run.output.mapped}, {"unmapped", run.output.unmapped}}}});
    }
    return text_of(document);
}

}  // namespace ringfence::lab::report
