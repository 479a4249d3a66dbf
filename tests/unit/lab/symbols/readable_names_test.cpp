// SPDX-License-Identifier: MIT
#include "lab/symbols/readable_names.h"

#include <gtest/gtest.h>

namespace ringfence::lab::symbols {
namespace {

sim::observe::SymbolTable table() {
    sim::observe::SymbolTable symbols;
    symbols.add_names({{0x1000, "syscall_isolated"},
                       {0x1100, "_ZN7attacks4takeEv"},
                       {0x1200, "_ZN9ringfence6kernel12_GLOBAL__N_19load_rootEm"},
                       {0x1300, "_ZN12_GLOBAL__N_11aEPN12_GLOBAL__N_11bE"},
                       {0x1400, "_Znot_mangled"},
                       {0x1500, "end"}});
    return symbols;
}

TEST(ReadableNames, AreThoseOfTheSource) {
    const auto symbols = table();
    EXPECT_EQ(name_of(VirtualAddress{0x1000}, symbols), "syscall_isolated");
    EXPECT_EQ(name_of(VirtualAddress{0x101c}, symbols), "syscall_isolated+0x1c");
    EXPECT_EQ(name_of(VirtualAddress{0x1104}, symbols), "attacks::take+0x4");
    EXPECT_EQ(name_of(VirtualAddress{0x1400}, symbols), "_Znot_mangled");
}

TEST(ReadableNames, AreWholeInNamespacesWithoutAName) {
    const auto symbols = table();
    EXPECT_EQ(name_of(VirtualAddress{0x1208}, symbols), "ringfence::kernel::load_root+0x8");
    EXPECT_EQ(name_of(VirtualAddress{0x1300}, symbols), "a");
}

TEST(ReadableNames, AreNumbersWhereNobodyHasAName) {
    const auto symbols = table();
    EXPECT_EQ(name_of(VirtualAddress{0x20}, symbols), "");
    EXPECT_EQ(describe(VirtualAddress{0x20}, symbols), "0x20");
    EXPECT_EQ(describe(VirtualAddress{0x1208}, symbols), "ringfence::kernel::load_root+0x8");
}

}  // namespace
}  // namespace ringfence::lab::symbols
