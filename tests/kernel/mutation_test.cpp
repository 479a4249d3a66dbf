// SPDX-License-Identifier: MIT
// The kernel with mutations: that they are those of the list, that without one it is the kernel,
// that the kernel has none, and that those which the checks of this folder can see do what they
// say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "arch/x86/cr3.h"
#include "lab/prove/mutation_list.h"
#include "tests/kernel/user_table.h"

namespace ringfence::kernel_tests {

namespace {

using lab::prove::Mutation;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string mutants = RINGFENCE_KERNEL_IMAGE "-mutants";
/// A mutation may well send a program into a loop.
constexpr u64 instruction_limit = 8'000'000;

const std::vector<Mutation>& mutations() {
    static const auto list = lab::prove::built_in_mutations();
    return list;
}

std::vector<std::string> command_of(const std::vector<std::string>& program) {
    std::vector<std::string> command = program;
    command.front() = RINGFENCE_GUESTS "/" + command.front();
    return command;
}

GuestOptions options_of(const Mutation& mutation) {
    return {.cpu = mutation.cpu,
            .command_line = mutation.command_line,
            .program = command_of(mutation.program),
            .strict_tlb = std::ranges::count(mutation.needs, "strict") > 0,
            .kernel = mutants,
            .instruction_limit = instruction_limit};
}

/// The same run without the mutation.
GuestOptions calm_options_of(const Mutation& mutation) {
    GuestOptions options = options_of(mutation);
    options.command_line.resize(options.command_line.find(" mutation="));
    return options;
}

/// What is seen of isolation from outside.
class Watch final : public sim::observe::Observer {
public:
    void attach(Guest& guest) { checker_.attach(guest); }

    void root_write(const sim::observe::RootWrite& event) override {
        root_ = arch::x86::Cr3::root(event.new_value);
    }
    void user_entered(VirtualAddress /*target*/) override {
        if (fault_of_table.empty() && is_user_root(root_)) {
            fault_of_table = checker_.fault_of_user_root(root_);
        }
    }
    void stale_translation(const sim::observe::StaleTranslation& /*stale*/) override {
        ++stale_uses;
    }

