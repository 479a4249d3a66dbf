// SPDX-License-Identifier: MIT
// Programs measured on an unmodified Linux, and attacks on it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cstdint>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tests/end_to_end/command.h"
#include "tests/end_to_end/linux_kernel.h"

namespace ringfence::end_to_end {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// A verb on Linux, which boots in it unless a machine that is booted has been kept.
class MeasuredLinux : public ::testing::Test {
protected:
    void SetUp() override { std::filesystem::create_directories(cache_); }
    void TearDown() override { std::filesystem::remove_all(cache_); }

    Outcome run(std::string verb, std::vector<std::string> options,
                std::vector<std::string> environment = {}) {
        std::vector<std::string> arguments{std::move(verb), "--kernel", linux_kernel()};
        arguments.insert(arguments.end(), options.begin(), options.end());
        environment.push_back("XDG_CACHE_HOME=" + cache_);
        return ringfence(arguments, {.environment = environment});
    }
    json run_json(const std::string& verb, std::vector<std::string> options, int status = 0) {
        options.insert(options.begin(), {"--json", "-", "--quiet"});
        const Outcome outcome = run(verb, std::move(options));
        EXPECT_EQ(outcome.status, status) << outcome.error;
        return json::parse(outcome.output, nullptr, false);
    }
    std::vector<std::filesystem::path> kept() const {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(cache_)) {
            if (entry.is_regular_file()) {
                files.push_back(entry.path());
            }
        }
        return files;
    }

