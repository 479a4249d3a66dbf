// SPDX-License-Identifier: MIT
// What user mode could reach, seen from outside the kernel: at every return to user mode, the
// loaded table is walked in the machine's memory and compared with what the image's symbols allow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "arch/x86/cr3.h"
#include "tests/kernel/user_table.h"

namespace ringfence::kernel_tests {

namespace {

constexpr const char* busybox = "/bin/busybox";
constexpr const char* script =
    "for i in 1 2 3; do (echo $i | md5sum) & done; wait; trap : USR1; kill -USR1 $$; "
    "expr 6 '*' 7; ls / | sort | head -n 2; exit 5";

/// Checks the loaded table at each return to user mode.
class UserTableWatch final : public sim::observe::Observer {
public:
    void attach(Guest& guest) { checker_.attach(guest); }
    void allow_ldts() { checker_.allow_ldts(); }

    void root_write(const sim::observe::RootWrite& event) override {
        root_ = arch::x86::Cr3::root(event.new_value);
    }
    void user_entered(VirtualAddress /*target*/) override {
        ++returns;
        if (is_user_root(root_)) {
            ++on_user_roots;
            roots.insert(root_.value());
            checker_.check_user_root(root_);
            note_ldt(checker_.ldt_frame(root_));
        }
    }

    u64 returns = 0;        ///< to user mode
    u64 on_user_roots = 0;  ///< those with a user root loaded
    std::set<u64> roots;
    std::map<u64, u64> ldts;  ///< the first page's frame now, by root; 0: none
    std::set<u64> had_ldts;   ///< roots of programs that had one at some time
    u64 shared_ldts = 0;      ///< returns at which two programs had the same one

private:
    void note_ldt(PhysicalAddress frame) {
        ldts[root_.value()] = frame.value();
        if (frame.value() == 0) {
            return;
        }
        had_ldts.insert(root_.value());
        for (const auto& [root, other] : ldts) {
            // What was seen there may be of a program that has ended since.
            const bool lives = other == frame.value() && root != root_.value() &&
                               checker_.ldt_frame(PhysicalAddress{root}) == frame;
            shared_ldts += lives ? 1 : 0;
        }
    }

