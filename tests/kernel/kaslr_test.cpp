// SPDX-License-Identifier: MIT
// The kernel at random places: it works there, and nothing that user tables map of it says where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <map>
#include <set>

#include "arch/x86/cr3.h"
#include "paging/formats/x86_4level.h"
#include "paging/walker.h"
#include "tests/kernel/user_table.h"

namespace ringfence::kernel_tests {

namespace {

using paging::X86FourLevel;

constexpr VirtualAddress kernel_half{0xffff'8000'0000'0000};
constexpr VirtualAddress entry_region{0xffff'ffff'ff00'0000};
constexpr VirtualAddress last_address{~u64{0}};
constexpr u64 linked_image = 0xffff'ffff'8000'0000;
constexpr u64 linked_stacks = 0xffff'a000'0000'0000;
constexpr u64 linked_devices = 0xffff'b000'0000'0000;

using Page = std::array<u8, 4 * kib>;
using Pages = std::map<u64, Page>;  ///< by virtual address

/// What the loaded table shows of the kernel's half, at each return to user mode.
class SupervisorPages final : public sim::observe::Observer {
public:
    explicit SupervisorPages(bool keep_all) : keep_all_(keep_all) {}

    void attach(Guest& guest) { tables_.machine = &guest.machine(); }
    void root_write(const sim::observe::RootWrite& event) override {
        root_ = arch::x86::Cr3::root(event.new_value);
    }
    void user_entered(VirtualAddress /*target*/) override {
        ++returns;
        Pages now;
        const paging::Walker<X86FourLevel, GuestTables> walker(tables_, root_);
        walker.for_each_leaf({kernel_half, last_address}, [&](const paging::Leaf& leaf) {
            Page& page = now[leaf.start.value()];
            ASSERT_TRUE(tables_.machine->read_physical(leaf.frame, page));
        });
        if (keep_all_) {
            keep_words_of_changed(now);
        }
        last = std::move(now);
    }

    u64 returns = 0;
    Pages last;
    std::set<u64> words;  ///< at any byte of any page at any return, if all are kept

private:
    void keep_words_of_changed(const Pages& pages) {
        for (const auto& [address, page] : pages) {
            const auto before = last.find(address);
            if (before != last.end() && before->second == page) {
                continue;
            }
            for (usize at = 0; at + sizeof(u64) <= page.size(); ++at) {
                u64 word = 0;
                std::memcpy(&word, page.data() + at, sizeof word);
                words.insert(word);
            }
        }
    }

    bool keep_all_;
    GuestTables tables_;
    PhysicalAddress root_;
};

GuestOptions options(std::string command_line, std::string seed) {
    return {.command_line = std::move(command_line),
            .kaslr_seed = std::move(seed),
            .program = {"/bin/busybox", "sh", "-c",
                        "for i in 1 2 3; do (echo $i | md5sum) & done; wait; trap : USR1; "
                        "kill -USR1 $$; exit 5"}};
}

void expect_finished(Guest& guest) {
    const auto end = guest.run();
    ASSERT_EQ(end.reason, sim::machine::MachineEnd::Reason::DebugExit) << end.detail << "\n"
                                                                       << guest.report().kernel_log;
    ASSERT_TRUE(guest.report().exit) << guest.report().kernel_log;
    EXPECT_EQ(guest.report().exit->code, 5U) << guest.output();
}

TEST(Kaslr, EachSeedPutsEveryRegionElsewhere) {
    std::set<u64> images;
    std::set<u64> direct_maps;
    std::set<u64> stacks;
    std::set<u64> devices;
    constexpr u64 seeds = 8;
    for (u64 seed = 0; seed < seeds; ++seed) {
        Guest guest(options("pti=on", "s" + std::to_string(seed)), nullptr);
        expect_finished(guest);
        const Displacements by = displacements_of(guest);
        EXPECT_EQ(by.image % (4 * kib), 0U);
        EXPECT_EQ(by.direct_map % gib, 0U);
        images.insert(by.image);
        direct_maps.insert(by.direct_map);
        stacks.insert(by.kernel_stacks);
        devices.insert(by.device_registers);
    }
    EXPECT_EQ(images.size(), seeds);
    EXPECT_EQ(direct_maps.size(), seeds);
    EXPECT_EQ(stacks.size(), seeds);
    EXPECT_EQ(devices.size(), seeds);
}

TEST(Kaslr, IsOnUnlessTheCommandLineSaysOtherwise) {
    Guest moved(options("pti=on", "1"), nullptr);
    expect_finished(moved);
    EXPECT_NE(displacements_of(moved).image, 0U);
    Guest stays(options("pti=on", ""), nullptr);
    expect_finished(stays);
    EXPECT_EQ(displacements_of(stays).image, 0U);
}

TEST(Kaslr, WorksInTheSharedDesign) {
    Guest guest(options("pti=off", "1"), nullptr);
    expect_finished(guest);
}

TEST(Kaslr, TheSeedIsNotShownToPrograms) {
    GuestOptions shown = options("pti=on", "secret");
    shown.program = {"/bin/busybox", "cat", "/proc/cmdline"};
    Guest guest(shown, nullptr);
    guest.run();
    EXPECT_THAT(guest.output(), ::testing::HasSubstr("pti=on"));
    EXPECT_THAT(guest.output(), ::testing::Not(::testing::HasSubstr("secret")));
    EXPECT_THAT(guest.report().kernel_log, ::testing::Not(::testing::HasSubstr("secret")));
}

/// Nothing but the stacks and the scratch word may differ at all: those hold what a program had in
/// its registers, and the instruction at which a timer interrupt comes is not the same.
TEST(Kaslr, WhatUserTablesMapIsTheSameWhereverTheKernelIs) {
    std::vector<Pages> seen;
    for (const char* const seed : {"", "1", "2", "3"}) {
        SupervisorPages pages(false);
        Guest guest(options("pti=on", seed), &pages);
        pages.attach(guest);
        expect_finished(guest);
        EXPECT_GE(pages.returns, 200U);
        seen.push_back(pages.last);
    }
    constexpr u64 written_from = 3 * 4 * kib;  // of the entry area: GDT, IDT and TSS come first
    for (const Pages& pages : seen) {
        ASSERT_EQ(pages.size(), seen.front().size());
        for (const auto& [address, page] : seen.front()) {
            ASSERT_TRUE(pages.contains(address));
            EXPECT_GE(address, entry_region.value());
            if (address < entry_region.value() + 2 * mib + written_from) {
                EXPECT_EQ(pages.at(address), page) << std::hex << address;
            }
        }
    }
}

TEST(Kaslr, NoWordThatUserTablesMapIsAnAddressOfTheKernels) {
    SupervisorPages pages(true);
    Guest guest(options("pti=on", "1"), &pages);
    pages.attach(guest);
    expect_finished(guest);
    const Displacements by = displacements_of(guest);
    const std::pair<u64, u64> regions[] = {
        {linked_image + by.image, 8 * mib},
        {kernel_half.value() + by.direct_map, 4 * gib},
        {linked_stacks + by.kernel_stacks, gib},
        {linked_devices + by.device_registers, gib},
    };
    const auto any_in = [&](u64 start, u64 size) {
        const auto found = pages.words.lower_bound(start);
        return found != pages.words.end() && *found - start < size;
    };
    for (const auto& [start, size] : regions) {
        EXPECT_FALSE(any_in(start, size)) << std::hex << start;
    }
    EXPECT_TRUE(any_in(entry_region.value() + 2 * mib, 16 * 4 * kib))
        << "the TSS holds the addresses of stacks: the search finds what is there";
}

}  // namespace

}  // namespace ringfence::kernel_tests
