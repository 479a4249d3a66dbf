// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <numeric>

#include "kernel/core/fs/pipe.h"
#include "tests/unit/kernel/core/fake_machine.h"

namespace ringfence::kernel::testing {
namespace {

class PipeBufferTest : public KernelTest {};

TEST_F(PipeBufferTest, takes_exactly_its_capacity) {
    PipeBuffer buffer;
    const std::vector<u8> bytes(pipe_capacity + 1000, 1);
    EXPECT_EQ(buffer.put(IoSource(std::span<const u8>(bytes))).value(), pipe_capacity);
    EXPECT_EQ(buffer.room(), 0u);
    EXPECT_EQ(buffer.put(IoSource(std::span<const u8>(bytes))).value(), 0u);
}

RC_GTEST_FIXTURE_PROP(PipeBufferTest, gives_bytes_in_the_order_they_came, ()) {
    PipeBuffer buffer;
    std::deque<u8> model;
    u8 next = 0;
    const int steps = *rc::gen::inRange(1, 20);
    for (int i = 0; i < steps; ++i) {
        std::vector<u8> bytes(*rc::gen::inRange<usize>(0, 40000));
        if (*rc::gen::arbitrary<bool>()) {
            std::iota(bytes.begin(), bytes.end(), next);
            const u64 put = buffer.put(IoSource(std::span<const u8>(bytes))).value();
            RC_ASSERT(put == std::min<u64>(bytes.size(), pipe_capacity - model.size()));
            model.insert(model.end(), bytes.begin(), bytes.begin() + static_cast<i64>(put));
            next = static_cast<u8>(next + put);
        } else {
            const u64 taken = buffer.take(IoDestination(std::span<u8>(bytes))).value();
            RC_ASSERT(taken == std::min<u64>(bytes.size(), model.size()));
            RC_ASSERT(
                std::equal(bytes.begin(), bytes.begin() + static_cast<i64>(taken), model.begin()));
            model.erase(model.begin(), model.begin() + static_cast<i64>(taken));
        }
        RC_ASSERT(buffer.used() == model.size());
    }
}

}  // namespace
}  // namespace ringfence::kernel::testing
