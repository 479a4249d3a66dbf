// SPDX-License-Identifier: MIT
// Two runs compared, and what is made of their difference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lab/relational/chain.h"
#include "lab/relational/comparison.h"
#include "lab/relational/names.h"
#include "lab/relational/verdict.h"
#include "lab/report/explanation.h"
#include "lab/report/relational_report.h"
#include "lab/report/timing_words.h"

namespace ringfence::lab::relational {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = TimingEvent::Kind;
using Cache = TimingEvent::Cache;

constexpr u64 secret_address = 0xffff'8880'0000'1040;
const sim::observe::AddressRange place{VirtualAddress{secret_address},
                                       VirtualAddress{secret_address + 16}};

TimingEvent retired(u64 rip, u64 cycle) {
    return {.kind = Kind::Retired, .user = true, .cycle = cycle, .rip = VirtualAddress{rip}};
}
TimingEvent access(Kind kind, u64 rip, u64 address, u64 cycle = 0) {
    return {.kind = kind,
            .user = true,
            .cycle = cycle,
            .rip = VirtualAddress{rip},
            .address = VirtualAddress{address},
            .physical = PhysicalAddress{address + 0x100'0000}};
}
TimingEvent line(Kind kind, u64 rip, u64 address, Cache cache = Cache::L1d) {
    return {.kind = kind,
            .cache = cache,
            .number = static_cast<u32>(address / 64 % 64),
            .rip = VirtualAddress{rip},
            .physical = PhysicalAddress{address + 0x100'0000}.align_down(64)};
}
TimingEvent forbidden(u64 rip, u64 address, TimingEvent::Forwarded forwarded, u64 cycle) {
    TimingEvent event = access(Kind::Forbidden, rip, address, cycle);
    event.forwarded = forwarded;
    return event;
}
TimingEvent begins(u64 rip, u64 squash, bool fault) {
    return {.kind = Kind::PathBegins,
            .user = true,
            .fault = fault,
            .cycle = squash,
            .rip = VirtualAddress{rip}};
}
const TimingEvent path_ends{.kind = Kind::PathEnds, .cycle = 160};

/// A fault whose path sends to `sent`, and a receiver that flushes it or not and then loads 0x9040.
Events attempt(u64 sent, bool arrives) {
    Events events = {
        retired(0x10, 90),
        forbidden(0x14, secret_address + 3, TimingEvent::Forwarded::Data, 100),
        begins(0x14, 160, true),
        {.kind = Kind::Transient, .user = true, .cycle = 105, .rip = VirtualAddress{0x18}},
        access(Kind::TransientAccess, 0x18, 0x5000, 105),
        line(Kind::Filled, 0x1c, sent, Cache::L2),
        line(Kind::Filled, 0x1c, sent),
        {.kind = Kind::Transient, .user = true, .cycle = 110, .rip = VirtualAddress{0x1c}},
        access(Kind::TransientAccess, 0x1c, sent, 110),
        path_ends,
        {.kind = Kind::Delivered, .number = 14, .cycle = 800, .rip = VirtualAddress{0x77}},
        retired(0x77, 900),
        retired(0x30, 1000),
        line(Kind::Flushed, 0x34, 0x9040),
        retired(0x34, 1010),
        access(Kind::Access, 0x34, 0x9040, 1010),
        retired(0x38, 1100),
    };
    if (!arrives) {
        events.push_back(line(Kind::Filled, 0x3c, 0x9040));
    }
    const u64 done = arrives ? 1105 : 1400;
    events.push_back(retired(0x3c, done));
    events.push_back(access(Kind::Access, 0x3c, 0x9040, done));
    return events;
}

TEST(FirstDifference, IsWhereOneHasWhatTheOtherHasNot) {
    const Events events = {retired(1, 1), retired(2, 2), retired(3, 3)};
    EXPECT_EQ(first_difference(events, events), std::nullopt);
    Events later = events;
    later[1].cycle = 5;
    EXPECT_EQ(first_difference(events, later), 1U);
    const Events shorter = {retired(1, 1), retired(2, 2)};
    EXPECT_EQ(first_difference(events, shorter), 2U);
    const Difference difference = difference_at(events, shorter, 2);
    EXPECT_EQ(difference.first, retired(3, 3));
    EXPECT_EQ(difference.second, std::nullopt) << "it has ended";
}

TEST(FirstDifference, NamesTheLinesOfTheFirstCache) {
    const Events first = attempt(0x9040, true);
    const Events second = attempt(0xa040, false);
    const auto at = first_difference(first, second);
    ASSERT_EQ(at, 5U) << "the line in L2";
    const Difference difference = difference_at(first, second, *at);
    EXPECT_EQ(difference.first_line, line(Kind::Filled, 0x1c, 0x9040));
    EXPECT_EQ(difference.second_line, line(Kind::Filled, 0x1c, 0xa040));
}

TEST(Content, OfTheOtherRunDiffersInEveryByteAndHasNoZero) {
    std::string all;
    for (int byte = 1; byte < 256; ++byte) {
        all.push_back(static_cast<char>(byte));
    }
    const std::string other = other_content(all);
    for (usize i = 0; i < all.size(); ++i) {
        EXPECT_NE(all[i], other[i]);
        EXPECT_NE(other[i], 0);
    }
    EXPECT_EQ(other_content("\x0f"), "\xf0");
    EXPECT_EQ(other_content("\xff"), "\x01");
    EXPECT_EQ(without_zeroes(std::string("\0a", 2)), "\1a");
}

TEST(Chain, LeadsFromTheSecretToItsMeasurement) {
    const Evidence evidence{attempt(0x9040, true), attempt(0xa040, false), 5};
    const auto chain = find_chain(evidence, place);
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->load.rip.value(), 0x14U);
    EXPECT_EQ(chain->byte, 3U);
    EXPECT_EQ(chain->path.cycle, 160U);
    EXPECT_EQ(chain->independent, 1U) << "0x5000 is the same for both";
    ASSERT_EQ(chain->dependents.size(), 1U);
    const Dependent& sent = chain->dependents.front();
    EXPECT_EQ(sent.access.address.value(), 0x9040U);
    EXPECT_EQ(sent.fill, line(Kind::Filled, 0x1c, 0x9040));
    EXPECT_EQ(sent.other_access->address.value(), 0xa040U);
    EXPECT_EQ(chain->delivered->number, 14U);
    ASSERT_TRUE(chain->measured);
    EXPECT_EQ(chain->measured->load.rip.value(), 0x3cU) << "0x34 flushes";
    EXPECT_EQ(chain->measured->cycles, 5U);
    EXPECT_TRUE(chain->measured->hit);
    EXPECT_EQ(chain->measured->other_cycles, 300U);
    EXPECT_FALSE(chain->measured->other_hit);
}

TEST(Chain, PrefersTheLoadThatForwardedData) {
    Events events = {
        retired(0x10, 90),
        begins(0x40, 200, false),
        forbidden(0x44, secret_address, TimingEvent::Forwarded::Zero, 100),
        forbidden(0x48, secret_address, TimingEvent::Forwarded::Data, 150),
        access(Kind::TransientAccess, 0x4c, 0x9000, 155),
        path_ends,
    };
    Events other = events;
    other[4] = access(Kind::TransientAccess, 0x4c, 0xa000, 155);
    const auto chain = find_chain({events, other, 4}, place);
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->load.rip.value(), 0x48U);
    EXPECT_FALSE(chain->path.fault);
    EXPECT_EQ(chain->delivered, std::nullopt);
    EXPECT_EQ(chain->measured, std::nullopt) << "the evidence ends";
}

TEST(Chain, OfOneRunEndsWhereNothingCameOfTheLoad) {
    Events events = attempt(0x9040, true);
    events[1].forwarded = TimingEvent::Forwarded::Nothing;
    events.erase(events.begin() + 3, events.begin() + 9);
    const auto chain = find_chain({events, {}, 1}, place);
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->load.forwarded, TimingEvent::Forwarded::Nothing);
    EXPECT_EQ(chain->independent, 0U);
    EXPECT_TRUE(chain->dependents.empty());
    EXPECT_TRUE(chain->delivered);
}

TEST(Chain, IsNoneWithoutASquashedLoadOfTheSecret) {
    const Events events = {retired(1, 1), retired(2, 2)};
    EXPECT_EQ(find_chain({events, {retired(1, 1), retired(2, 3)}, 1}, place), std::nullopt);
    Events elsewhere = attempt(0x9040, true);
    elsewhere[1].address = VirtualAddress{0x1234};
    EXPECT_EQ(find_chain({elsewhere, attempt(0xa040, false), 5}, place), std::nullopt);
}

TEST(Verdict, NeedsAControlThatDiffers) {
    Comparison equal{};
    Comparison differs{};
    differs.difference = Difference{};
    EXPECT_EQ(judge(equal, differs).verdict, Verdict::Equal);
    EXPECT_EQ(judge(differs, differs).verdict, Verdict::Differs);
    EXPECT_EQ(judge(equal, equal).verdict, Verdict::Broken);
    EXPECT_EQ(judge(differs, equal).verdict, Verdict::Broken);
    EXPECT_THAT(judge(equal, equal).reason, HasSubstr("control failed"));
}

TEST(Verdict, SaysSomethingOfIsolation) {
    EXPECT_EQ(answer_of(Verdict::Equal), Answer::Holds);
    EXPECT_EQ(answer_of(Verdict::Differs), Answer::DoesNotHold);
    EXPECT_EQ(answer_of(Verdict::Broken), Answer::CannotBeTold);
}

TEST(Words, SayWhereAWalkEnded) {
    TimingEvent event{.kind = Kind::Forbidden, .reason = TimingEvent::Reason::NoPage};
    const std::pair<u32, const char*> levels[] = {{12, "a page-table entry"},
                                                  {21, "a page-directory entry"},
                                                  {30, "a page-directory-pointer entry"},
                                                  {39, "a PML4 entry"},
                                                  {48, "a PML5 entry"}};
    for (const auto& [shift, name] : levels) {
        event.number = shift;
        EXPECT_THAT(report::reason_words(event), HasSubstr(name));
    }
    event.reason = TimingEvent::Reason::Supervisor;
    EXPECT_EQ(report::reason_words(event), "a supervisor page");
}

TEST(Words, AreThereForEveryKind) {
    for (u8 kind = 0; kind <= static_cast<u8>(Kind::Flushed); ++kind) {
        const TimingEvent event{.kind = static_cast<Kind>(kind)};
        EXPECT_NE(report::what_happens(event), "");
        EXPECT_NE(report::kind_name(event.kind), "");
    }
}

/// A result whose runs are those of `attempt`.
attack::AttackRun examined(bool differs) {
    attack::AttackRun run{};
    run.setup = {.cpu = "some-cpu", .design = Design::Shared, .pcid = true, .label = "shared"};
    run.method = attack::Method::Signal;
    Result result;
    const Events first = attempt(0x9040, true);
    const Events second = attempt(0xa040, false);
    result.control.difference = difference_at(first, second, 5);
    if (differs) {
        result.secret.difference = result.control.difference;
    }
    result.secret.instructions = 1234;
    result.secret.user_entries = 5;
    result.judgement = judge(result.secret, result.control);
    result.moment = Moment{.machine = nullptr, .place = place, .content = "x"};
    result.chain = find_chain({first, differs ? second : Events{}, differs ? 5U : 1U}, place);
    run.relational = std::move(result);
    return run;
}

const Names& names() {
    static const Names all = [] {
        sim::observe::SymbolTable symbols;
        symbols.add_names({{0x10, "send_byte"}, {0x30, "_ZN7attacks4takeEv"}, {0x70, "handler"}});
        return Names(std::move(symbols));
    }();
    return all;
}

TEST(Names, AreThoseOfTheSource) {
    EXPECT_EQ(names().code(VirtualAddress{0x14}), "send_byte+0x4");
    EXPECT_EQ(names().code(VirtualAddress{0x30}), "attacks::take");
    EXPECT_EQ(names().code(VirtualAddress{0x5}), "0x5");
    EXPECT_EQ(Names::data(VirtualAddress{secret_address + 3}, place), "secret[3]");
    EXPECT_EQ(Names::data(VirtualAddress{0x20}, place), "0x20");
}

TEST(RelationalReport, NamesTheFirstDifference) {
    const std::string table = report::relational_table({examined(true)}, names());
    EXPECT_THAT(table, HasSubstr("differs"));
    EXPECT_THAT(table, HasSubstr("1,234"));
    EXPECT_THAT(table, HasSubstr("send_byte+0xc"));
    EXPECT_THAT(table, HasSubstr("line 0x1009040 into L1D set 1, and line 0x100a040"));
    EXPECT_THAT(report::relational_table({examined(false)}, names()), Not(HasSubstr("cycle")));
}

TEST(RelationalReport, IsJson) {
    const auto json = report::relational_json(*examined(true).relational, names());
    EXPECT_EQ(json["verdict"], "differs");
    EXPECT_EQ(json["secret"]["instructions"], 1234);
    EXPECT_EQ(json["secret"]["difference"]["symbol"], "send_byte+0xc");
    EXPECT_EQ(json["secret"]["difference"]["lines"][0]["cache"], "L1D");
    EXPECT_EQ(json["secret"]["difference"]["lines"][1]["line"], "0x100a040");
    const auto equal = report::relational_json(*examined(false).relational, names());
    EXPECT_EQ(equal["verdict"], "equal");
    EXPECT_TRUE(equal["secret"]["difference"].is_null());
    EXPECT_FALSE(equal["control"]["difference"].is_null());
}

TEST(RelationalReport, SaysWhenOnlyTheStateDiffers) {
    Difference difference{};
    difference.field = "core.predictor.x";
    difference.first_value = "1";
    difference.second_value = "2";
    EXPECT_EQ(report::difference_line(difference, names()),
              "the engine's state: core.predictor.x: 1 and 2");
}

TEST(Explanation, HasEachStepOnce) {
    const std::string text = report::explanation({examined(true)}, names());
    EXPECT_THAT(text, HasSubstr("some-cpu, shared, signal: differs"));
    EXPECT_THAT(text, HasSubstr("+0  send_byte+0x4 loads secret[3] at 0xffff888000001043"));
    EXPECT_THAT(text, HasSubstr("the data is forwarded"));
    EXPECT_THAT(text, HasSubstr("+10  send_byte+0xc accesses 0x9040"));
    EXPECT_THAT(text, HasSubstr("with the other secret 0xa040"));
    EXPECT_THAT(text, HasSubstr("squash: the fault of send_byte+0x4 is taken"));
    EXPECT_THAT(text, HasSubstr("exception 14 is being delivered, to handler+0x7"));
    EXPECT_THAT(text, HasSubstr("attacks::take+0xc loads 0x9040: 5 cycles, for the line had been "
                                "fetched; with the other secret 300 cycles, for the line had not "
                                "been fetched"));
}

TEST(Explanation, SaysWhereTheChainEnds) {
    const std::string text = report::explanation({examined(false)}, names());
    EXPECT_THAT(text, HasSubstr("equal"));
    EXPECT_THAT(text,
                HasSubstr("all 2 accesses behind the load are to the same places with any secret"));
}

TEST(TraceEvents, AreWhatTheViewersRead) {
    const auto document =
        nlohmann::json::parse(report::trace_events({examined(true), examined(false)}, names()));
    usize spans = 0;
    for (const auto& event : document["traceEvents"]) {
        EXPECT_TRUE(event.contains("name") && event.contains("pid") && event.contains("tid"));
        if (event["ph"] == "X") {
            ++spans;
            EXPECT_TRUE(event["ts"].is_number_unsigned() && event["dur"].is_number_unsigned());
        } else {
            EXPECT_EQ(event["ph"], "M");
        }
    }
    EXPECT_GT(spans, 6U);
}

}  // namespace
}  // namespace ringfence::lab::relational