    u64 stale_uses = 0;
    std::string fault_of_table;  ///< the first one

private:
    PhysicalAddress root_;
    UserTableChecker checker_;
};

Watch watched_run(const GuestOptions& options) {
    Watch watch;
    Guest guest(options, &watch);
    watch.attach(guest);
    guest.run();
    return watch;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

TEST(Mutations, OfTheKernelAndOfTheListAreTheSame) {
    Guest guest({.command_line = "mutation=?",
                 .program = command_of({"kernel_paths", "calls"}),
                 .kernel = mutants},
                nullptr);
    guest.run();
    const auto& log = guest.report().kernel_log;
    ASSERT_THAT(log, HasSubstr("kernel panic: no such mutation"));
    const auto lines = lines_of(log);
    const auto first = std::ranges::find(lines, "mutation=?: there are");
    const auto last = std::ranges::find(lines, "kernel panic: no such mutation");
    ASSERT_NE(first, lines.end()) << log;
    std::vector<std::string> of_kernel;
    std::transform(first + 1, last, std::back_inserter(of_kernel),
                   [](const std::string& line) { return line.substr(2); });
    std::vector<std::string> of_list;
    std::ranges::transform(mutations(), std::back_inserter(of_list), &Mutation::name);
    EXPECT_EQ(of_kernel, of_list);
    EXPECT_GE(of_list.size(), 20U);
}

class MutantsImage : public testing::TestWithParam<const char*> {};

TEST_P(MutantsImage, WithoutAMutationIsTheKernel) {
    const GuestOptions options{
        .command_line = GetParam(),
        .program = command_of({"kernel_paths", "calls", "exceptions", "refused", "flushes", "forks",
                               "waiting-forks", "spaces", "threads", "designs", "status"})};
    GuestOptions of_mutants = options;
    of_mutants.kernel = mutants;
    Guest kernel(options, nullptr);
    Guest mutant(of_mutants, nullptr);
    kernel.run();
    mutant.run();
    ASSERT_TRUE(kernel.report().exit && mutant.report().exit) << mutant.report().kernel_log;
    EXPECT_EQ(kernel.report().exit->code, 0U) << kernel.output();
    EXPECT_EQ(mutant.report().exit->code, 0U) << mutant.output();
    EXPECT_EQ(mutant.output(), kernel.output());
    EXPECT_THAT(kernel.output(), HasSubstr("flushes: 0 wrong\n"));
    EXPECT_EQ(mutant.report().kernel_log, kernel.report().kernel_log);
    EXPECT_EQ(mutant.machine().counters().root_writes, kernel.machine().counters().root_writes);
}

INSTANTIATE_TEST_SUITE_P(Modes, MutantsImage,
                         testing::Values("pti=on", "pti=on noinvpcid", "pti=on nopcid", "pti=off"),
                         [](const auto& info) {
                             std::string name(info.param);
                             std::ranges::replace_if(
                                 name, [](char c) { return c == '=' || c == ' '; }, '_');
                             return name;
                         });

TEST(Kernel, HasNoMutations) {
    const auto image = lab::machine::KernelImage::load(RINGFENCE_KERNEL_IMAGE);
    for (const Mutation& mutation : mutations()) {
        EXPECT_EQ(image.bytes().find(mutation.name), std::string::npos) << mutation.name;
    }
    const std::string sites = "__mutations_start";
    EXPECT_FALSE(image.symbols().address_of(sites).has_value());
    EXPECT_TRUE(lab::machine::KernelImage::load(mutants).symbols().address_of(sites).has_value())
        << "else that says nothing";
}

TEST(Kernel, DoesNotHearOfMutations) {
    Watch watch;
    Guest guest({.command_line = "pti=on mutation=kernel-image-in-user-table",
                 .program = command_of({"kernel_paths", "calls"})},
                &watch);
    watch.attach(guest);
    guest.run();
    ASSERT_TRUE(guest.report().exit.has_value()) << guest.report().kernel_log;
    EXPECT_EQ(watch.fault_of_table, "");
    EXPECT_THAT(guest.report().kernel_log, Not(HasSubstr("mutation: ")));
}

using Named = testing::TestWithParam<std::string>;

const Mutation& mutation_called(const std::string& name) {
    const auto found = std::ranges::find(mutations(), name, &Mutation::name);
    if (found == mutations().end()) {
        throw std::runtime_error("no mutation is called " + name);
    }
    return *found;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param;
    std::ranges::replace(name, '-', '_');
    return name;
}

class MutatedFlush : public Named {};

TEST_P(MutatedFlush, LeavesStaleTranslationsInUse) {
    const Mutation& mutation = mutation_called(GetParam());
    EXPECT_GT(watched_run(options_of(mutation)).stale_uses, 0U);
    EXPECT_EQ(watched_run(calm_options_of(mutation)).stale_uses, 0U);
}

std::vector<std::string> names_of_strict() {
    std::vector<std::string> names;
    for (const Mutation& mutation : mutations()) {
        if (std::ranges::count(mutation.needs, "strict") > 0) {
            names.push_back(mutation.name);
        }
    }
    return names;
}

INSTANTIATE_TEST_SUITE_P(Each, MutatedFlush, testing::ValuesIn(names_of_strict()), test_name);

class MutatedTable : public Named {};

TEST_P(MutatedTable, IsNotWhatTheManifestSays) {
    const Mutation& mutation = mutation_called(GetParam());
    EXPECT_NE(watched_run(options_of(mutation)).fault_of_table, "");
    EXPECT_EQ(watched_run(calm_options_of(mutation)).fault_of_table, "");
}

INSTANTIATE_TEST_SUITE_P(Each, MutatedTable,
                         testing::Values("kernel-image-in-user-table",
                                         "kernel-stacks-in-user-table", "cpu-state-in-user-table",
                                         "page-table-in-user-table", "init-memory-in-user-table",
                                         "guard-pages-mapped", "user-accessible-root",
                                         "text-cloned-writable", "idt-writable",
                                         "nmi-stack-unmapped", "user-half-executable",
                                         "root-entry-mirrored-late"),
                         test_name);

/// The text that runs on user tables, as it is in memory when the machine has ended.
std::vector<u8> shared_text(const GuestOptions& options) {
    Guest guest(options, nullptr);
    guest.run();
    const auto at = [&](const char* name) {
        return guest.kernel().symbols().address_of(name).value().value();
    };
    std::vector<u8> text(at("__exit_text_end") - at("__entry_text_start"));
    EXPECT_TRUE(guest.machine().read_physical(PhysicalAddress{at("__entry_load")}, text));
    return text;
}

class MutatedText : public Named {};

TEST_P(MutatedText, DiffersInAFewBytes) {
    const Mutation& mutation = mutation_called(GetParam());
    const auto calm = shared_text(calm_options_of(mutation));
    const auto text = shared_text(options_of(mutation));
    ASSERT_EQ(text.size(), calm.size());
    u64 differing = 0;
    for (usize i = 0; i < text.size(); ++i) {
        differing += text[i] != calm[i] ? 1 : 0;
    }
    constexpr u64 most = 4 * 16;  // a site in each of four copies of a macro
    EXPECT_GT(differing, 0U);
    EXPECT_LE(differing, most);
}

INSTANTIATE_TEST_SUITE_P(Each, MutatedText,
                         testing::Values("no-flush-over-owed-flush", "nmi-decides-by-cs",
                                         "debug-decides-by-cs", "machine-check-decides-by-cs",
                                         "double-fault-keeps-root", "safe-root-outside-trampoline",
                                         "paranoid-exit-loses-user-root", "paranoid-frame-left",
                                         "paranoid-registers-left",
                                         "exit-turns-interrupts-on-early",
                                         "iret-fault-not-recognized", "kernel-pointer-in-scratch"),
                         test_name);

}  // namespace
}  // namespace ringfence::kernel_tests
