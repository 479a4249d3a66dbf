// SPDX-License-Identifier: MIT
// `ringfence suite`: many programs, each in every design.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "lab/experiment.h"
#include "lab/message.h"
#include "lab/report/output_file.h"
#include "lab/report/suite_report.h"
#include "lab/suite/result.h"
#include "lab/suite/suite_file.h"
#include "lab/verbs.h"

namespace ringfence::lab {

namespace {

using suite::Row;
using suite::Workload;

constexpr const char* examples = R"(
Each workload runs in the shared design, in the isolated one, and in the isolated one without
PCID. Its programs are the host's; one that is not installed is left out, with a line that says so.
--print shows the suite as a file; change a copy and give it to --suite to measure programs of
your own.
Exit status: 0, or 255 for an error, among them a program that behaves differently.

Examples:
  ringfence suite
  ringfence suite --cpu skylake-sp,zen2 --name gzip,sqlite --json suite.json
  ringfence suite --print >mine.toml; ringfence suite --suite mine.toml
)";

struct SuiteOptions {
    ExperimentOptions common;
    std::vector<Workload> workloads;
    bool print = false;
};

std::vector<Workload> chosen_from(std::vector<Workload> all,
                                  const std::vector<std::string>& names) {
    if (names.empty()) {
        return all;
    }
    std::map<std::string, Workload> by_name;
    for (Workload& workload : all) {
        by_name.emplace(workload.name, std::move(workload));
    }
    std::vector<Workload> chosen;
    for (const std::string& name : names) {
        Workload workload = choose("--name", name, by_name);
        if (std::ranges::find(chosen, workload) == chosen.end()) {
            chosen.push_back(std::move(workload));
        }
    }
    return chosen;
}

bool parse(const std::vector<std::string>& arguments, SuiteOptions& options) {
    CLI::App app("Measure what page-table isolation costs many programs.", "ringfence suite");
    set_usage(app, "");
    std::vector<std::string> names;
    std::string file;
    add_experiment_options(app, options.common);
    app.add_option("--name", names, "workloads, separated by commas (default: all)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("NAME,..");
    app.add_option("--suite", file, "another suite than the built-in one")->option_text("FILE");
    app.add_flag("--print", options.print, "print the built-in suite and do nothing else");
    app.footer(examples);
    if (parse_experiment(app, arguments)) {
        return true;
    }
    options.workloads =
        chosen_from(file.empty() ? suite::parse_suite(suite::built_in_suite(), "workloads.toml")
                                 : suite::load_suite(file),
                    names);
    return false;
}

std::string pack_workload(const Workload& workload) {
    pack::GuestRequest request;
    request.files = workload.files;
    request.command = workload.command;
    request.contents = workload.scripts;
    for (const auto& [path, bytes] : workload.samples) {
        request.contents[path] = suite::sample_text(bytes);
    }
    return pack::pack_guest(request).initramfs;
}

/// Rows without results yet, the workloads of each processor together.
std::vector<Row> make_rows(const std::vector<Workload>& workloads, const std::vector<Setup>& matrix,
                           const std::map<std::string, std::string>& missing) {
    std::vector<Row> rows;
    for (auto setup = matrix.begin(); setup != matrix.end(); ++setup) {
        if (setup != matrix.begin() && std::prev(setup)->cpu == setup->cpu) {
            continue;
        }
        for (const Workload& workload : workloads) {
            const auto reason = missing.find(workload.name);
            rows.push_back(
                {&workload, setup->cpu, {}, reason == missing.end() ? "" : reason->second});
        }
    }
    return rows;
}

struct Job {
    Row* row;
    const Setup* setup;
    usize place;  ///< among the row's runs
};

std::vector<Job> make_jobs(std::vector<Row>& rows, const std::vector<Setup>& matrix) {
    std::vector<Job> jobs;
    for (Row& row : rows) {
        for (const Setup& setup : matrix) {
            if (row.missing.empty() && setup.cpu == row.cpu) {
                jobs.push_back({&row, &setup, row.runs.size()});
                row.runs.emplace_back();
            }
        }
    }
    return jobs;
}

/// A program that fails, or behaves differently in two designs, gives no result worth comparing.
void check(const Row& row) {
    if (row.runs.empty()) {
        return;
    }
    const std::string disagreement = find_disagreement(row.runs);
    if (!disagreement.empty()) {
        fail(Failure::Own, "{}: {}", row.workload->name, disagreement);
    }
    const RunResult& first = row.runs.front();
    if (const int status = shell_status(first.exit); status != 0) {
        fail(Failure::Own, "{}: ended with status {}: {}", row.workload->name, status,
             first.error.substr(0, first.error.find('\n')));
    }
}

}  // namespace

int suite_verb(const std::vector<std::string>& arguments) {
    SuiteOptions options;
    if (parse(arguments, options)) {
        return 0;
    }
    if (options.print) {
        report::write_file("-", suite::built_in_suite());
        return 0;
    }
    Experiment experiment(options.common);
    std::map<std::string, std::string> guests;
    std::map<std::string, std::string> missing;
    for (const Workload& workload : options.workloads) {
        try {
            guests.emplace(workload.name, pack_workload(workload));
        } catch (const LabError& error) {
            if (error.failure() != Failure::NotFound) {
                throw;
            }
            missing.emplace(workload.name, error.what());
        }
    }
    const auto matrix = experiment.matrix();
    auto rows = make_rows(options.workloads, matrix, missing);
    const auto jobs = make_jobs(rows, matrix);
    const auto stopped = experiment.run_all(jobs.size(), [&](usize i) {
        const Job& job = jobs[i];
        CapturedRun run = experiment.run(*job.setup, guests.at(job.row->workload->name));
        if (!run.stopped) {
            job.row->runs[job.place] = result_of(*job.setup, std::move(run));
        }
    });
    if (stopped) {
        return *stopped;
    }
    std::ranges::for_each(rows, check);
    if (!options.common.json.empty()) {
        report::write_file(options.common.json,
                           report::suite_json({.kernel = experiment.kernel().bytes(),
                                               .what_if = experiment.cpus().what_if()},
                                              rows));
    }
    if (options.common.json != "-") {
        report::write_file("-", report::suite_table(rows));
    }
    return 0;
}

}  // namespace ringfence::lab
