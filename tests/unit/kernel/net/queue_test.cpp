// SPDX-License-Identifier: MIT
// Buffers, queues of slices, out-of-order parts, ports.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

#include "kernel/net/ports.h"
#include "kernel/net/reassembly.h"
#include "kernel/net/slice_queue.h"
#include "tests/unit/kernel/net/wire.h"

namespace ringfence::kernel::net::testing {
namespace {

Slice slice_of(std::span<const u8> bytes) {
    const Ref<Buffer> buffer = Buffer::allocate(bytes.size());
    std::ranges::copy(bytes, buffer->room().begin());
    buffer->append(bytes.size());
    return Slice(buffer, 0, bytes.size());
}

TEST(BufferTest, keeps_what_is_appended) {
    const Ref<Buffer> buffer = Buffer::allocate(100);
    EXPECT_GE(buffer->capacity(), 100u);
    EXPECT_EQ(buffer->used(), 0u);
    buffer->room()[0] = 7;
    buffer->append(1);
    EXPECT_EQ(buffer->used_bytes()[0], 7);
    EXPECT_EQ(Buffer::allocate(Buffer::largest)->capacity(), Buffer::largest);
    EXPECT_EQ(Buffer::allocate(10, 12)->capacity(), 12u);
}

TEST(SliceQueueTest, does_not_keep_many_buffers_for_few_bytes) {
    SliceQueue queue;
    std::vector<Ref<Buffer>> buffers;
    for (u8 i = 0; i < 200; ++i) {
        const Ref<Buffer> buffer = Buffer::allocate(1'000);
        buffer->room()[0] = i;
        buffer->append(1);
        queue.push(Slice(buffer, 0, 1));
        buffers.push_back(buffer);
    }
    usize kept = 0;
    for (const Ref<Buffer>& buffer : buffers) {
        kept += buffer->references() > 1 ? 1 : 0;
    }
    EXPECT_LT(kept, 20u);
    for (u8 i = 0; i < 200; ++i) {
        EXPECT_EQ(queue.at(i, 1).bytes()[0], i);
    }
}

RC_GTEST_PROP(SliceQueueProperty, is_a_queue_of_bytes, ()) {
    SliceQueue queue;
    std::deque<u8> model;
    const int steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
        const auto bytes = pattern(*rc::gen::inRange<usize>(0, 2'000), static_cast<u32>(step));
        switch (*rc::gen::inRange(0, 3)) {
            case 0:
                queue.push(slice_of(bytes));
                model.insert(model.end(), bytes.begin(), bytes.end());
                break;
            case 1: {
                if (queue.room().empty()) {
                    queue.add_buffer(Buffer::allocate(500));
                }
                const usize count = std::min(bytes.size(), queue.room().size());
                std::copy_n(bytes.begin(), count, queue.room().begin());
                queue.grow(count);
                model.insert(model.end(), bytes.begin(), bytes.begin() + static_cast<i64>(count));
                break;
            }
            default: {
                const usize count = std::min(bytes.size(), queue.size());
                queue.drop_front(count);
                model.erase(model.begin(), model.begin() + static_cast<i64>(count));
                break;
            }
        }
        RC_ASSERT(queue.size() == model.size());
        for (usize at = 0; at < model.size();) {
            const Slice piece = queue.at(at, 700);
            RC_ASSERT(!piece.empty());
            RC_ASSERT(std::ranges::equal(
                piece.bytes(),
                std::vector<u8>(model.begin() + static_cast<i64>(at),
                                model.begin() + static_cast<i64>(at + piece.size()))));
            at += piece.size();
        }
        RC_ASSERT(queue.at(model.size(), 1).empty());
    }
}

RC_GTEST_PROP(ReassemblyProperty, gives_overlapping_parts_in_order, ()) {
    const std::vector<u8> all = pattern(5'000, 9);
    const Sequence start{*rc::gen::element<u32>(0, 1000, 0xfffff000)};
    Reassembly parts;
    std::vector<bool> known(all.size(), false);
    const int count = *rc::gen::inRange(0, 40);
    for (int i = 0; i < count; ++i) {
        const usize at = *rc::gen::inRange<usize>(0, all.size());
        const usize size = std::min(*rc::gen::inRange<usize>(0, 800), all.size() - at);
        parts.add(start + static_cast<u32>(at),
                  slice_of(std::span<const u8>(all).subspan(at, size)));
        std::fill_n(known.begin() + static_cast<i64>(at), size, true);
    }
    for (usize at = 0; at < all.size();) {
        const Slice got = parts.take(start + static_cast<u32>(at));
        RC_ASSERT(got.empty() == !known[at]);
        RC_ASSERT(
            std::ranges::equal(got.bytes(), std::span<const u8>(all).subspan(at, got.size())));
        at += got.empty() ? 1 : got.size();
    }
    RC_ASSERT(parts.take(start + static_cast<u32>(all.size())).empty());
    RC_ASSERT(parts.empty());
}

TEST(ReassemblyTest, keeps_a_bounded_number_of_parts) {
    Reassembly parts;
    const u8 byte = 1;
    for (u32 i = 0; i < 10'000; ++i) {
        parts.add(Sequence{i * 2}, slice_of({&byte, 1}));
    }
    u32 kept = 0;
    for (u32 i = 0; i < 10'000; ++i) {
        kept += parts.take(Sequence{i * 2}).empty() ? 0 : 1;
    }
    EXPECT_GT(kept, 100u);
    EXPECT_LT(kept, 1'000u);
}

struct Use : PortUse {
    Use(const IpAddress& address, u16 port, bool reuse = false, bool listens = false) {
        local = {address, port};
        rules.reuse_address = reuse;
        listening = listens;
    }
};

TEST(PortsTest, are_shared_as_linux_does) {
    Ports ports;
    Use taken(loopback_v4, 80);
    ports.add(taken);
    EXPECT_FALSE(ports.available(Use(loopback_v4, 80), true));
    EXPECT_FALSE(ports.available(Use(any_v4, 80), true));
    EXPECT_FALSE(ports.available(Use(loopback_v4, 80, true), true));
    EXPECT_TRUE(ports.available(Use(ipv4(127, 0, 0, 2), 80), true));
    EXPECT_TRUE(ports.available(Use(loopback_v4, 81), true));
    EXPECT_TRUE(ports.available(Use(loopback_v4, 80 + 256), true));
    EXPECT_TRUE(ports.available(taken, true)) << "of others only";
    Use shared(loopback_v4, 90, true);
    ports.add(shared);
    EXPECT_TRUE(ports.available(Use(loopback_v4, 90, true), true));
    EXPECT_FALSE(ports.available(Use(loopback_v4, 90), true));
    shared.listening = true;
    EXPECT_FALSE(ports.available(Use(loopback_v4, 90, true), true));
    EXPECT_TRUE(ports.available(Use(loopback_v4, 90, true), false));
    Use also(loopback_v4, 90);
    also.rules.reuse_port = true;
    EXPECT_FALSE(ports.available(also, true));
    shared.rules.reuse_port = true;
    EXPECT_TRUE(ports.available(also, true));
    EXPECT_FALSE(ports.reserved(90));
    shared.reserved = true;
    EXPECT_TRUE(ports.reserved(90));
}

/// As bind decides it on Linux: the wildcard of IPv6 stands for both versions unless told
/// otherwise.
TEST(PortsTest, are_shared_between_the_versions_as_linux_does) {
    const auto conflict = [](const IpAddress& one, bool one_only, const IpAddress& other,
                             bool other_only) {
        Ports ports;
        Use taken(one, 80);
        taken.rules.v6_only = one_only;
        ports.add(taken);
        Use wanted(other, 80);
        wanted.rules.v6_only = other_only;
        return !ports.available(wanted, true);
    };
    const IpAddress v6_address{u64{0xfd} << 56, 1};
    for (const bool only : {false, true}) {
        EXPECT_EQ(conflict(any_v6, only, any_v4, false), !only);
        EXPECT_EQ(conflict(any_v4, false, any_v6, only), !only);
        EXPECT_EQ(conflict(any_v6, only, loopback_v4, false), !only);
        EXPECT_EQ(conflict(loopback_v4, false, any_v6, only), !only);
        EXPECT_TRUE(conflict(any_v6, only, any_v6, !only));
        EXPECT_TRUE(conflict(any_v6, only, loopback_v6, false));
        EXPECT_TRUE(conflict(loopback_v6, false, any_v6, only));
    }
    EXPECT_FALSE(conflict(loopback_v6, false, any_v4, false));
    EXPECT_FALSE(conflict(any_v4, false, loopback_v6, false));
    EXPECT_FALSE(conflict(loopback_v4, false, loopback_v6, false));
    EXPECT_FALSE(conflict(v6_address, false, loopback_v6, false));
}

TEST(PortsTest, fit_addresses_in_order) {
    const auto fit = [](const IpAddress& local, bool v6_only, const IpAddress& destination) {
        Use use(local, 80);
        use.rules.v6_only = v6_only;
        return use.fit(destination);
    };
    EXPECT_EQ(fit(loopback_v4, false, loopback_v4), Fit::Exactly);
    EXPECT_EQ(fit(any_v4, false, loopback_v4), Fit::AnyAddress);
    EXPECT_EQ(fit(any_v6, false, loopback_v4), Fit::AnyOfBothVersions);
    EXPECT_EQ(fit(any_v6, true, loopback_v4), Fit::No);
    EXPECT_EQ(fit(any_v6, true, loopback_v6), Fit::AnyAddress);
    EXPECT_EQ(fit(any_v4, false, loopback_v6), Fit::No);
    EXPECT_EQ(fit(loopback_v4, false, loopback_v6), Fit::No);
    EXPECT_LT(Fit::AnyOfBothVersions, Fit::AnyAddress);
    EXPECT_LT(Fit::AnyAddress, Fit::Exactly);
}

TEST(PortsTest, ephemeral_ones_are_tried_all) {
    usize tried = 0;
    EXPECT_FALSE(Ports::find_ephemeral(12345, [&](u16 port) {
        EXPECT_GE(port, 32768);
        EXPECT_LE(port, 60999);
        ++tried;
        return false;
    }));
    EXPECT_EQ(tried, 60999u - 32768 + 1);
    EXPECT_EQ(Ports::find_ephemeral(0, [](u16 port) { return port == 60999; }), u16{60999});
}

}  // namespace
}  // namespace ringfence::kernel::net::testing
