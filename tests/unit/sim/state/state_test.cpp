// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/state/printable.h"
#include "sim/state/reader.h"
#include "sim/state/writer.h"
#include "tests/unit/sim/state/sample.h"

namespace ringfence::sim::state {
namespace {

using testing::Inner;
using testing::other_sample;
using testing::Sample;

/// Loads `bytes` into `object` and gives the error, empty if there is none.
template <typename T>
std::string load(std::span<const u8> bytes, T& object) {
    Reader reader{bytes};
    object.visit_state(reader);
    reader.finish();
    return reader.error();
}

TEST(State, ComesBackAsItWasWhateverWasThere) {
    for (const Sample& saved : {Sample{}, other_sample()}) {
        const std::vector<u8> bytes = fields_of(saved);
        for (Sample loaded : {Sample{}, other_sample()}) {
            EXPECT_EQ(load(bytes, loaded), "");
            EXPECT_EQ(loaded, saved);
            EXPECT_EQ(fields_of(loaded), bytes);
        }
    }
}

TEST(State, IsWrittenTheSameWayOnEveryHost) {
    const std::vector<u8> expected{
        0x04, 6, 'n', 'u', 'm', 'b', 'e', 'r', 7, 0, 0, 0,  // u32
        0x01, 2, 'o', 'n', 1,                               // bool
    };
    EXPECT_EQ(fields_of(Inner{}), expected);
}

TEST(State, HasADigestThatEveryFieldChanges) {
    const u64 plain = digest_of(Sample{});
    EXPECT_EQ(plain, digest_of(Sample{}));
    const auto changed = [&](auto change) {
        Sample sample;
        change(sample);
        return digest_of(sample) != plain;
    };
    EXPECT_TRUE(changed([](Sample& s) { s.byte ^= 1; }));
    EXPECT_TRUE(changed([](Sample& s) { s.half ^= 1; }));
    EXPECT_TRUE(changed([](Sample& s) { s.wide ^= 1ULL << 63; }));
    EXPECT_TRUE(changed([](Sample& s) { s.sign = 2; }));
    EXPECT_TRUE(changed([](Sample& s) { s.real = -s.real; }));
    EXPECT_TRUE(changed([](Sample& s) { s.phase = testing::Phase::Idle; }));
    EXPECT_TRUE(changed([](Sample& s) { s.address += 1; }));
    EXPECT_TRUE(changed([](Sample& s) { s.fixed[2] = 0; }));
    EXPECT_TRUE(changed([](Sample& s) { s.sized[1] = 0; }));
    EXPECT_TRUE(changed([](Sample& s) { s.list.push_back(0); }));
    EXPECT_TRUE(changed([](Sample& s) { s.queue.pop_front(); }));
    EXPECT_TRUE(changed([](Sample& s) { s.maybe.reset(); }));
    EXPECT_TRUE(changed([](Sample& s) { s.text = "else"; }));
    EXPECT_TRUE(changed([](Sample& s) { s.inner.on = false; }));
    EXPECT_TRUE(changed([](Sample& s) { s.groups.pop_back(); }));
}

TEST(State, RefusesWhatItsClassCannotBe) {
    const auto error = [](auto change) {
        Sample wrong;
        change(wrong);
        Sample loaded;
        return load(fields_of(wrong), loaded);
    };
    EXPECT_EQ(error([](Sample& s) { s.inner.number = 1001; }), "inner.number: 1001, at most 1000");
    EXPECT_EQ(error([](Sample& s) { s.phase = static_cast<testing::Phase>(3); }),
              "phase: 3, at most 2");
    EXPECT_EQ(error([](Sample& s) { s.list.resize(9); }), "list: 9, at most 8");
    EXPECT_EQ(error([](Sample& s) { s.groups.resize(4); }), "groups: 4, at most 3");
    EXPECT_EQ(error([](Sample& s) { s.sized.resize(3); }), "sized: 3 elements, expected 2");
    EXPECT_EQ(error([](Sample& s) { s.text.resize(17, 'x'); }), "text: 17, at most 16");
    EXPECT_EQ(error([](Sample& s) { s.byte = 66; }), "byte may not be 66");
}

TEST(State, SaysWhenSavingThatLoadingWouldRefuse) {
    Sample wrong;
    wrong.inner.number = 1001;
    BufferWriter writer;
    wrong.visit_state(writer);
    EXPECT_EQ(writer.problem(), "number: 1001, at most 1000");
}

/// An older or newer form of a class.
template <typename Visit>
struct Form {
    Visit visit;
    void visit_state(Visitor& visitor) { visit(visitor); }
};

TEST(State, NamesTheFirstFieldThatAnotherVersionHasOrLacks) {
    u32 value = 1;
    u64 wide = 2;
    Form saved{[&](Visitor& v) {
        v.group("timer", [&] { v.field("start", value); });
        v.field("end", wide);
    }};
    const std::vector<u8> bytes = fields_of(saved);
    Form renamed{[&](Visitor& v) { v.group("timer", [&] { v.field("begin", value); }); }};
    EXPECT_EQ(load(bytes, renamed), "timer.begin: expected 'begin' (u32), found 'start' (u32)");
    Form widened{[&](Visitor& v) { v.group("timer", [&] { v.field("start", wide); }); }};
    EXPECT_EQ(load(bytes, widened), "timer.start: expected 'start' (u64), found 'start' (u32)");
    Form shorter{[&](Visitor& v) { v.group("timer", [&] { v.field("start", value); }); }};
    EXPECT_EQ(load(bytes, shorter), "expected the end, found 'end' (u64)");
    Form longer{[&](Visitor& v) {
        v.group("timer", [&] { v.field("start", value); });
        v.field("end", wide);
        v.field("more", value);
    }};
    EXPECT_EQ(load(bytes, longer), "more: expected 'more' (u32), found the end");
    Form more_in_group{[&](Visitor& v) {
        v.group("timer", [&] {
            v.field("start", value);
            v.field("more", value);
        });
    }};
    EXPECT_EQ(load(bytes, more_in_group),
              "timer.more: expected 'more' (u32), found end of a group");
}

TEST(Printable, LetsUtf8ThroughAndNothingElse) {
    for (const char* const good : {"", "plain ~", "\xc2\xa0", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                   "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
        EXPECT_TRUE(is_printable(good)) << good;
        EXPECT_EQ(printable(good), good);
    }
    for (const char* const bad :
         {"\n", "\x1b[31m", "\x7f", "\x80", "\xc1\xbf", "\xc2", "\xc2\x9b", "\xe0\x9f\xbf",
          "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
        EXPECT_FALSE(is_printable(bad));
        EXPECT_TRUE(is_printable(printable(bad)));
    }
    EXPECT_EQ(printable("a\x1b[mb"), "a?[mb");
}

}  // namespace
}  // namespace ringfence::sim::state
