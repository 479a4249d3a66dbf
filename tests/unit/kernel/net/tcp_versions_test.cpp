// SPDX-License-Identifier: MIT
// TCP over both versions of IP, and listeners that serve both.
#include <gtest/gtest.h>

#include "tests/unit/kernel/net/wire.h"

namespace ringfence::kernel::net::testing {
namespace {

constexpr u64 second = 1'000'000'000;

TEST(TcpVersionsTest, moves_bytes_over_ipv6) {
    Wire wire(1, 1500, v6_addresses);
    const Connected pair(wire);
    EXPECT_EQ(pair.client->segment_size(), 1440) << "headers of 60 bytes";
    put(*pair.client, std::string(5'000, 'x'));
    ASSERT_TRUE(wire.run_until([&] { return pair.server->readable() == 5'000; }));
    EXPECT_EQ(pair.server->key().remote.address, v6_addresses.left);
}

/// Segments of both versions come to one port that is open for both, and only IPv6's to another.
TEST(TcpVersionsTest, one_listener_serves_both_versions_unless_it_is_told_otherwise) {
    for (const bool v6_only : {false, true}) {
        Wire wire;  // its addresses are IPv4's
        CountingObserver observer;
        Tcp& right = wire.right.stack.tcp();
        TcpListener listener(right, {any_v6, 80}, 1, observer);
        listener.port_use.rules = {.inet6 = true, .v6_only = v6_only};
        right.add(listener);
        const auto client =
            wire.left.stack.tcp()
                .connect({wire.left.address(), 0}, {wire.right.address(), 80}, {}, observer)
                .connection;
        wire.run_for(second);
        EXPECT_EQ(client->state(), v6_only ? TcpState::Closed : TcpState::Established);
        EXPECT_EQ(listener.waiting(), v6_only ? 0u : 1u);
        client->abort();
    }
}

TEST(TcpVersionsTest, a_listener_of_the_version_comes_before_one_of_both) {
    Wire wire;
    CountingObserver observer;
    Tcp& right = wire.right.stack.tcp();
    TcpListener of_v4(right, {any_v4, 80}, 1, observer);
    TcpListener of_both(right, {any_v6, 80}, 1, observer);
    right.add(of_both);
    right.add(of_v4);
    const auto client =
        wire.left.stack.tcp()
            .connect({wire.left.address(), 0}, {wire.right.address(), 80}, {}, observer)
            .connection;
    wire.run_for(second);
    EXPECT_EQ(of_v4.waiting(), 1u);
    EXPECT_EQ(of_both.waiting(), 0u);
    client->abort();
}

}  // namespace
}  // namespace ringfence::kernel::net::testing