    std::string cache_ = ::testing::TempDir() + "ringfence-cache-" +
                         ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

const std::vector<std::string> program = {"--", "/bin/busybox", "sh", "-c",
                                          "echo out; echo err >&2; exit 3"};

std::vector<std::string> with_program(std::vector<std::string> options) {
    options.insert(options.end(), program.begin(), program.end());
    return options;
}

TEST_F(MeasuredLinux, AProgramsCostInEachDesignAddsUp) {
    const json result = run_json("compare", with_program({}));
    ASSERT_EQ(result["runs"].size(), 3U);
    const json& shared = result["runs"][0];
    for (const json& run : result["runs"]) {
        EXPECT_EQ(run["exit_status"], 3);
        EXPECT_EQ(run["entries"]["syscall"], shared["entries"]["syscall"]);
        std::uint64_t sum = 0;
        for (const auto& [cause, cycles] : run["stack"].items()) {
            sum += cycles.get<std::uint64_t>();
        }
        EXPECT_EQ(sum, run["cycles"]);
        // Some instructions each time: the symbols that Linux carries bound its ways in and out.
        const std::uint64_t calls = run["entries"]["syscall"];
        EXPECT_GT(run["instructions_by_place"]["entry"], 20 * calls);
        EXPECT_GT(run["instructions_by_place"]["exit"], 10 * calls);
    }
    // Two root writes for each entry; without isolation, only where processes change.
    EXPECT_GT(result["runs"][1]["root_writes"].get<std::uint64_t>(),
              shared["root_writes"].get<std::uint64_t>() +
                  2 * shared["entries"]["syscall"].get<std::uint64_t>());
    EXPECT_GT(result["runs"][1]["cycles"], shared["cycles"]);
    EXPECT_GT(result["runs"][2]["cycles"], result["runs"][1]["cycles"]);
}

TEST_F(MeasuredLinux, AKeptMachineGoesOnAsTheOneThatWasBooted) {
    const json booted = run_json("compare", with_program({"--design", "shared"}));
    ASSERT_EQ(kept().size(), 1U);
    const json resumed = run_json("compare", with_program({"--design", "shared"}));
    const json anew = run_json("compare", with_program({"--design", "shared", "--no-cache"}));
    EXPECT_EQ(resumed, booted);
    EXPECT_EQ(anew, booted);
}

TEST_F(MeasuredLinux, ADamagedKeptMachineIsBootedAnew) {
    const auto counts = [&] {
        return run_json("compare", with_program({"--design", "shared", "--mode", "fast"}));
    };
    const json booted = counts();
    ASSERT_EQ(kept().size(), 1U);
    std::filesystem::resize_file(kept()[0], std::filesystem::file_size(kept()[0]) / 2);
    EXPECT_EQ(counts(), booted);
}

TEST_F(MeasuredLinux, NothingIsKeptWhereNothingCanBe) {
    const Outcome outcome = run("compare", with_program({"--design", "shared", "--mode", "fast"}),
                                {"XDG_CACHE_HOME=/proc/nowhere"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
}

TEST_F(MeasuredLinux, OperationsCostWhatTheyAdd) {
    const json result = run_json("bench", {"--name", "null_syscall"});
    ASSERT_EQ(result["runs"].size(), 3U);
    EXPECT_EQ(result["runs"][0]["instructions"], 337.0) << "Debian's 6.1: 16 of them the program's";
    const double shared = result["runs"][0]["value"];
    EXPECT_GT(result["runs"][1]["value"], shared + 300) << "two root writes at the least";
    EXPECT_GT(result["runs"][2]["value"], result["runs"][1]["value"]);
}

TEST_F(MeasuredLinux, MeltdownReadsTheKernelUnlessItIsIsolated) {
    const json result =
        run_json("attack", {"--bytes", "16", "--cpu", "skylake-sp,icelake", "--method", "signal"});
    ASSERT_EQ(result["runs"].size(), 6U);
    for (const json& run : result["runs"]) {
        const bool vulnerable = run["cpu"] == "skylake-sp";
        const bool shared = run["design"] == "shared";
        EXPECT_EQ(run["verdict"], !vulnerable ? "immune" : shared ? "leaks" : "mitigated") << run;
        EXPECT_EQ(run["control"]["recovered_bytes"], 16);
        EXPECT_EQ(run["recovered_bytes"], vulnerable && shared ? 16 : 0);
        EXPECT_EQ(run["status"]["required"], vulnerable);
        EXPECT_EQ(run["status"]["enabled"], !shared) << "Linux isolates where it is told to";
    }
}

TEST_F(MeasuredLinux, ALimitOfInstructionsIsForTheProgram) {
    const auto limited = [&](const char* most) {
        return run("compare", with_program({"--design", "shared", "--mode", "fast",
                                            "--max-instructions", most}));
    };
    EXPECT_EQ(limited("50000000").status, 0) << "the boot before it takes ten times as many";
    const Outcome stopped = limited("10000");
    EXPECT_EQ(stopped.status, 255);
    EXPECT_THAT(stopped.error, HasSubstr("not finished after 10000 instructions"));
}

TEST_F(MeasuredLinux, SaysWhatIsWrong) {
    const Outcome no_program =
        run("compare", {"--design", "shared", "--mode", "fast", "--", source_file("README.md")});
    EXPECT_EQ(no_program.status, 255);
    const Outcome no_linux =
        ringfence({"compare", "--kernel", guest_program("end"), "--", "/bin/busybox", "true"});
    EXPECT_EQ(no_linux.status, 255);
    EXPECT_THAT(no_linux.error, HasSubstr("expected a Linux kernel: a bzImage or a vmlinux"));
    const Outcome two = run("compare", with_program({"--kernel-image", "other"}));
    EXPECT_EQ(two.status, 255);
    EXPECT_THAT(two.error, HasSubstr("--kernel and --kernel-image name two kernels"));
    const Outcome append =
        ringfence({"compare", "--append", "quiet", "--", "/bin/busybox", "true"});
    EXPECT_EQ(append.status, 255);
    const Outcome panic =
        run("compare",
            with_program({"--design", "shared", "--append", "rdinit=/nowhere", "--mode", "fast"}));
    EXPECT_EQ(panic.status, 255);
    EXPECT_THAT(panic.error, HasSubstr("did not get as far as its first process"));
}

}  // namespace
}  // namespace ringfence::end_to_end
