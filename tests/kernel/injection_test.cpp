// SPDX-License-Identifier: MIT
// Events before the instructions of the kernel's ways in and out, by the engine that
// `ringfence prove` uses; and that the engine finds what does not survive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "lab/error.h"
#include "lab/pack/guest_image.h"
#include "lab/prove/inject.h"
#include "sim/presets/preset_file.h"

namespace ringfence::kernel_tests {
namespace {

using lab::prove::EventKind;
using lab::prove::InjectionKindResult;
using lab::prove::InjectionPlan;
using lab::prove::InjectionResult;
using lab::prove::Watcher;

class Scenario {
public:
    explicit Scenario(const std::string& program)
        : image_(lab::pack::pack_guest(
              {.roots = {}, .files = {}, .environment = {}, .command = {program}})) {}

    [[nodiscard]] InjectionPlan plan(const std::string& cpu, const std::string& command_line) {
        auto model = sim::presets::find_preset(cpu);
        if (!model.ok()) {
            throw std::runtime_error(model.error());
        }
        return {.cpu = std::move(model).value(),
                .kernel = kernel_,
                .initramfs = image_.initramfs,
                .command_line = command_line,
                .times_each = 1,
                .outer_samples = 3,
                .most_runs = 40,
                .stop = stop_};
    }

private:
    lab::machine::KernelImage kernel_ = lab::machine::KernelImage::load(RINGFENCE_KERNEL_IMAGE);
    lab::pack::GuestImage image_;
    lab::machine::StopRequest stop_;
};

const std::string crossings = RINGFENCE_GUESTS "/crossings";

struct Mode {
    const char* name;
    const char* cpu;
    const char* command_line;
};

class Injection : public testing::TestWithParam<Mode> {};

void expect_survived(const InjectionKindResult& kind) {
    const std::string name{lab::prove::name_of(kind.kind)};
    for (const auto& failure : kind.failures) {
        ADD_FAILURE() << name << " before " << failure.place << ": " << failure.what;
    }
    EXPECT_GT(kind.runs, 0U) << name;
    EXPECT_GE(kind.runs, kind.places) << name;
    EXPECT_EQ(kind.survived, kind.runs) << name;
    EXPECT_EQ(kind.delivered + kind.waited + kind.never_came, kind.runs) << name;
}

/// Looks at the stacks of NMI, #MC and #DB, which user tables map, whenever user mode goes on:
/// whatever they were used for, no address of the kernel's own memory is left there.
class StackWatch final : public Watcher, private sim::observe::Observer {
public:
    explicit StackWatch(VirtualAddress entry_area) : entry_area_(entry_area) {}

    sim::observe::Observer& observer() override { return *this; }
    void attach(sim::machine::Machine& machine) override { machine_ = &machine; }
    [[nodiscard]] std::unique_ptr<Watcher> copy() const override {
        return std::make_unique<StackWatch>(*this);
    }
    [[nodiscard]] std::vector<std::string> findings() const override {
        return found_.empty() ? std::vector<std::string>{} : std::vector<std::string>{found_};
    }

private:
    void user_entered(VirtualAddress /*target*/) override {
        for (const u64 page : {9, 11, 13}) {  // as in entry_area.h
            std::array<u64, 512> words{};
            const VirtualAddress stack = entry_area_ + page * sizeof words;
            if (!machine_->debug_view().read(stack,
                                             {reinterpret_cast<u8*>(words.data()), sizeof words})) {
                found_ = "a stack is not mapped";
            }
            for (const u64 word : words) {
                if (word >= kernel_half && word < entry_region) {
                    found_ = fmt::format("{:#x} is left on stack {}", word, page);
                }
            }
        }
    }

