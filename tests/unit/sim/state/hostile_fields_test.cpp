// SPDX-License-Identifier: MIT
// Bytes that no writer has made. Run under the sanitizers too: nothing may be read beyond them.
#include <gtest/gtest.h>

#include <random>

#include "sim/state/field_list.h"
#include "sim/state/reader.h"
#include "sim/state/writer.h"
#include "tests/unit/sim/state/sample.h"

namespace ringfence::sim::state {
namespace {

using testing::other_sample;
using testing::Sample;

/// Whether a sample could be loaded. What is loaded must be what is saved again.
bool loads(const std::vector<u8>& bytes) {
    Sample sample = other_sample();
    Reader reader{bytes};
    sample.visit_state(reader);
    reader.finish();
    (void)list_fields(bytes);
    if (!reader.ok()) {
        EXPECT_FALSE(reader.error().empty());
        return false;
    }
    EXPECT_EQ(fields_of(sample), bytes);
    return true;
}

TEST(HostileFields, EachTruncationIsRefused) {
    std::vector<u8> bytes = fields_of(Sample{});
    while (!bytes.empty()) {
        bytes.pop_back();
        EXPECT_FALSE(loads(bytes)) << bytes.size();
    }
}

TEST(HostileFields, EachByteMayHaveAnyValue) {
    const std::vector<u8> good = fields_of(Sample{});
    for (usize at = 0; at < good.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            std::vector<u8> bytes = good;
            bytes[at] = static_cast<u8>(value);
            loads(bytes);
        }
    }
}

TEST(HostileFields, CountsAndLengthsAreNotBelieved) {
    for (const u64 huge : {~u64{0}, u64{1} << 63, u64{1} << 32, u64{1} << 20}) {
        for (const u8 kind : {u8{0x10 + 5}, u8{0x10 + 2}, field_kind::count, field_kind::text}) {
            std::vector<u8> bytes{kind, 4, 'l', 'i', 's', 't'};
            bytes.insert(bytes.end(), reinterpret_cast<const u8*>(&huge),
                         reinterpret_cast<const u8*>(&huge) + sizeof(huge));
            std::vector<u64> values;
            Reader reader{bytes};
            reader.list("list", values, ~usize{0});
            EXPECT_FALSE(reader.ok());
            EXPECT_TRUE(values.empty());
        }
    }
}

TEST(HostileFields, RandomBytesAreRefused) {
    std::mt19937 random{1};
    for (int round = 0; round < 20'000; ++round) {
        std::vector<u8> bytes(random() % 64);
        for (u8& byte : bytes) {
            byte = static_cast<u8>(random() % 2 == 0 ? random() % 8 : random());
        }
        EXPECT_FALSE(loads(bytes));
    }
}

}  // namespace
}  // namespace ringfence::sim::state
