// SPDX-License-Identifier: MIT
// `ringfence snapshot`: what is in a snapshot, and in what two of them differ.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "lab/command_line.h"
#include "lab/report/output_file.h"
#include "lab/report/snapshot_report.h"
#include "lab/verbs.h"

namespace ringfence::lab {

namespace {

constexpr const char* notes = R"(
info: what was saved, by what, and where in the run; with --fields a section's fields by name.
diff: the fields that differ and the RAM that does; exit status 1 if anything differs.

Examples:
  ringfence snapshot info linux.rfsnap
  ringfence snapshot info linux.rfsnap --fields cpu
  ringfence snapshot diff one.rfsnap other.rfsnap --most 1000
)";

constexpr u64 default_most = 100;

struct SnapshotOptions {
    std::vector<std::string> words;
    std::string fields;
    u64 most = default_most;
};

/// The words may come before the options as well as after them.
std::vector<std::string> words_last(std::vector<std::string> arguments) {
    const auto first_option = std::ranges::find_if(
        arguments, [](const std::string& argument) { return argument.starts_with('-'); });
    std::ranges::rotate(arguments, first_option);
    return arguments;
}

bool parse(const std::vector<std::string>& arguments, SnapshotOptions& options) {
    CLI::App app("Look into snapshots.", "ringfence snapshot");
    set_usage(app, " info FILE | diff FILE FILE");
    app.add_option("--fields", options.fields, "info: all fields of a section")
        ->option_text("SECTION");
    app.add_option("--most", options.most, "diff: stop after so many lines (default 100)")
        ->check(CLI::PositiveNumber.description(""))
        ->option_text("N");
    app.footer(notes);
    return parse_arguments(app, words_last(arguments), options.words);
}

std::shared_ptr<const sim::machine::Snapshot> read(const std::string& path) {
    auto snapshot = sim::machine::Snapshot::read(path);
    if (!snapshot.ok()) {
        fail(Failure::Own, "{}", snapshot.error());
    }
    return std::move(snapshot).value();
}

int info(const SnapshotOptions& options) {
    const std::string& path = options.words[1];
    const auto snapshot = read(path);
    report::write_file("-", options.fields.empty()
                                ? report::snapshot_info(*snapshot)
                                : report::snapshot_fields(*snapshot, options.fields));
    return 0;
}

int diff(const SnapshotOptions& options) {
    const auto first = read(options.words[1]);
    const auto second = read(options.words[2]);
    const std::string text = report::snapshot_difference(*first, *second, options.most);
    report::write_file("-", text);
    return text.empty() ? 0 : 1;
}

}  // namespace

int snapshot_verb(const std::vector<std::string>& arguments) {
    SnapshotOptions options;
    if (parse(arguments, options)) {
        return 0;
    }
    const std::vector<std::string>& words = options.words;
    if (words.size() == 2 && words[0] == "info") {
        return info(options);
    }
    if (words.size() == 3 && words[0] == "diff") {
        return diff(options);
    }
    fail(Failure::Usage,
         "expected 'info FILE' or 'diff FILE FILE'; 'ringfence snapshot --help' has examples");
}

}  // namespace ringfence::lab
