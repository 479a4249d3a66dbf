// SPDX-License-Identifier: MIT
#include "lab/command_line.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <memory>
#include <utility>

#include "lab/error.h"
#include "lab/guest_memory.h"
#include "lab/nearest_name.h"

namespace ringfence::lab {

namespace {

std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
    return names;
}

/// The option that `argument` names, without a value that is attached by "=".
const CLI::Option* option_of(const CLI::App& app, const std::string& argument) {
    const std::string name = argument.substr(0, argument.find('='));
    const CLI::Option* option = app.get_option_no_throw(name);
    if (option == nullptr) {
        fail(Failure::Usage, "unknown option {}{}", name, did_you_mean(name, option_names(app)));
    }
    return option;
}

/// How many of the arguments are options and their values.
usize count_options(const CLI::App& app, const std::vector<std::string>& arguments) {
    usize at = 0;
    while (at < arguments.size()) {
        const std::string& argument = arguments[at];
        if (argument == "--" || argument.size() < 2 || argument.front() != '-') {
            break;
        }
        const CLI::Option* const option = option_of(app, argument);
        const bool may_go_without = option->get_items_expected_min() == 0;
        const bool goes_without =
            may_go_without && (at + 1 == arguments.size() || arguments[at + 1].starts_with('-'));
        const bool takes_value = option->get_items_expected_max() > 0;
        const bool attached = argument.find('=') != std::string::npos;
        if (attached && !takes_value) {
            fail(Failure::Usage, "{}: this option takes no value", argument);
        }
        at += takes_value && !attached && !goes_without ? 2 : 1;
        if (at > arguments.size()) {
            fail(Failure::Usage, "{}: a value must follow", argument);
        }
    }
    return at;
}

class HelpFormat : public CLI::Formatter {
public:
    explicit HelpFormat(std::string after_options) : after_options_(std::move(after_options)) {}

    std::string make_usage(const CLI::App* app, std::string /*name*/) const override {
        return fmt::format("usage: {} [OPTIONS]{}\n\n", app->get_name(), after_options_);
    }

private:
    std::string after_options_;
};

}  // namespace

CLI::Option* add_named(CLI::App& app, const std::string& option, const std::string& help,
                       std::function<void(const std::string& typed)> take) {
    return app.add_option_function<std::string>(option, std::move(take), help)->option_text("NAME");
}

void set_usage(CLI::App& app, const std::string& after_options) {
    const auto format = std::make_shared<HelpFormat>(after_options);
    constexpr usize option_column = 32;
    format->column_width(option_column);
    app.formatter(format);
}

void add_mode_option(CLI::App& app, Mode& mode) {
    add_choice<Mode>(app, "--mode",
                     fmt::format("fast: count instructions; timed: account for every cycle "
                                 "(default {})",
                                 mode == Mode::Fast ? "fast" : "timed"),
                     {{"fast", Mode::Fast}, {"timed", Mode::Timed}}, mode);
}

void add_gdb_option(CLI::App& app, std::string& gdb) {
    app.add_option("--gdb", gdb,
                   "wait for GDB on a port of localhost (0: any), or unix:PATH, before the start")
        ->option_text("PORT");
}

void add_kaslr_option(CLI::App& app, std::string& seed) {
    app.add_option(
           "--kaslr", seed,
           "put the kernel at random places, drawn from a word; else it is at those of its file")
        ->check(CLI::Validator(
            [](const std::string& word) {
                return std::ranges::all_of(
                           word,
                           [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; })
                           ? std::string()
                           : "'" + word + "' is not made of letters and digits";
            },
            ""))
        ->option_text("SEED");
}

void add_output_options(CLI::App& app, std::string& json, unsigned& jobs) {
    app.add_option("--json", json, "write the results as JSON, - for standard output")
        ->option_text("FILE|-");
    app.add_option("--jobs", jobs, "runs at a time (default: one per host processor)")
        ->check(CLI::PositiveNumber.description(""))
        ->option_text("N");
}

void add_matrix_options(CLI::App& app, std::vector<Design>& designs, std::string& json,
                        unsigned& jobs) {
    app.add_option_function<std::vector<std::string>>(
           "--design",
           [&designs](const std::vector<std::string>& names) {
               designs.clear();
               for (const std::string& name : names) {
                   designs.push_back(choose<Design>(
                       "--design", name,
                       {{"shared", Design::Shared}, {"isolated", Design::Isolated}}));
               }
           },
           "shared, isolated, or both (default)")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->option_text("DESIGN,..");
    add_output_options(app, json, jobs);
}

void add_limit_options(CLI::App& app, double& timeout_seconds, u64& most_instructions) {
    app.add_option("--timeout", timeout_seconds, "stop after so many seconds")
        ->check(CLI::PositiveNumber.description(""))
        ->option_text("SECONDS");
    app.add_option("--max-instructions", most_instructions, "stop after so many instructions")
        ->check(CLI::PositiveNumber.description(""))
        ->option_text("N");
}

void add_common_options(CLI::App& app, CommonOptions& options) {
    add_limit_options(app, options.timeout_seconds, options.most_instructions);
    app.add_option("--kernel-image", options.kernel_image, "another kernel than the one built here")
        ->option_text("FILE");
    app.add_flag("--quiet", options.quiet, "no notes on standard error");
}

void add_guest_options(CLI::App& app, GuestOptions& options) {
    add_choice<machine::MachineKind>(
        app, "--machine", "where the kernel runs: builtin (default) or qemu",
        {{"builtin", machine::MachineKind::Builtin}, {"qemu", machine::MachineKind::Qemu}},
        options.machine);
    app.add_option("--root", options.guest.roots, "lay a host directory over the guest's /")
        ->allow_extra_args(false)
        ->option_text("DIR");
    app.add_option("--file", options.guest.files, "add a file or directory, under another path")
        ->allow_extra_args(false)
        ->option_text("F|HOST=GUEST");
    app.add_option("--env", options.guest.environment, "set an environment variable")
        ->allow_extra_args(false)
        ->option_text("NAME=VALUE");
    app.add_option("--memory", options.memory_mib,
                   "the guest's memory in MiB (default 256, or more if its files are large)")
        ->check(CLI::Range(least_memory_mib, most_memory_mib).description(""))
        ->option_text("MIB");
    add_common_options(app, options);
}

bool parse_arguments(CLI::App& app, const std::vector<std::string>& arguments,
                     std::vector<std::string>& program) {
    const usize options = count_options(app, arguments);
    const bool separator = options < arguments.size() && arguments[options] == "--";
    using Offset = std::vector<std::string>::difference_type;
    const auto end = arguments.begin() + static_cast<Offset>(options);
    program.assign(end + (separator ? 1 : 0), arguments.end());
    std::vector<std::string> own(arguments.begin(), end);
    std::reverse(own.begin(), own.end());  // as CLI11 wants them
    try {
        app.parse(own);
    } catch (const CLI::CallForHelp&) {
        std::fputs(app.help().c_str(), stdout);
        return true;
    } catch (const CLI::ParseError& error) {
        fail(Failure::Usage, "{}", error.what());
    }
    return false;
}

}  // namespace ringfence::lab
