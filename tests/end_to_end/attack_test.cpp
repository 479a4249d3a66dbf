// SPDX-License-Identifier: MIT
// `ringfence attack` and `ringfence bench` as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/command.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::end_to_end {
namespace {

using lab::testing::read_file;
using lab::testing::ScratchDirectory;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(Attack, WithoutCachesIsBrokenAndNotCalledSafe) {
    const Outcome outcome = ringfence({"attack", "--mode", "fast", "--bytes", "16", "--json", "-"});
    EXPECT_EQ(outcome.status, 3) << outcome.error;
    const auto document = nlohmann::json::parse(outcome.output);
    EXPECT_EQ(document["schema"], "ringfence.attack/1");
    ASSERT_EQ(document["runs"].size(), 9U) << "three setups, three methods";
    for (const auto& run : document["runs"]) {
        EXPECT_EQ(run["verdict"], "broken");
        EXPECT_THAT(run["reason"].get<std::string>(), HasSubstr("control failed"));
        EXPECT_EQ(run["recovered_bytes"], 0);
        EXPECT_EQ(run["status"]["effective"], "unknown");
        EXPECT_EQ(run["status"]["enabled"], run["design"] == "isolated");
    }
}

TEST(Attack, LeaksWithoutIsolationAndNotWithIt) {
    const Outcome outcome = ringfence({"attack", "--bytes", "16", "--json", "-"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    for (const auto& run : nlohmann::json::parse(outcome.output)["runs"]) {
        const bool shared = run["design"] == "shared";
        EXPECT_EQ(run["verdict"], shared ? "leaks" : "mitigated") << run.dump(2);
        EXPECT_EQ(run["control"]["recovered_bytes"], 16);
        EXPECT_EQ(run["recovered_bytes"], shared ? 16 : 0);
        EXPECT_EQ(run["status"]["effective"], shared ? "no" : "yes");
        EXPECT_EQ(run["status"]["required"], true);
    }
}

TEST(Attack, ALeakInTheOnlyDesignAskedForIsStatusTwo) {
    const Outcome outcome =
        ringfence({"attack", "--bytes", "16", "--design", "shared", "--method", "signal"});
    EXPECT_EQ(outcome.status, 2) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("16 of 16 bytes of kernel memory recovered"));
}

TEST(Attack, LeaksWhereverTheSecretLies) {
    // The heap gives each size another place: at a page's start, where the attack's own pages and
    // the kernel's compete for the cache set, and across lines of every set.
    for (const char* bytes : {"17", "64", "129", "300", "4096"}) {
        const Outcome outcome =
            ringfence({"attack", "--design", "shared", "--bytes", bytes, "--json", "-"});
        EXPECT_EQ(outcome.status, 2) << outcome.error;
        for (const auto& run : nlohmann::json::parse(outcome.output)["runs"]) {
            EXPECT_EQ(run["recovered_bytes"], run["secret_bytes"]) << run.dump(2);
        }
    }
}

TEST(Attack, BitByBitTheFaultIsWhatTakesTheTime) {
    const Outcome outcome =
        ringfence({"attack", "--design", "shared", "--bitwise", "--bytes", "64", "--json", "-"});
    EXPECT_EQ(outcome.status, 2) << outcome.error;
    std::map<std::string, double> rates;
    for (const auto& run : nlohmann::json::parse(outcome.output)["runs"]) {
        EXPECT_EQ(run["recovered_bytes"], 64) << run.dump(2);
        rates[run["method"]] = run["bytes_per_second"];
    }
    // Published: about 4, by transactions against signals.
    EXPECT_GT(rates.at("tsx"), 3 * rates.at("signal"));
    EXPECT_LT(rates.at("tsx"), 6 * rates.at("signal"));
    EXPECT_GT(rates.at("mispredict"), 2 * rates.at("signal"));
}

TEST(Attack, ACpuThatForwardsNothingIsImmune) {
    const Outcome outcome = ringfence({"attack", "--bytes", "16", "--cpu", "zen2", "--json", "-"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    for (const auto& run : nlohmann::json::parse(outcome.output)["runs"]) {
        EXPECT_EQ(run["verdict"], "immune") << run.dump(2);
        EXPECT_EQ(run["control"]["recovered_bytes"], 16) << "the channel works";
        EXPECT_EQ(run["status"]["required"], false);
    }
}

TEST(Attack, WritesTheSameBytesEachTimeAndTheSeedDecidesThem) {
    const ScratchDirectory directory;
    const auto attack = [&](const std::string& name, const std::string& jobs,
                            const std::string& seed) {
        static_cast<void>(ringfence({"attack", "--mode", "fast", "--bytes", "16", "--jobs", jobs,
                                     "--seed", seed, "--json", directory / name}));
        return read_file(directory / name);
    };
    const std::string one = attack("one", "1", "5");
    EXPECT_EQ(one, attack("two", "3", "5"));
    EXPECT_NE(one, attack("three", "1", "6"));
    EXPECT_THAT(one, ::testing::Not(HasSubstr(directory.path())));
}

TEST(Attack, SaysWhenTheProcessorHasNoTransactions) {
    const Outcome outcome =
        ringfence({"attack", "--cpu", "nehalem", "--mode", "fast", "--method", "tsx"});
    EXPECT_EQ(outcome.status, 3);
    EXPECT_THAT(outcome.output, HasSubstr("no transactions"));
}

TEST(Attack, TheSecretStaysInTheKernel) {
    // No path of the file system leads to it, and without one planted there is nothing to be told.
    const Outcome outcome =
        ringfence({"run", "--", "/bin/busybox", "ls", "-a", "/", "/proc/ringfence"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, HasSubstr("isolation"));
    EXPECT_THAT(outcome.output, ::testing::Not(HasSubstr("secret")));
    EXPECT_THAT(outcome.output, ::testing::Not(HasSubstr(".ringfence")));
}

TEST(Probe, FindsTheImageOnlyWhereItIsMapped) {
    const Outcome outcome = ringfence({"attack", "--probe", "prefetch,entry", "--json", "-"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    const auto document = nlohmann::json::parse(outcome.output);
    ASSERT_EQ(document["probes"].size(), 6U);
    for (const auto& probe : document["probes"]) {
        EXPECT_EQ(probe["finds"], probe["design"] == "shared" ? "image" : "entry") << probe.dump(2);
    }
}

TEST(Probe, UndoesRandomPlacesOnlyInTheSharedDesign) {
    const Outcome outcome =
        ringfence({"attack", "--probe", "prefetch", "--kaslr", "42", "--json", "-"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    const auto document = nlohmann::json::parse(outcome.output);
    ASSERT_EQ(document["probes"].size(), 3U);
    for (const auto& probe : document["probes"]) {
        EXPECT_EQ(probe["finds"], probe["design"] == "shared" ? "image" : "entry") << probe.dump(2);
    }
}

struct BadUse {
    const char* name;
    std::vector<std::string> arguments;
    const char* message;
};

const std::vector<BadUse>& bad_uses() {
    static const std::vector<BadUse> list = {
        {"attack_method", {"attack", "--method", "singal"}, "did you mean"},
        {"attack_design", {"attack", "--design", "both"}, "expected isolated or shared"},
        {"attack_cpu", {"attack", "--cpu", "skylake"}, "skylake-sp"},
        {"attack_too_few", {"attack", "--bytes", "1"}, "--bytes"},
        {"attack_too_many", {"attack", "--bytes", "5000"}, "--bytes"},
        {"attack_program", {"attack", "/bin/true"}, "takes options only"},
        {"attack_directory", {"attack", "--json", "/no/such/place/x"}, "cannot be written"},
        {"attack_probe", {"attack", "--probe", "prefech"}, "did you mean"},
        {"attack_kaslr", {"attack", "--kaslr", "1"}, "goes with --probe"},
        {"attack_kernel", {"attack", "--kernel-image", "/no/such/kernel"}, "the kernel image"},
        {"attack_seed", {"attack", "--seed", "x"}, "--seed"},
        {"attack_limit", {"attack", "--max-instructions", "1000"}, "not finished after 1000"},
        {"relational_probe",
         {"attack", "--relational", "--probe", "echo"},
         "does not go with --probe"},
        {"relational_fast",
         {"attack", "--relational", "--mode", "fast"},
         "does not go with --mode fast"},
        {"relational_touch", {"attack", "--relational", "--touch"}, "does not go with --touch"},
        {"relational_kernel",
         {"attack", "--relational", "--kernel", "x"},
         "does not go with --kernel"},
        {"explain_json", {"attack", "--explain", "--json", "-"}, "does not go with --json -"},
        {"explain_fast", {"attack", "--explain", "--mode", "fast"}, "--explain does not go with"},
        {"explain_directory", {"attack", "--explain", "/no/such/place/x"}, "cannot be written"},
        {"trace_alone", {"attack", "--trace-events", "x.json"}, "--explain"},
        {"trace_value", {"attack", "--explain", "--trace-events"}, "a value must follow"},
        {"bench_name", {"bench", "--name", "null_sycall"}, "did you mean"},
        {"bench_cpu", {"bench", "--cpu", "z80"}, "expected one of"},
        {"bench_program", {"bench", "--", "x"}, "takes options only"},
        {"bench_option", {"bench", "--bytes", "5"}, "unknown option"},
    };
    return list;
}

class BadExperiment : public ::testing::TestWithParam<size_t> {};

TEST_P(BadExperiment, IsOneClearLine) {
    const BadUse& bad = bad_uses()[GetParam()];
    const Outcome outcome = ringfence(bad.arguments);
    EXPECT_EQ(outcome.status, 255);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.error, HasSubstr(bad.message));
    EXPECT_THAT(outcome.error, MatchesRegex("ringfence: [^\n]*\n"));
}

INSTANTIATE_TEST_SUITE_P(Each, BadExperiment, ::testing::Range(size_t{0}, bad_uses().size()),
                         [](const auto& info) { return bad_uses()[info.param].name; });

TEST(Experiment, GuestsThatAreNotThereAreNamed) {
    const Outcome outcome =
        ringfence({"attack"}, {.environment = {"RINGFENCE_GUESTS=/no/such/place"}});
    EXPECT_EQ(outcome.status, 255);
    EXPECT_THAT(outcome.error, HasSubstr("/no/such/place/meltdown"));
}

TEST(Bench, IsolationCostsInstructionsInEveryOperation) {
    const Outcome outcome = ringfence({"bench", "--mode", "fast", "--name",
                                       "null_syscall,page_fault,context_switch", "--json", "-"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const auto document = nlohmann::json::parse(outcome.output);
    EXPECT_EQ(document["schema"], "ringfence.bench/1");
    ASSERT_EQ(document["runs"].size(), 9U);
    for (size_t i = 0; i < 9; i += 3) {
        const auto& runs = document["runs"];
        EXPECT_EQ(runs[i]["design"], "shared");
        EXPECT_EQ(runs[i]["unit"], "instructions");
        EXPECT_EQ(runs[i]["name"], runs[i + 2]["name"]);
        EXPECT_GT(runs[i]["value"].get<double>(), 20.0);
        EXPECT_LT(runs[i]["value"].get<double>(), 20'000.0);
        EXPECT_GT(runs[i + 1]["value"].get<double>(), runs[i]["value"].get<double>());
        EXPECT_GT(runs[i + 2]["value"].get<double>(), runs[i]["value"].get<double>());
    }
}

TEST(Bench, TheStackAddsUpToTheCycles) {
    const Outcome outcome = ringfence({"bench", "--name", "null_syscall", "--json", "-"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    for (const auto& run : nlohmann::json::parse(outcome.output)["runs"]) {
        EXPECT_EQ(run["unit"], "cycles");
        double sum = 0;
        for (const auto& [cause, cycles] : run["stack"].items()) {
            sum += cycles.get<double>();
        }
        EXPECT_NEAR(sum, run["value"].get<double>(), 0.1) << "but for rounding";
        if (run["design"] == "isolated") {
            EXPECT_GT(run["stack"]["root_write"].get<double>(), 100.0) << "two of them";
        } else {
            EXPECT_EQ(run["stack"]["root_write"].get<double>(), 0.0);
        }
    }
}

/// Isolated, a call writes CR3 on its way in and out; that another program is next adds nothing.
TEST(Bench, TurningToAnotherProgramLoadsNoRootOfItsOwn) {
    const Outcome outcome = ringfence(
        {"bench", "--name", "null_syscall,context_switch,pipe_round_trip", "--json", "-"});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    const auto runs = nlohmann::json::parse(outcome.output)["runs"];
    ASSERT_EQ(runs.size(), 9U);
    const auto root_writes = [&](size_t run) {
        return runs[run]["stack"]["root_write"].get<double>();
    };
    for (const size_t design : {size_t{1}, size_t{2}}) {  // with PCID and without
        const double of_a_call = root_writes(design);
        EXPECT_NEAR(root_writes(3 + design), of_a_call, 0.05 * of_a_call);
        EXPECT_NEAR(root_writes(6 + design), 4 * of_a_call, 0.05 * 4 * of_a_call)
            << "two reads and two writes, and two changes of program";
    }
    EXPECT_NEAR(root_writes(6), 2 * root_writes(3), 0.1 * root_writes(6)) << "shared: each change";
}

}  // namespace
}  // namespace ringfence::end_to_end