    static constexpr u64 kernel_half = 0xffff'8000'0000'0000;
    static constexpr u64 entry_region = 0xffff'ffff'ff00'0000;
    VirtualAddress entry_area_;
    sim::machine::Machine* machine_ = nullptr;
    std::string found_;
};

TEST_P(Injection, LeavesNoTraceWhereverItComes) {
    Scenario scenario(crossings);
    InjectionPlan plan = scenario.plan(GetParam().cpu, GetParam().command_line);
    plan.make_watcher = [&] {
        return std::make_unique<StackWatch>(
            plan.kernel.symbols().address_of("__entry_area").value());
    };
    const InjectionResult result = lab::prove::inject(plan);
    EXPECT_TRUE(result.calm_findings.empty());
    EXPECT_EQ(result.calm_exit.code, 7U) << result.calm_output;
    EXPECT_EQ(result.calm_output, "36 signals, the last one 11\n");
    EXPECT_GE(result.places, 1000U) << "the program uses the paths";
    EXPECT_EQ(result.kinds.size(), lab::prove::event_kind_count);
    for (const InjectionKindResult& kind : result.kinds) {
        expect_survived(kind);
        if (!lab::prove::may_wait(kind.kind)) {
            EXPECT_EQ(kind.delivered, kind.runs) << lab::prove::name_of(kind.kind);
        }
    }
    EXPECT_TRUE(result.holds());
}

INSTANTIATE_TEST_SUITE_P(Designs, Injection,
                         testing::Values(Mode{"isolated", "skylake-sp", "pti=on"},
                                         Mode{"without_pcid", "nehalem", "pti=on nopcid"},
                                         Mode{"shared", "skylake-sp", "pti=off"}),
                         [](const auto& info) { return info.param.name; });

/// Finds something as soon as an NMI has come.
class Accuser final : public Watcher, private sim::observe::Observer {
public:
    sim::observe::Observer& observer() override { return *this; }
    void attach(sim::machine::Machine& /*machine*/) override {}
    [[nodiscard]] std::unique_ptr<Watcher> copy() const override {
        return std::make_unique<Accuser>(*this);
    }
    [[nodiscard]] std::vector<std::string> findings() const override {
        return seen_ ? std::vector<std::string>{"an NMI"} : std::vector<std::string>{};
    }

private:
    void interrupt(const sim::observe::InterruptEvent& event) override {
        seen_ = seen_ || event.vector == 2;
    }
    bool seen_ = false;
};

TEST(InjectionResult, TellsWhatAWatcherFinds) {
    Scenario scenario(crossings);
    InjectionPlan plan = scenario.plan("skylake-sp", "pti=on");
    plan.kinds = {EventKind::Nmi, EventKind::TimerInterrupt};
    plan.make_watcher = [] { return std::make_unique<Accuser>(); };
    const InjectionResult result = lab::prove::inject(plan);
    EXPECT_TRUE(result.calm_findings.empty());
    const InjectionKindResult& nmi = result.kinds.at(0);
    EXPECT_EQ(nmi.failures.size(), nmi.runs);
    EXPECT_EQ(nmi.survived, 0U);
    EXPECT_EQ(nmi.failures.at(0).what, "an NMI");
    expect_survived(result.kinds.at(1));
    EXPECT_FALSE(result.holds());
}

TEST(InjectionResult, IsTheSameWithAnyNumberOfJobs) {
    Scenario scenario(crossings);
    InjectionPlan plan = scenario.plan("skylake-sp", "pti=on");
    plan.kinds = {EventKind::TimerInterrupt};
    const InjectionResult one = lab::prove::inject(plan);
    plan.jobs = 2;
    const InjectionResult two = lab::prove::inject(plan);
    EXPECT_EQ(one.kinds.at(0).delivered, two.kinds.at(0).delivered);
    EXPECT_EQ(one.kinds.at(0).waited, two.kinds.at(0).waited);
    EXPECT_EQ(one.kinds.at(0).never_came, two.kinds.at(0).never_came);
    EXPECT_EQ(one.kinds.at(0).survived, two.kinds.at(0).survived);
}

/// What is not tried is told, with the reason.
TEST(InjectionResult, AccountsForEachPlace) {
    Scenario scenario(crossings);
    InjectionPlan plan = scenario.plan("skylake-sp", "pti=on");
    plan.kinds = {EventKind::TimerInterrupt, EventKind::PageFault, EventKind::DebugTrap};
    const InjectionResult result = lab::prove::inject(plan);
    for (const InjectionKindResult& kind : result.kinds) {
        usize places = kind.possible;
        for (const auto& exclusion : kind.exclusions) {
            EXPECT_FALSE(exclusion.reason.empty());
            places += exclusion.places;
        }
        EXPECT_EQ(places, result.places) << lab::prove::name_of(kind.kind);
        EXPECT_EQ(kind.places, plan.most_runs);
    }
}

TEST(InjectionResult, NamesTheCodeThatNothingReaches) {
    Scenario scenario(crossings);
    InjectionPlan plan = scenario.plan("skylake-sp", "pti=on");
    plan.kinds = {EventKind::TimerInterrupt};
    const InjectionResult result = lab::prove::inject(plan);
    const auto& symbols = plan.kernel.symbols();
    const auto is_unreached = [&](const char* symbol) {
        return std::ranges::binary_search(result.unreached, symbols.address_of(symbol).value());
    };
    EXPECT_TRUE(is_unreached("paranoid_isolated_8")) << "a double fault's";
    EXPECT_LE(result.path_instructions - result.unreached.size(), plan.most_runs);
    EXPECT_GT(result.path_instructions - result.unreached.size(), plan.most_runs / 3);
}

/// A processor whose kernel takes no machine checks shuts down: each of them is a failure.
TEST(InjectionResult, TellsWhatDoesNotSurvive) {
    Scenario scenario(crossings);
    InjectionPlan plan = scenario.plan("skylake-sp", "pti=on");
    plan.cpu = plan.cpu.without({arch::x86::cpuid_feature::mce, arch::x86::cpuid_feature::mca});
    plan.kinds = {EventKind::MachineCheck};
    const InjectionResult result = lab::prove::inject(plan);
    const InjectionKindResult& kind = result.kinds.at(0);
    EXPECT_EQ(kind.failures.size(), kind.runs);
    EXPECT_THAT(kind.failures.at(0).what, testing::HasSubstr("the machine ends otherwise"));
}

}  // namespace
}  // namespace ringfence::kernel_tests
