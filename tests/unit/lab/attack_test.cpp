// SPDX-License-Identifier: MIT
// From what an attack printed to the verdict and the exit status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lab/attack/attack_output.h"
#include "lab/attack/attack_run.h"
#include "lab/attack/judge.h"
#include "lab/attack/secret.h"
#include "lab/error.h"
#include "lab/report/attack_report.h"

namespace ringfence::lab::attack {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Ne;

constexpr usize bytes = 100;
const Evidence leak{.control = {100, bytes}, .secret = {100, bytes}};
const Evidence nothing{.control = {100, bytes}, .secret = {0, bytes}};
const Evidence no_channel{.control = {3, bytes}, .secret = {0, bytes}};
const Evidence partial{.control = {100, bytes}, .secret = {40, bytes}};
const Evidence impossible{.control = {}, .secret = {}, .obstacle = "this processor has no X"};

TEST(Judge, TruthTable) {
    struct Row {
        const char* name;
        const Evidence& run;
        const Evidence& shared;
        Verdict verdict;
    };
    const Row rows[] = {
        {"a leak is a leak whatever the shared design does", leak, leak, Verdict::Leaks},
        {"also where the shared design shows nothing", leak, nothing, Verdict::Leaks},
        {"also where the shared design is open", leak, no_channel, Verdict::Leaks},
        {"no leak, but one without isolation", nothing, leak, Verdict::Mitigated},
        {"no leak in neither", nothing, nothing, Verdict::Immune},
        {"no leak, and no channel without isolation", nothing, no_channel, Verdict::Broken},
        {"no leak, and something unclear without isolation", nothing, partial, Verdict::Broken},
        {"the control failed", no_channel, leak, Verdict::Broken},
        {"more than chance, less than a leak", partial, leak, Verdict::Broken},
        {"the attack cannot be made", impossible, impossible, Verdict::Broken},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(verdict_name(judge(row.run, row.shared).verdict), verdict_name(row.verdict))
            << row.name;
    }
}

TEST(Judge, GivesTheReason) {
    EXPECT_THAT(judge(no_channel, leak).reason, HasSubstr("3 of 100 bytes of the attacker's own"));
    EXPECT_THAT(judge(impossible, leak).reason, HasSubstr("no X"));
    EXPECT_THAT(judge(partial, leak).reason, HasSubstr("40 of 100"));
    EXPECT_THAT(judge(nothing, no_channel).reason, HasSubstr("without isolation"));
}

TEST(Judge, ALeakIsNinetyNinePointNinePercent) {
    EXPECT_TRUE(is_leak({.right = 999, .all = 1000}));
    EXPECT_FALSE(is_leak({.right = 998, .all = 1000}));
    EXPECT_TRUE(is_leak({.right = 4092, .all = 4096}));
    EXPECT_FALSE(is_leak({.right = 63, .all = 64})) << "98.4 percent";
    EXPECT_FALSE(is_leak({.right = 0, .all = 0}));
}

TEST(Judge, ChanceIsRarelyExceeded) {
    // One byte is guessed once in 255 times: not rare.
    EXPECT_EQ(most_by_chance(1), 1U);
    // 64 bytes: P(more than 4) is C(64,5)/255^5 = 7.1e-6, P(more than 5) is 2.7e-7.
    EXPECT_EQ(most_by_chance(64), 5U);
    EXPECT_LT(most_by_chance(4096), 60U) << "16 are expected";
    EXPECT_GT(most_by_chance(4096), 16U);
    for (const usize count : {16U, 64U, 4096U}) {
        EXPECT_LT(most_by_chance(count) * 100, count * 99) << "chance is never a leak";
    }
    // Just at the limit nothing is shown; one more opens the question.
    const auto with_right = [](usize right) {
        return judge({.control = {64, 64}, .secret = {right, 64}},
                     {.control = {64, 64}, .secret = {64, 64}})
            .verdict;
    };
    EXPECT_EQ(with_right(5), Verdict::Mitigated);
    EXPECT_EQ(with_right(6), Verdict::Broken);
}

TEST(Judge, SaysWhatAVerdictSaysOfIsolation) {
    EXPECT_EQ(answer_of(Verdict::Leaks), Answer::DoesNotHold);
    EXPECT_EQ(answer_of(Verdict::Mitigated), Answer::Holds);
    EXPECT_EQ(answer_of(Verdict::Immune), Answer::Holds);
    EXPECT_EQ(answer_of(Verdict::Broken), Answer::CannotBeTold);
}

TEST(Tally, CountsOnlyKnownAndRightBytes) {
    const std::vector<Guess> guesses = {{u8{1}, 2, 2}, {std::nullopt, 0, 9}, {u8{9}, 2, 3}};
    const std::vector<u8> truth = {1, 2, 3};
    EXPECT_EQ(tally(guesses, truth).right, 1U);
    EXPECT_EQ(tally(guesses, truth).all, 3U);
}

constexpr const char* good_output =
    "calibration 60 300 180\n"
    "control 0 a1 2 2 a1\n"
    "control 1 -- 0 12 b2\n"
    "secret 0 7f 2 3\n"
    "secret 1 -- 1 12\n"
    "cycles control 1000\n"
    "cycles secret 2000\n";

TEST(AttackOutput, IsRead) {
    const auto parsed = parse_attack_output(good_output, 2);
    ASSERT_TRUE(parsed.ok()) << parsed.error();
    const AttackOutput& output = parsed.value();
    EXPECT_EQ(output.calibration.miss, 300U);
    EXPECT_EQ(output.control[0].value, u8{0xa1});
    EXPECT_EQ(output.control_truth[1], u8{0xb2});
    EXPECT_EQ(output.secret[0].value, u8{0x7f});
    EXPECT_EQ(output.secret[0].attempts, 3U);
    EXPECT_EQ(output.secret[1].value, std::nullopt);
    EXPECT_EQ(output.secret_cycles, 2000U);
}

TEST(AttackOutput, WithoutAChannelIsTheCalibrationAlone) {
    const auto parsed = parse_attack_output("calibration 8 8 8\n", 64);
    ASSERT_TRUE(parsed.ok());
    EXPECT_FALSE(parsed.value().has_channel());
}

TEST(AttackOutput, ThatMakesNoSenseIsNamed) {
    const auto problem = [](std::string text, const std::string& from, const std::string& to) {
        const usize at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        const auto parsed = parse_attack_output(text.replace(at, from.size(), to), 2);
        return parsed.ok() ? std::string() : parsed.error();
    };
    EXPECT_THAT(problem(good_output, "control 1", "control 2"), HasSubstr("control 2"));
    EXPECT_THAT(problem(good_output, "a1 2 2 a1", "a1 2 2"), HasSubstr("no sense"));
    EXPECT_THAT(problem(good_output, "a1 2 2 a1", "a1 2 2 a1 5"), HasSubstr("no sense"));
    EXPECT_THAT(problem(good_output, "a1 2 2", "a1 3 2"), HasSubstr("no sense")) << "more hits";
    EXPECT_THAT(problem(good_output, "a1 2 2", "1a1 2 2"), HasSubstr("no sense"));
    EXPECT_THAT(problem(good_output, "cycles secret", "cycles lunch"), HasSubstr("lunch"));
    EXPECT_THAT(problem(good_output, "secret 1 -- 1 12\n", ""), HasSubstr("2 and 1 bytes"));
    EXPECT_THAT(problem(good_output, "cycles secret 2000\n", ""), HasSubstr("expected 2"));
    EXPECT_THAT(problem(good_output, "calibration 60 300 180\n", ""), HasSubstr("clock"));
    EXPECT_THAT(problem(good_output, "2000\n", "2000"), HasSubstr("no sense")) << "cut off";
    EXPECT_FALSE(parse_attack_output("", 2).ok());
}

TEST(Secret, IsDecidedByTheSeedAndHasNoZeros) {
    EXPECT_EQ(make_secret(7, 4096), make_secret(7, 4096));
    EXPECT_NE(make_secret(7, 64), make_secret(8, 64));
    EXPECT_THAT(make_secret(7, 4096), Each(Ne('\0')));
    EXPECT_EQ(make_secret(7, 64), make_secret(7, 4096).substr(0, 64));
}

CapturedRun guest_that(const std::string& output, u32 status, const std::string& error = {}) {
    CapturedRun guest;
    guest.outcome.end = machine::MachineEnd::Finished;
    guest.report.exit = abi::control::ExitStatus{.code = status, .signal = 0};
    guest.report.isolation = abi::control::Isolation{
        .required = 1, .requested = abi::control::IsolationRequest::On, .enabled = 1, .pcid = 1};
    guest.output = output;
    guest.error = error;
    return guest;
}

AttackRun isolated_run() {
    AttackRun run{};
    run.setup = {"skylake-sp", Design::Isolated, true, "isolated"};
    run.method = Method::Signal;
    return run;
}

TEST(AttackRun, ComparesWithTheSecretThatWasPlanted) {
    AttackRun run = isolated_run();
    take_results(run, guest_that(good_output, 0), "\x7f\x01", 1000);
    EXPECT_EQ(run.evidence.secret.right, 1U);
    EXPECT_EQ(run.evidence.control.right, 1U);
    EXPECT_DOUBLE_EQ(run.bytes_per_second, 0.5) << "1 byte in 2000 cycles of 1 ms";
    take_results(run, guest_that(good_output, 0), "\x7e\x01", 1000);
    EXPECT_EQ(run.evidence.secret.right, 0U);
}

TEST(AttackRun, AMissingFeatureIsAnObstacleAndAFailureIsAnError) {
    AttackRun run = isolated_run();
    take_results(run, guest_that("", 3, "no RTM here\n"), "\x7f\x01", 1000);
    EXPECT_EQ(run.evidence.obstacle, "no RTM here");
    EXPECT_THROW(take_results(run, guest_that("", 2, "usage\n"), "\x7f\x01", 1000), LabError);
    EXPECT_THROW(take_results(run, guest_that("rubbish\n", 0), "\x7f\x01", 1000), LabError);
}

TEST(AttackMatrix, HasAReferenceWhereTheSharedDesignWasNotAskedFor) {
    const std::vector<lab::Setup> isolated_only = {{"a", Design::Isolated, true, "isolated"}};
    auto runs = make_attack_matrix(isolated_only, {Method::Signal, Method::Mispredict});
    ASSERT_EQ(runs.size(), 4U);
    EXPECT_TRUE(runs[0].reported);
    EXPECT_FALSE(runs[2].reported);
    EXPECT_EQ(runs[2].setup.design, Design::Shared);

    for (AttackRun& run : runs) {
        run.evidence = run.reported ? nothing : run.method == Method::Signal ? leak : nothing;
    }
    judge_all(runs);
    EXPECT_EQ(runs[0].judgement.verdict, Verdict::Mitigated) << "by its own method's reference";
    EXPECT_EQ(runs[1].judgement.verdict, Verdict::Immune);

    const std::vector<lab::Setup> both = {{"a", Design::Shared, true, "shared"},
                                          {"a", Design::Isolated, true, "isolated"}};
    EXPECT_EQ(make_attack_matrix(both, {Method::Signal}).size(), 2U);
}

TEST(AttackReport, CarriesEveryVerdictsControlAndStatus) {
    auto runs = make_attack_matrix({{"a", Design::Isolated, true, "isolated"}}, {Method::Signal});
    runs[0].evidence = nothing;
    runs[0].isolation = abi::control::Isolation{
        .required = 1, .requested = abi::control::IsolationRequest::Auto, .enabled = 1, .pcid = 1};
    runs[1].evidence = leak;
    judge_all(runs);
    const auto document =
        nlohmann::json::parse(report::attack_json({.seed = 1, .kernel = "image"}, runs));
    EXPECT_EQ(document["schema"], "ringfence.attack/1");
    ASSERT_EQ(document["runs"].size(), 1U) << "the reference is not reported";
    const auto& run = document["runs"][0];
    EXPECT_EQ(run["verdict"], "mitigated");
    EXPECT_EQ(run["control"]["recovered_bytes"], 100);
    EXPECT_EQ(run["recovered_bytes"], 0);
    EXPECT_EQ(run["status"]["required"], true);
    EXPECT_EQ(run["status"]["requested"], "auto");
    EXPECT_EQ(run["status"]["enabled"], true);
    EXPECT_EQ(run["status"]["effective"], "yes");

    const std::string table = report::attack_table(runs);
    EXPECT_THAT(table, HasSubstr("mitigated"));
    EXPECT_THAT(table, HasSubstr("100/100"));
    EXPECT_THAT(table, HasSubstr("without isolation this attack leaks here"));
}

TEST(AttackReport, EffectiveIsWhatWasObserved) {
    AttackRun run = isolated_run();
    run.isolation = abi::control::Isolation{
        .required = 1, .requested = abi::control::IsolationRequest::On, .enabled = 1, .pcid = 1};
    const auto observed = [&](Verdict verdict) {
        run.judgement.verdict = verdict;
        return effectiveness(run);
    };
    EXPECT_EQ(observed(Verdict::Leaks), "no") << "enabled, and yet it leaks";
    EXPECT_EQ(observed(Verdict::Mitigated), "yes");
    EXPECT_EQ(observed(Verdict::Immune), "not needed");
    EXPECT_EQ(observed(Verdict::Broken), "unknown");
    run.isolation->enabled = 0;
    EXPECT_EQ(observed(Verdict::Mitigated), "no") << "something else kept the attack away";
}

}  // namespace
}  // namespace ringfence::lab::attack
