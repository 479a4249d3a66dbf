// SPDX-License-Identifier: MIT
#include "lab/report/suite_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lab/report/cost_json.h"
#include "lab/report/cost_rows.h"
#include "lab/report/sha256.h"
#include "lab/report/text_table.h"

namespace ringfence::lab::report {

namespace {

using suite::Column;
using suite::Kind;
using suite::Row;
using suite::Summary;
using Json = nlohmann::ordered_json;

std::string percent(double fraction) {
    return fmt::format("{:+.1f} %", 100 * fraction);
}

std::string percent(std::optional<double> fraction) {
    return fraction ? percent(*fraction) : "-";
}

const RunResult* run_in(const Row& row, const Column& column) {
    const auto found = std::ranges::find_if(row.runs, [&](const RunResult& run) {
        return run.setup.design == column.design && run.setup.label == column.label;
    });
    return found == row.runs.end() ? nullptr : &*found;
}

std::string millions(std::optional<u64> value) {
    constexpr double million = 1e6;
    return value ? fmt::format("{:.1f}", static_cast<double>(*value) / million) : "-";
}

/// Entries into the kernel for a million instructions of the program: what isolation is paid for.
std::string entry_rate(const RunResult& run) {
    const auto user = run.at(Metric::User);
    if (!user || *user == 0) {
        return "-";
    }
    u64 entries = 0;
    for (const Metric metric : {Metric::Syscalls, Metric::Interrupts, Metric::PageFaults}) {
        entries += run.at(metric).value_or(0);
    }
    constexpr double million = 1e6;
    return fmt::format("{:.0f}",
                       million * static_cast<double>(entries) / static_cast<double>(*user));
}

/// "root writes 62 %, user DTLB 12 %": the two causes that most of the difference goes to.
std::string main_causes(const RunResult& run, const RunResult& shared) {
    if (!run.stack || !shared.stack) {
        return "";
    }
    struct Share {
        std::string_view title;
        double cycles;
    };
    std::vector<Share> shares;
    double total = 0;
    const auto rows = cost_rows(*run.stack);
    const auto base = cost_rows(*shared.stack);
    for (usize i = 0; i < rows.size(); ++i) {
        const double more =
            static_cast<double>(rows[i].cycles) - static_cast<double>(base[i].cycles);
        shares.push_back({rows[i].title, more});
        total += more;
    }
    if (total <= 0) {
        return "";
    }
    std::ranges::sort(shares, std::greater{}, &Share::cycles);
    return fmt::format("{} {:.0f} %, {} {:.0f} %", shares[0].title, 100 * shares[0].cycles / total,
                       shares[1].title, 100 * shares[1].cycles / total);
}

std::vector<std::string> heading(const std::vector<Column>& columns, bool in_cycles) {
    std::vector<std::string> cells = {"workload", "kind", in_cycles ? "M cycles" : "M instructions",
                                      "entries/M"};
    for (const Column& column : columns) {
        cells.push_back(column.label);
    }
    cells.emplace_back("most of it");
    return cells;
}

std::vector<std::string> cells_of(const Row& row, const std::vector<Column>& columns) {
    const RunResult& shared = row.runs.front();
    const auto cycles = shared.at(Metric::Cycles);
    std::vector<std::string> cells = {
        row.workload->name, std::string(suite::kind_name(row.workload->kind)),
        millions(cycles ? cycles : shared.at(Metric::Instructions)), entry_rate(shared)};
    for (const Column& column : columns) {
        cells.push_back(percent(overhead(row, column)));
    }
    const RunResult* isolated = columns.empty() ? nullptr : run_in(row, columns.front());
    cells.push_back(isolated == nullptr ? "" : main_causes(*isolated, shared));
    return cells;
}

std::vector<std::string> summary_cells(const std::string& label, const std::vector<Row>& rows,
                                       const std::string& cpu, const std::vector<Column>& columns,
                                       const std::vector<Kind>& kinds) {
    std::vector<std::string> cells = {label, "", "", ""};
    for (const Column& column : columns) {
        const Summary summary = summarise(rows, cpu, column, kinds);
        cells.push_back(summary.count == 0 ? "-" : percent(summary.geometric_mean));
    }
    cells.emplace_back("");
    return cells;
}

/// What is said of isolation, beside what these rows show of it.
std::string statements(const std::vector<Row>& rows, const std::string& cpu,
                       const std::vector<Column>& columns) {
    const std::vector<Kind> programs = {Kind::Compute, Kind::Mixed, Kind::Kernel};
    std::string text;
    for (const Column& column : columns) {
        const Summary all = summarise(rows, cpu, column, programs);
        if (all.count == 0) {
            continue;
        }
        text += fmt::format(
            "{}: {} of {} programs cost less than 10 % more (said: most), {} in the mean (said: 5 "
            "% "
            "typical)",
            column.label, all.below_ten_percent, all.count, percent(all.geometric_mean));
        const Summary loopback = summarise(rows, cpu, column, {Kind::Loopback});
        if (loopback.dearest != nullptr) {
            text += fmt::format("; over loopback at most {}, {} (said: 30 % at worst)",
                                percent(loopback.highest), loopback.dearest->workload->name);
        }
        text += "\n";
    }
    return text;
}

std::string processor_table(const std::vector<Row>& rows, const std::string& cpu) {
    std::vector<Row> here;
    std::ranges::copy_if(rows, std::back_inserter(here),
                         [&](const Row& row) { return row.cpu == cpu && !row.runs.empty(); });
    if (here.empty()) {
        return {};
    }
    const auto columns = columns_of(here);
    std::vector<std::vector<std::string>> table = {
        heading(columns, here.front().runs.front().at(Metric::Cycles).has_value())};
    for (const Row& row : here) {
        table.push_back(cells_of(row, columns));
    }
    table.push_back(summary_cells("geometric mean", here, cpu, columns,
                                  {Kind::Compute, Kind::Mixed, Kind::Kernel, Kind::Loopback}));
    constexpr usize left_columns = 2;
    return fmt::format("{}: what isolation adds, of what the shared design takes\n{}\n{}", cpu,
                       text_table(table, left_columns), statements(here, cpu, columns));
}

Json run_json(const RunResult& run, const Row& row) {
    Json object;
    object["design"] = design_name(run.setup.design);
    object["pcid"] = run.setup.pcid;
    const auto put = [&](const char* key, Metric metric) {
        if (const auto value = run.at(metric)) {
            object[key] = *value;
        }
    };
    put("cycles", Metric::Cycles);
    put("instructions", Metric::Instructions);
    put("user_instructions", Metric::User);
    put("system_calls", Metric::Syscalls);
    put("interrupts", Metric::Interrupts);
    put("page_faults", Metric::PageFaults);
    put("context_switches", Metric::ContextSwitches);
    put("root_writes", Metric::RootWrites);
    if (run.setup.design != Design::Shared) {
        const auto more = overhead(row, {run.setup.design, run.setup.pcid, run.setup.label});
        if (more) {
            constexpr double ten_thousandths = 1e4;
            object["percent"] = std::round(100 * *more * ten_thousandths) / ten_thousandths;
        }
    }
    if (run.stack) {
        object["stack"] = stack_json(*run.stack);
    }
    return object;
}

}  // namespace

std::string suite_table(const std::vector<Row>& rows) {
    std::string text;
    std::vector<std::string> cpus;
    for (const Row& row : rows) {
        if (std::ranges::find(cpus, row.cpu) == cpus.end()) {
            cpus.push_back(row.cpu);
        }
    }
    for (const std::string& cpu : cpus) {
        const std::string table = processor_table(rows, cpu);
        text += table.empty() || text.empty() ? table : "\n" + table;
    }
    std::vector<std::string> told;
    for (const Row& row : rows) {
        if (!row.missing.empty() && std::ranges::find(told, row.workload->name) == told.end()) {
            told.push_back(row.workload->name);
            text += fmt::format("not run: {}: {}\n", row.workload->name, row.missing);
        }
    }
    return text;
}

std::string suite_json(const SuiteInputs& inputs, const std::vector<Row>& rows) {
    Json document;
    document["schema"] = "ringfence.suite/1";
    document["kernel_sha256"] = sha256(inputs.kernel);
    if (!inputs.what_if.empty()) {
        document["what_if"] = inputs.what_if;
    }
    document["workloads"] = Json::array();
    for (const Row& row : rows) {
        Json object;
        object["name"] = row.workload->name;
        object["kind"] = suite::kind_name(row.workload->kind);
        object["cpu"] = row.cpu;
        object["command"] = row.workload->command;
        if (!row.missing.empty()) {
            object["not_run"] = row.missing;
        }
        object["runs"] = Json::array();
        for (const RunResult& run : row.runs) {
            object["runs"].push_back(run_json(run, row));
        }
        document["workloads"].push_back(std::move(object));
    }
    constexpr int indent = 2;
    return document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ringfence::lab::report
