// SPDX-License-Identifier: MIT
// What user mode could reach, seen from outside the kernel: at every return to user mode, the
// loaded table is walked in the machine's memory and compared with what the image's symbols allow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "arch/x86/cr3.h"
#include "arch/x86/pte_4level.h"
#include "paging/formats/x86_4level.h"
#include "paging/walker.h"
#include "tests/kernel/guest.h"

namespace ringfence::kernel_tests {

namespace {

using arch::x86::Pte4Level;
using paging::Leaf;
using paging::X86FourLevel;

constexpr const char* busybox = "/bin/busybox";
constexpr const char* script =
    "for i in 1 2 3; do (echo $i | md5sum) & done; wait; trap : USR1; kill -USR1 $$; "
    "expr 6 '*' 7; ls / | sort | head -n 2; exit 5";
constexpr u64 page = 4 * kib;
constexpr u64 user_root_bit = page;
constexpr unsigned user_root_entries = 256;
constexpr VirtualAddress kernel_half{0xffff'8000'0000'0000};
constexpr VirtualAddress last_address{~u64{0}};

/// Guest RAM, as paging::Walker reads it.
struct GuestTables {
    sim::machine::Machine* machine = nullptr;

    template <typename Word>
    [[nodiscard]] Word read(PhysicalAddress address) const {
        Word word{};
        EXPECT_TRUE(machine->read_physical(address, {reinterpret_cast<u8*>(&word), sizeof word}));
        return word;
    }
};

/// A supervisor page of a user table, as text: what a comparison prints.
std::string describe(const Leaf& leaf) {
    return fmt::format("{:#x}+{:#x} {}{}{} {}", leaf.start.value(), leaf.size,
                       leaf.attributes.writable ? 'w' : '-', leaf.attributes.executable ? 'x' : '-',
                       leaf.attributes.user ? 'u' : 's',
                       leaf.attributes.global ? "global" : "local");
}

/// The manifest as docs/architecture.md states it: entry and exit text, and the entry area's pages.
std::vector<std::string> expected_pages(const lab::machine::KernelImage& kernel) {
    const auto at = [&](const char* name) { return kernel.symbols().address_of(name).value(); };
    std::vector<std::string> pages;
    const auto add = [&](VirtualAddress start, bool writable, bool executable) {
        pages.push_back(describe(
            {.start = start,
             .size = page,
             .attributes = {.writable = writable, .executable = executable, .global = true}}));
    };
    for (const char* part : {"entry", "exit"}) {
        const VirtualAddress end = at(fmt::format("__{}_text_end", part).c_str());
        for (VirtualAddress start = at(fmt::format("__{}_text_start", part).c_str()); start < end;
             start += page) {
            add(start, false, true);
        }
    }
    const VirtualAddress area = at("__entry_area");
    for (const u64 read_only : {0, 1, 2}) {  // GDT, IDT, TSS
        add(area + read_only * page, false, false);
    }
    for (const u64 written : {3, 5, 7, 9, 11, 13}) {  // scratch; entry, #DF, NMI, #MC, #DB stacks
        add(area + written * page, true, false);
    }
    std::sort(pages.begin(), pages.end());
    return pages;
}

/// Walks the loaded table at each return to user mode.
class UserTableWatch final : public sim::observe::Observer {
public:
    void attach(Guest& guest) {
        tables_.machine = &guest.machine();
        expected_ = expected_pages(guest.kernel());
    }

    void root_write(const sim::observe::RootWrite& event) override {
        root_ = arch::x86::Cr3::root(event.new_value);
    }
    void sysret(VirtualAddress /*target*/) override { enter_user(); }
    void iret(VirtualAddress /*target*/, bool to_user) override {
        if (to_user) {
            enter_user();
        }
    }

    u64 returns = 0;        ///< to user mode
    u64 on_user_roots = 0;  ///< those with a user root loaded
    std::set<u64> roots;

private:
    void enter_user() {
        ++returns;
        if ((root_.value() & user_root_bit) == 0) {
            return;
        }
        ++on_user_roots;
        roots.insert(root_.value());
        check_supervisor_pages(root_);
        check_user_half(root_);
    }

    void check_supervisor_pages(PhysicalAddress root) {
        std::vector<std::string> found;
        const paging::Walker<X86FourLevel, GuestTables> walker(tables_, root);
        walker.for_each_leaf({kernel_half, last_address},
                             [&](const Leaf& leaf) { found.push_back(describe(leaf)); });
        std::sort(found.begin(), found.end());
        ASSERT_EQ(found, expected_) << "user root " << root.value() << ", return " << returns;
    }

    /// Equal in both roots, but for the execute-disable bit that the kernel's root adds.
    void check_user_half(PhysicalAddress root) {
        const PhysicalAddress kernel_root = root - user_root_bit;
        for (unsigned i = 0; i < user_root_entries; ++i) {
            const u64 ours = tables_.read<u64>(root + i * sizeof(u64));
            const u64 kernels = tables_.read<u64>(kernel_root + i * sizeof(u64));
            const u64 ignored = Pte4Level::accessed.mask;
            if (!Pte4Level::present.test(ours)) {
                ASSERT_FALSE(Pte4Level::present.test(kernels)) << "root entry " << i;
                continue;
            }
            ASSERT_FALSE(Pte4Level::nx.test(ours)) << "root entry " << i;
            ASSERT_EQ(kernels & ~ignored, (ours | Pte4Level::nx.mask) & ~ignored)
                << "root entry " << i;
        }
    }

    PhysicalAddress root_;
    GuestTables tables_;
    std::vector<std::string> expected_;
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
    const auto image = loaded_bytes(guest.kernel().bytes(), start, size);
    ASSERT_EQ(image.size(), size);
    for (u64 i = 0; i < size; ++i) {
        if (i < literal || i >= literal + sizeof(u64)) {
            ASSERT_EQ(mapped[i], static_cast<u8>(image[i])) << "offset " << i;
        }
    }
}

/// Looks the kernel's own text up in the loaded table at each return to user mode.
class SharedTableWatch final : public sim::observe::Observer {
public:
    void attach(Guest& guest) {
        tables_.machine = &guest.machine();
        kernel_text_ = guest.kernel().symbols().address_of("__text_start").value();
    }

    void root_write(const sim::observe::RootWrite& event) override {
        root_ = arch::x86::Cr3::root(event.new_value);
    }
    void sysret(VirtualAddress /*target*/) override { enter_user(); }
    void iret(VirtualAddress /*target*/, bool to_user) override {
        if (to_user) {
            enter_user();
        }
    }

    u64 returns = 0;

private:
    void enter_user() {
        ++returns;
        const auto text =
            paging::Walker<X86FourLevel, GuestTables>(tables_, root_).find(kernel_text_);
        ASSERT_TRUE(text.ok()) << "return " << returns;
        ASSERT_FALSE(text.value().attributes.user);
        ASSERT_TRUE(text.value().attributes.global);
    }

    PhysicalAddress root_;
    VirtualAddress kernel_text_;
    GuestTables tables_;
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
