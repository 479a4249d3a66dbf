// SPDX-License-Identifier: MIT
// A class with a field of each kind.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sim/state/visitor.h"

namespace ringfence::sim::state::testing {

enum class Phase : u8 { Idle, Busy, Done };

struct Inner {
    u32 number = 7;
    bool on = true;

    void visit_state(Visitor& visitor) {
        visitor.field("number", number, 1000);
        visitor.field("on", on);
    }
    bool operator==(const Inner&) const = default;
};

struct Sample {
    u8 byte = 1;
    u16 half = 0x1234;
    u64 wide = 0x1122'3344'5566'7788;
    i64 sign = -2;
    double real = 0.1;
    Phase phase = Phase::Busy;
    PhysicalAddress address{0x1000};
    std::array<u16, 3> fixed{1, 2, 3};
    std::vector<u64> sized{4, 5};
    std::vector<u32> list{6, 7, 8};
    std::deque<u8> queue{9, 10};
    std::optional<u32> maybe = 11;
    std::string text = "text \xc2\xb5";
    Inner inner;
    std::vector<Inner> groups{{1, false}, {2, true}};

    void visit_state(Visitor& visitor) {
        visitor.field("byte", byte);
        visitor.field("half", half);
        visitor.field("wide", wide);
        visitor.field("sign", sign);
        visitor.field("real", real);
        visitor.field("phase", phase, Phase::Done);
        visitor.field("address", address);
        visitor.field("fixed", fixed);
        visitor.field("sized", sized);
        visitor.list("list", list, 8);
        visitor.list("queue", queue, 4);
        visitor.optional("maybe", maybe);
        visitor.text("text", text, 16);
        visitor.part("inner", inner);
        visitor.groups("groups", groups, 3, [&](Inner& item) { item.visit_state(visitor); });
        visitor.require(byte != 66, "byte may not be 66");
    }
    bool operator==(const Sample&) const = default;
};

/// Unlike a default one in each field.
inline Sample other_sample() {
    return {.byte = 255,
            .half = 0,
            .wide = ~u64{0},
            .sign = 5,
            .real = -1e300,
            .phase = Phase::Done,
            .address = PhysicalAddress{~u64{0}},
            .fixed = {9, 8, 7},
            .sized = {1, 0},
            .list = {},
            .queue = {1, 2, 3, 4},
            .maybe = std::nullopt,
            .text = "",
            .inner = {1000, false},
            .groups = {{3, true}, {4, true}, {5, true}}};
}

}  // namespace ringfence::sim::state::testing
