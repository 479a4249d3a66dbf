// SPDX-License-Identifier: MIT
// The `ringfence` command: finds the verb, and is the one place that errors reach.
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "lab/error.h"
#include "lab/message.h"
#include "lab/nearest_name.h"
#include "lab/verbs.h"

namespace {

using namespace ringfence::lab;

constexpr int status_error = 255;

struct Verb {
    std::string_view name;
    int (*function)(const std::vector<std::string>&);
    int (*status)(Failure);
    std::string_view summary;
    std::string_view example;
};

/// As timeout(1) and env(1).
int status_of_run(Failure failure) {
    constexpr int own = 125;
    constexpr int cannot_run = 126;
    constexpr int not_found = 127;
    return failure == Failure::NotFound    ? not_found
           : failure == Failure::CannotRun ? cannot_run
                                           : own;
}

int always_error(Failure /*failure*/) {
    return status_error;
}

constexpr std::array verbs = {
    Verb{"run", run, status_of_run, "run a Linux program on the kernel",
         "ringfence run -- /bin/busybox uname -a"},
    Verb{"compare", compare, always_error, "what a program costs in each design of the kernel",
         "ringfence compare -- /bin/busybox md5sum /bin/busybox"},
    Verb{"attack", attack_verb, always_error, "can user mode read the kernel's memory?",
         "ringfence attack --cpu skylake-sp,cascadelake"},
    Verb{"bench", bench_verb, always_error,
         "what the kernel's basic operations cost in each design",
         "ringfence bench --cpu skylake-sp,zen2"},
    Verb{"suite", suite_verb, always_error,
         "what real programs cost in each design, from computing to servers",
         "ringfence suite --name gzip,sqlite"},
    Verb{"prove", prove_verb, always_error,
         "does isolation hold at every entry into user mode, and would a bug be noticed?",
         "ringfence prove -- /bin/busybox sh -c 'ls | wc'"},
    Verb{"inventory", inventory_verb, always_error,
         "every byte of the kernel that a program could read transiently",
         "ringfence inventory -- /bin/busybox true"},
    Verb{"boot", boot_verb, always_error, "boot an unmodified Linux, or another kernel",
         "ringfence boot --kernel vmlinuz"},
    Verb{"snapshot", snapshot_verb, always_error,
         "what is in a snapshot of 'boot --save', and in what two differ",
         "ringfence snapshot info linux.rfsnap"},
    Verb{"measure", measure_verb, always_error,
         "does a guest find in the processor what its preset says?",
         "ringfence measure --cpu-file mine.toml"},
    Verb{"cpus", cpus, always_error, "the processors, and where each figure comes from",
         "ringfence cpus skylake-sp"},
};

void print_help(std::FILE* stream) {
    fmt::print(
        stream,
        "usage: ringfence VERB [OPTIONS] -- PROGRAM [ARGUMENTS]\n\n"
        "Runs Linux programs on a kernel with and without page-table isolation, on a machine "
        "that\ncounts what isolation does.\n\n");
    for (const Verb& verb : verbs) {
        fmt::print(stream, "  {:<11}{}\n             {}\n", verb.name, verb.summary, verb.example);
    }
    fmt::print(
        stream,
        "\n'ringfence VERB --help' lists a verb's options; 'ringfence --version' the version.\n");
}

int call(const Verb& verb, const std::vector<std::string>& arguments) {
    try {
        return verb.function(arguments);
    } catch (const LabError& error) {
        say("{}", error.what());
        return verb.status(error.failure());
    } catch (const std::bad_alloc&) {
        say("the host has no memory left");
        return verb.status(Failure::Own);
    } catch (const std::exception& error) {
        say("internal error: {}", error.what());
        return verb.status(Failure::Own);
    }
}

int unknown_verb(const std::string& typed) {
    std::vector<std::string> names;
    for (const Verb& verb : verbs) {
        names.emplace_back(verb.name);
    }
    say("unknown verb '{}'{} ('ringfence --help' lists them)", typed, did_you_mean(typed, names));
    return status_error;
}

}  // namespace

int main(int argc, char** argv) {
    // A reader that went away, and a file that may not grow, are errors of write(2), handled where
    // they are seen.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    if (arguments.empty()) {
        print_help(stderr);
        return status_error;
    }
    if (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
        print_help(stdout);
        return 0;
    }
    if (arguments[0] == "--version") {
        fmt::print("ringfence {}\n", RINGFENCE_VERSION);
        return 0;
    }
    const auto* verb = std::find_if(verbs.begin(), verbs.end(), [&](const Verb& candidate) {
        return candidate.name == arguments[0];
    });
    if (verb == verbs.end()) {
        return unknown_verb(arguments[0]);
    }
    return call(*verb, {arguments.begin() + 1, arguments.end()});
}
