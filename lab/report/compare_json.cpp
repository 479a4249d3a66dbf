// SPDX-License-Identifier: MIT
#include "lab/report/compare_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "lab/report/cost_json.h"
#include "lab/report/cost_rows.h"
#include "lab/report/sha256.h"

namespace ringfence::lab::report {

namespace {

using Json = nlohmann::ordered_json;

void put(Json& object, const char* name, std::optional<u64> value) {
    if (value) {
        object[name] = *value;
    }
}

Json places_of(const RunResult& result) {
    Json places = Json::object();
    put(places, "user", result.at(Metric::User));
    put(places, "entry", result.at(Metric::Entry));
    put(places, "kernel", result.at(Metric::Kernel));
    put(places, "exit", result.at(Metric::Exit));
    return places;
}

Json entries_of(const RunResult& result) {
    Json entries = Json::object();
    put(entries, "syscall", result.at(Metric::Syscalls));
    put(entries, "interrupt", result.at(Metric::Interrupts));
    put(entries, "page_fault", result.at(Metric::PageFaults));
    return entries;
}

/// Rounded to a hundredth of a percent, so that it reads well. `base` is not 0.
double percent_more(u64 value, u64 base) {
    constexpr double hundredths = 100.0;
    const double ratio = static_cast<double>(value) / static_cast<double>(base);
    return std::round((ratio - 1.0) * 100.0 * hundredths) / hundredths;
}

/// The difference to the shared design.
void put_difference(Json& object, const char* name, Metric metric, const RunResult& result,
                    const RunResult& baseline) {
    const auto value = result.at(metric);
    const auto base = baseline.at(metric);
    if (!value || !base) {
        return;
    }
    Json& difference = object[name];
    difference["absolute"] = static_cast<i64>(*value) - static_cast<i64>(*base);
    if (*base != 0) {
        difference["percent"] = percent_more(*value, *base);
    }
}

Json differences_of(const RunResult& result, const RunResult& baseline) {
    Json object = Json::object();
    const auto add = [&](const char* name, Metric metric) {
        put_difference(object, name, metric, result, baseline);
    };
    add("cycles", Metric::Cycles);
    add("instructions", Metric::Instructions);
    add("user", Metric::User);
    add("entry", Metric::Entry);
    add("kernel", Metric::Kernel);
    add("exit", Metric::Exit);
    add("syscall", Metric::Syscalls);
    add("interrupt", Metric::Interrupts);
    add("page_fault", Metric::PageFaults);
    add("context_switches", Metric::ContextSwitches);
    add("root_writes", Metric::RootWrites);
    return object;
}

/// What isolation costs a run beyond the shared design on its processor, by cause.
Json overhead_of(const RunResult& result, const RunResult& baseline) {
    Json object;
    object["cpu"] = result.setup.cpu;
    object["pcid"] = result.setup.pcid;
    const u64 cycles = result.stack->total();
    const u64 base = baseline.stack->total();
    object["cycles"] = static_cast<i64>(cycles) - static_cast<i64>(base);
    object["percent"] = percent_more(cycles, base);
    const auto rows = cost_rows(*result.stack);
    const auto base_rows = cost_rows(*baseline.stack);
    for (usize i = 0; i < rows.size(); ++i) {
        object["stack"][std::string(rows[i].key)] =
            static_cast<i64>(rows[i].cycles) - static_cast<i64>(base_rows[i].cycles);
    }
    return object;
}

Json run_of(const RunResult& result, const RunResult* baseline) {
    Json run;
    run["cpu"] = result.setup.cpu;
    run["design"] = design_name(result.setup.design);
    run["pcid"] = result.setup.pcid;
    run["exit_status"] = shell_status(result.exit);
    run["stdout_sha256"] = sha256(result.output);
    run["stderr_sha256"] = sha256(result.error);
    put(run, "cycles", result.at(Metric::Cycles));
    put(run, "instructions", result.at(Metric::Instructions));
    if (result.at(Metric::User)) {
        run["instructions_by_place"] = places_of(result);
    }
    put(run, "boot_instructions", result.boot_instructions);
    run["entries"] = entries_of(result);
    put(run, "context_switches", result.at(Metric::ContextSwitches));
    put(run, "root_writes", result.at(Metric::RootWrites));
    if (result.stack) {
        run["tlb_misses"]["instruction"] = result.at(Metric::InstructionTlbMisses).value_or(0);
        run["tlb_misses"]["data"] = result.at(Metric::DataTlbMisses).value_or(0);
        run["stack"] = stack_json(*result.stack);
        run["stack_by_place"] = stack_by_place_json(*result.stack);
    }
    if (baseline != nullptr && baseline != &result) {
        run["more_than_shared"] = differences_of(result, *baseline);
    }
    put(run, "entries_watched", result.entries_watched);
    if (!result.shortcomings.empty()) {
        run["shortcomings"] = result.shortcomings;
    }
    return run;
}

}  // namespace

std::string compare_json(const CompareInputs& inputs, const std::vector<RunResult>& results) {
    Json document;
    document["schema"] = "ringfence.compare/1";
    document["program"] = inputs.program;
    document["machine"] = inputs.machine;
    document["initramfs_sha256"] = sha256(inputs.initramfs);
    document["kernel_sha256"] = sha256(inputs.kernel);
    document["stdin_sha256"] = sha256(inputs.standard_input);
    document["what_if"] = inputs.what_if;
    document["runs"] = Json::array();
    for (const RunResult& result : results) {
        document["runs"].push_back(run_of(result, baseline_of(result, results)));
    }
    Json overheads = Json::array();
    for (const RunResult& result : results) {
        const RunResult* const baseline = baseline_of(result, results);
        if (baseline != nullptr && baseline != &result && result.stack && baseline->stack &&
            baseline->stack->total() != 0) {
            overheads.push_back(overhead_of(result, *baseline));
        }
    }
    if (!overheads.empty()) {
        document["overheads"] = overheads;
    }
    constexpr int indent = 2;
    return document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ringfence::lab::report
