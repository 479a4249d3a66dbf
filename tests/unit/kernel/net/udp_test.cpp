// SPDX-License-Identifier: MIT
// Datagrams, and the answer that nobody is there.
#include <gtest/gtest.h>

#include "kernel/net/byte_order.h"
#include "tests/unit/kernel/net/wire.h"

namespace ringfence::kernel::net::testing {
namespace {

struct Port final : UdpObserver {
    explicit Port(Machine& on, u16 port, usize space = 10'000) : machine(on) {
        socket.port_use.local = {on.address(), port};
        socket.receive_space = space;
        on.stack.udp().bind(socket);
    }
    void udp_readable() override { ++told; }
    void send(Endpoint to, std::string_view text) {
        const Ref<Buffer> buffer = Buffer::allocate(text.size());
        std::ranges::copy(text, buffer->room().begin());
        buffer->append(text.size());
        machine.stack.udp().send(socket.port_use.local, to, Slice(buffer, 0, text.size()));
    }
    std::string receive() {
        const Datagram* first = socket.first();
        if (first == nullptr) {
            return "nothing";
        }
        const auto bytes = first->payload.bytes();
        std::string text(bytes.begin(), bytes.end());
        socket.drop_first();
        return text;
    }
    Machine& machine;
    UdpSocket socket{*this};
    int told = 0;
};

constexpr u64 second = 1'000'000'000;

TEST(UdpTest, keeps_datagrams_apart_and_names_their_sender) {
    Wire wire;
    Port left(wire.left, 1000);
    Port right(wire.right, 2000);
    left.send(right.socket.port_use.local, "one");
    left.send(right.socket.port_use.local, "");
    left.send(right.socket.port_use.local, "three");
    wire.run_for(second);
    EXPECT_EQ(right.told, 3);
    EXPECT_EQ(right.socket.first()->from, left.socket.port_use.local);
    EXPECT_EQ(right.receive(), "one");
    EXPECT_EQ(right.receive(), "");
    EXPECT_EQ(right.receive(), "three");
    EXPECT_EQ(right.receive(), "nothing");
}

TEST(UdpTest, drops_what_does_not_fit) {
    Wire wire;
    Port left(wire.left, 1000);
    Port right(wire.right, 2000, 1'000);
    for (int i = 0; i < 100; ++i) {
        left.send(right.socket.port_use.local, std::string(100, 'x'));
    }
    wire.run_for(second);
    EXPECT_GE(right.told, 4);
    EXPECT_LE(right.told, 11);
    while (right.receive() != "nothing") {
    }
    left.send(right.socket.port_use.local, "again");
    wire.run_for(second);
    EXPECT_EQ(right.receive(), "again");
}

TEST(UdpTest, tells_a_connected_sender_that_nobody_is_there) {
    Wire wire;
    Port left(wire.left, 1000);
    const Endpoint nobody{wire.right.address(), 2000};
    left.send(nobody, "anybody?");
    wire.run_for(second);
    EXPECT_FALSE(left.socket.refused()) << "it might have been about another's datagram";
    left.socket.peer = nobody;
    left.send(nobody, "anybody?");
    wire.run_for(second);
    EXPECT_TRUE(left.socket.take_refusal());
    EXPECT_FALSE(left.socket.take_refusal());
}

TEST(UdpTest, prefers_the_socket_that_fits_best) {
    Wire wire;
    Port left(wire.left, 1000);
    Port any(wire.right, 2000);
    any.socket.port_use.local.address = any_v4;
    Port exact(wire.right, 2000);
    Port connected(wire.right, 2000);
    connected.socket.peer = {wire.left.address(), 1234};
    const Endpoint to{wire.right.address(), 2000};
    left.send(to, "to the exact one");
    wire.run_for(second);
    EXPECT_EQ(exact.receive(), "to the exact one");
    connected.socket.peer = left.socket.port_use.local;
    left.send(to, "to the connected one");
    wire.run_for(second);
    EXPECT_EQ(connected.receive(), "to the connected one");
}

TEST(UdpTest, works_over_ipv6) {
    Wire wire(1, 1500, v6_addresses);
    Port left(wire.left, 1000);
    Port right(wire.right, 2000);
    left.send(right.socket.port_use.local, "hello");
    wire.run_for(second);
    EXPECT_EQ(right.socket.first()->from, left.socket.port_use.local);
    EXPECT_EQ(right.receive(), "hello");
    const Endpoint nobody{wire.right.address(), 3000};
    left.socket.peer = nobody;
    left.send(nobody, "anybody?");
    wire.run_for(second);
    EXPECT_TRUE(left.socket.take_refusal()) << "by ICMPv6";
}

TEST(UdpTest, over_ipv6_a_checksum_must_be_there) {
    Wire wire(1, 1500, v6_addresses);
    Port left(wire.left, 1000);
    Port right(wire.right, 2000);
    wire.filter = [](const Machine&, const Packet& packet) {
        store_be16(const_cast<Packet&>(packet).transport() + 6, 0);
        return true;
    };
    left.send(right.socket.port_use.local, "unprotected");
    wire.run_for(second);
    EXPECT_EQ(right.told, 0);
}

TEST(UdpTest, one_port_of_both_versions_hears_ipv4) {
    Wire wire;
    Port left(wire.left, 1000);
    Port both(wire.right, 2000);
    both.socket.port_use.local.address = any_v6;
    left.send({wire.right.address(), 2000}, "mapped");
    wire.run_for(second);
    EXPECT_EQ(both.receive(), "mapped");
    both.socket.port_use.rules.v6_only = true;
    left.send({wire.right.address(), 2000}, "not heard");
    wire.run_for(second);
    EXPECT_EQ(both.receive(), "nothing");
}

TEST(UdpTest, refuses_damaged_datagrams) {
    Wire wire;
    Port left(wire.left, 1000);
    Port right(wire.right, 2000);
    wire.faults.damage = 1;
    for (int i = 0; i < 200; ++i) {
        left.send(right.socket.port_use.local, "intact");
    }
    wire.run_for(second);
    EXPECT_EQ(right.told, 0);
}

}  // namespace
}  // namespace ringfence::kernel::net::testing