    PhysicalAddress root_;
    UserTableChecker checker_;
};

GuestOptions options(std::string cpu, std::string command_line) {
    return {.cpu = std::move(cpu),
            .command_line = std::move(command_line),
            .program = {busybox, "sh", "-c", script}};
}

void expect_finished(Guest& guest) {
    const auto end = guest.run();
    ASSERT_EQ(end.reason, sim::machine::MachineEnd::Reason::DebugExit) << end.detail << "\n"
                                                                       << guest.report().kernel_log;
    ASSERT_TRUE(guest.report().exit.has_value()) << guest.report().kernel_log;
    EXPECT_EQ(guest.report().exit->code, 5U) << guest.output();
    EXPECT_THAT(guest.output(), ::testing::HasSubstr("42\n"));
}

/// CPU and command line of a run in the isolated design.
class Isolated : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Isolated, EveryLoadedUserTableHoldsTheManifestAndNothingElse) {
    UserTableWatch watch;
    Guest guest(options(GetParam().first, GetParam().second), &watch);
    watch.attach(guest);
    expect_finished(guest);
    EXPECT_GE(watch.roots.size(), 3U) << "the shell forks: several processes";
    EXPECT_GE(watch.returns, 200U);
    EXPECT_EQ(watch.on_user_roots, watch.returns);
    EXPECT_GE(guest.machine().counters().root_writes, 2 * watch.returns - 1)
        << "every return to user mode is paired with an entry";
}

INSTANTIATE_TEST_SUITE_P(Cpus, Isolated,
                         ::testing::Values(std::pair{"skylake-sp", "pti=on"},
                                           std::pair{"skylake-sp", "pti=on nopcid"},
                                           std::pair{"nehalem", "pti=on"},
                                           std::pair{"zen2", "pti=on"}, std::pair{"haswell", ""}));

TEST(IsolatedWithLdts, EachProgramHasItsOwnAndNoOther) {
    UserTableWatch watch;
    watch.allow_ldts();
    Guest guest(
        {.cpu = "skylake-sp", .command_line = "pti=on", .program = {RINGFENCE_GUESTS "/ldt"}},
        &watch);
    watch.attach(guest);
    const auto end = guest.run();
    ASSERT_EQ(end.reason, sim::machine::MachineEnd::Reason::DebugExit) << end.detail;
    EXPECT_THAT(guest.output(), ::testing::HasSubstr("after execve: 0"));
    EXPECT_EQ(watch.on_user_roots, watch.returns);
    EXPECT_GE(watch.had_ldts.size(), 2U) << "the program and its child";
    EXPECT_EQ(watch.shared_ldts, 0U);
    EXPECT_TRUE(std::ranges::any_of(watch.ldts, [](const auto& row) { return row.second == 0; }))
        << "execve leaves none";
}

/// The lines of the kernel's own report, by owner.
std::map<std::string, std::vector<std::string>> lines_by_owner(const std::string& text) {
    std::map<std::string, std::vector<std::string>> result;
    std::istringstream stream(text);
    std::string line;
    while (std::getline(stream, line)) {
        const auto space = line.find(' ');
        result[line.substr(0, space)].push_back(line.substr(space + 1));
    }
    return result;
}

TEST(UserTableReport, EveryProcessEndsWithExactlyTheManifest) {
    Guest guest(options("skylake-sp", "pti=on dump_user_tables"), nullptr);
    expect_finished(guest);
    auto owners = lines_by_owner(guest.report().user_tables);
    auto manifest = owners["manifest"];
    owners.erase("manifest");
    ASSERT_GE(owners.size(), 5U) << "the shell forks: several processes";
    ASSERT_EQ(manifest.size() % owners.size(), 0U) << "each process comes with the manifest";
    manifest.resize(manifest.size() / owners.size());
    for (auto& [process, lines] : owners) {
        std::sort(lines.begin(), lines.end());
        auto expected = manifest;
        std::sort(expected.begin(), expected.end());
        EXPECT_EQ(lines, expected) << "process " << process;
    }
}

TEST(UserTableContents, MappedTextIsTheImagesTextByteForByte) {
    // On a CPU with PCID and SMAP no instruction of the entry code is replaced at boot.
    Guest guest(options("skylake-sp", "pti=on"), nullptr);
    expect_finished(guest);
    const auto at = [&](const char* name) {
        return guest.kernel().symbols().address_of(name).value().value();
    };
    const u64 start = at("__entry_text_start");
    const u64 size = at("__exit_text_end") - start;
    const u64 literal = at("safe_root") - start;
    std::vector<u8> mapped(size);
    ASSERT_TRUE(guest.machine().read_physical(PhysicalAddress{at("__entry_load")}, mapped));
    const auto image = guest.kernel().loaded(VirtualAddress{start}, size);
    ASSERT_EQ(image.size(), size);
    for (u64 i = 0; i < size; ++i) {
        if (i < literal || i >= literal + sizeof(u64)) {
            ASSERT_EQ(mapped[i], static_cast<u8>(image[i])) << "offset " << i;
        }
    }
}

/// Checks at each return to user mode that the loaded table maps the kernel, as global pages.
class SharedTableWatch final : public sim::observe::Observer {
public:
    void attach(Guest& guest) { checker_.attach(guest); }

    void root_write(const sim::observe::RootWrite& event) override {
        root_ = arch::x86::Cr3::root(event.new_value);
    }
    void user_entered(VirtualAddress /*target*/) override {
        ++returns;
        checker_.check_kernel_root(root_);
        ASSERT_TRUE(checker_.kernel_is_global(root_));
    }

    u64 returns = 0;

private:
    PhysicalAddress root_;
    UserTableChecker checker_;
};

class Shared : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Shared, UserModeRunsOnTablesThatMapTheKernelForTheSupervisorOnly) {
    SharedTableWatch watch;
    Guest guest(options(GetParam().first, GetParam().second), &watch);
    watch.attach(guest);
    expect_finished(guest);
    EXPECT_GE(watch.returns, 200U);
    EXPECT_LT(guest.machine().counters().root_writes, watch.returns / 2)
        << "the root changes with the process, not with each entry";
}

INSTANTIATE_TEST_SUITE_P(Cpus, Shared,
                         ::testing::Values(std::pair{"skylake-sp", "pti=off"},
                                           std::pair{"skylake-sp", "nopti"},
                                           std::pair{"icelake", ""}, std::pair{"zen2", ""}));

}  // namespace

}  // namespace ringfence::kernel_tests
