// SPDX-License-Identifier: MIT
#include "lab/boot/until.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/error.h"

namespace ringfence::lab::boot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

sim::observe::SymbolTable some_symbols() {
    sim::observe::SymbolTable table;
    table.add_names({{0x1000, "start"}, {0x2000, "MARKED"}});
    return table;
}

Until parse(const std::vector<std::string>& words) {
    const auto table = some_symbols();
    return parse_until("--until", words,
                       [&]() -> const sim::observe::SymbolTable& { return table; });
}

std::string error_of(const std::string& word, const sim::observe::SymbolTable& table) {
    try {
        static_cast<void>(parse_until("--until", {word},
                                      [&]() -> const sim::observe::SymbolTable& { return table; }));
    } catch (const LabError& error) {
        EXPECT_EQ(error.failure(), Failure::Usage);
        return error.what();
    }
    return "";
}

TEST(Until, TakesMarksAddressesAndSymbols) {
    const Until until = parse({"0x12ab", "start", "start+0x10", "MARKED", "4096"});
    EXPECT_THAT(until.addresses,
                ElementsAre(VirtualAddress{0x12ab}, VirtualAddress{0x1000}, VirtualAddress{0x1010},
                            VirtualAddress{0x2000}, VirtualAddress{4096}));
    EXPECT_FALSE(until.any_mark);
    EXPECT_TRUE(parse({"MARK"}).any_mark);
    EXPECT_THAT(parse({"MARK:1", "MARK:0x20"}).marks, ElementsAre(1U, 0x20U));
    EXPECT_FALSE(parse({"MARK:1"}).any_mark);
}

TEST(Until, DoesNotLookForSymbolsThatNobodyNames) {
    const Until until =
        parse_until("--until", {"0x1", "MARK"},
                    [] -> const sim::observe::SymbolTable& { throw std::logic_error("asked"); });
    EXPECT_EQ(until.addresses.size(), 1U);
}

TEST(Until, SaysWhatIsWrong) {
    EXPECT_THAT(error_of("nothing", some_symbols()), HasSubstr("has no such symbol"));
    EXPECT_THAT(error_of("nothing", {}), HasSubstr("--system-map may name some"));
    EXPECT_THAT(error_of("start+x", some_symbols()), HasSubstr("a number behind the +"));
    EXPECT_THAT(error_of("MARK:x", some_symbols()), HasSubstr("at most 32 bits"));
    EXPECT_THAT(error_of("MARK:0x100000000", some_symbols()), HasSubstr("at most 32 bits"));
}

}  // namespace
}  // namespace ringfence::lab::boot
