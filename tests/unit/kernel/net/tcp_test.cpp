// SPDX-License-Identifier: MIT
// What one connection does, seen from its two ends and on the wire.
#include <gtest/gtest.h>

#include "kernel/net/tcp_limits.h"
#include "tests/unit/kernel/net/wire.h"

namespace ringfence::kernel::net::testing {
namespace {

constexpr u64 second = 1'000'000'000;
constexpr u64 millisecond = 1'000'000;

/// What a packet says, for filters. Nothing if it is not TCP.
std::optional<TcpSegment> segment_in(const Packet& packet) {
    const auto header = read_ip_header(packet);
    Packet copy;
    copy.network_size = packet.network_size;
    copy.transport_size = packet.transport_size;
    std::ranges::copy(packet.header_bytes(), copy.network());
    copy.payload = packet.payload;
    return header ? read_tcp_packet(copy, *header, true) : std::nullopt;
}

TEST(TcpTest, moves_bytes_both_ways) {
    Wire wire;
    const Connected pair(wire);
    EXPECT_EQ(put(*pair.client, "question"), 8u);
    ASSERT_TRUE(wire.run_until([&] { return pair.server->readable() == 8; }));
    EXPECT_EQ(take_text(*pair.server), "question");
    EXPECT_EQ(put(*pair.server, "answer"), 6u);
    ASSERT_TRUE(wire.run_until([&] { return pair.client->readable() == 6; }));
    EXPECT_EQ(take_text(*pair.client), "answer");
    EXPECT_TRUE(wire.run_until([&] { return pair.server->unacknowledged() == 0; }));
}

TEST(TcpTest, sends_large_data_in_full_segments) {
    Wire wire;
    const Connected pair(wire);
    EXPECT_EQ(pair.client->segment_size(), 1460);
    usize largest = 0;
    wire.filter = [&](const Machine&, const Packet& packet) {
        largest = std::max(largest, packet.payload.size());
        return true;
    };
    const std::vector<u8> bytes = pattern(100'000, 1);
    EXPECT_EQ(put(*pair.client, bytes), bytes.size());
    ASSERT_TRUE(wire.run_until([&] { return pair.server->readable() == bytes.size(); }));
    EXPECT_EQ(take(*pair.server), bytes);
    EXPECT_EQ(largest, 1460u);
}

TEST(TcpTest, refuses_a_port_where_nobody_listens) {
    Wire wire;
    CountingObserver observer;
    const auto opened = wire.left.stack.tcp().connect({wire.left.address(), 0},
                                                      {wire.right.address(), 81}, {}, observer);
    ASSERT_TRUE(opened.connection);
    EXPECT_TRUE(wire.run_until([&] { return opened.connection->state() == TcpState::Closed; }));
    EXPECT_EQ(opened.connection->take_failure(), TcpFailure::Refused);
    EXPECT_GT(observer.writable, 0);
    EXPECT_EQ(wire.left.stack.tcp().connection_count(), 0u);
}

TEST(TcpTest, gives_up_on_a_host_that_does_not_answer) {
    Wire wire;
    wire.faults.loss = 1;
    CountingObserver observer;
    const u64 start = wire.now;
    const auto opened = wire.left.stack.tcp().connect({wire.left.address(), 0},
                                                      {wire.right.address(), 80}, {}, observer);
    EXPECT_TRUE(wire.run_until([&] { return opened.connection->state() == TcpState::Closed; }));
    EXPECT_EQ(opened.connection->take_failure(), TcpFailure::TimedOut);
    EXPECT_EQ(wire.left.packets_sent, 1u + tcp_limits::syn_retries);
    EXPECT_GT(wire.now - start, 120 * second);  // 1 + 2 + 4 + ... + 64
    EXPECT_LT(wire.now - start, 130 * second);
}

TEST(TcpTest, closes_in_order_and_remembers_the_active_side) {
    Wire wire;
    const Connected pair(wire);
    put(*pair.client, "last words");
    pair.client->finish_sending();
    EXPECT_EQ(pair.client->state(), TcpState::FinWait1);
    EXPECT_FALSE(pair.client->can_send());
    ASSERT_TRUE(wire.run_until([&] { return pair.server->peer_finished(); }));
    EXPECT_EQ(pair.server->state(), TcpState::CloseWait);
    EXPECT_EQ(take_text(*pair.server), "last words");
    // Half of it is closed; the other half works.
    EXPECT_EQ(put(*pair.server, "still here"), 10u);
    ASSERT_TRUE(wire.run_until([&] { return pair.client->readable() == 10; }));
    EXPECT_EQ(pair.client->state(), TcpState::FinWait2);
    EXPECT_EQ(take_text(*pair.client), "still here");
    pair.server->finish_sending();
    ASSERT_TRUE(wire.run_until([&] { return pair.server->state() == TcpState::Closed; }));
    EXPECT_EQ(pair.server->take_failure(), TcpFailure::None);
    EXPECT_EQ(pair.client->state(), TcpState::TimeWait);
    EXPECT_EQ(wire.left.stack.tcp().time_wait_count(), 1u);
    EXPECT_EQ(wire.right.stack.tcp().time_wait_count(), 0u);
    wire.run_for(61 * second);
    EXPECT_EQ(wire.left.stack.tcp().time_wait_count(), 0u);
    EXPECT_EQ(wire.left.stack.tcp().connection_count(), 0u);
    EXPECT_EQ(wire.right.stack.tcp().connection_count(), 0u);
}

TEST(TcpTest, closes_when_both_sides_do_at_once) {
    Wire wire;
    const Connected pair(wire);
    pair.client->finish_sending();
    pair.server->finish_sending();
    wire.run_for(second);
    EXPECT_EQ(pair.client->state(), TcpState::TimeWait);
    EXPECT_EQ(pair.server->state(), TcpState::TimeWait);
}

TEST(TcpTest, answers_a_fin_again_whose_acknowledgement_was_lost) {
    Wire wire;
    const Connected pair(wire);
    pair.client->finish_sending();
    ASSERT_TRUE(wire.run_until([&] { return pair.server->peer_finished(); }));
    wire.run_for(millisecond);
    bool lost = false;
    wire.filter = [&](const Machine& from, const Packet&) {
        return &from != &wire.left || std::exchange(lost, true);
    };
    pair.server->finish_sending();
    wire.run_for(second);
    EXPECT_TRUE(lost);
    EXPECT_EQ(pair.server->state(), TcpState::Closed);
    EXPECT_GT(pair.server->retransmissions(), 0u);
}

TEST(TcpTest, resets_a_peer_whose_bytes_are_not_read) {
    Wire wire;
    const Connected pair(wire);
    put(*pair.client, "unread");
    ASSERT_TRUE(wire.run_until([&] { return pair.server->readable() > 0; }));
    pair.server->disown();
    ASSERT_TRUE(wire.run_until([&] { return pair.client->state() == TcpState::Closed; }));
    EXPECT_EQ(pair.client->take_failure(), TcpFailure::Reset);
    EXPECT_EQ(wire.right.stack.tcp().connection_count(), 0u);
}

TEST(TcpTest, resets_a_peer_that_sends_to_nobody) {
    Wire wire;
    const Connected pair(wire);
    pair.server->disown();
    ASSERT_TRUE(wire.run_until([&] { return pair.client->peer_finished(); }));
    put(*pair.client, "too late");
    ASSERT_TRUE(wire.run_until([&] { return pair.client->state() == TcpState::Closed; }));
    EXPECT_EQ(pair.client->take_failure(), TcpFailure::ResetAfterEnd);
    EXPECT_EQ(wire.right.stack.tcp().connection_count(), 0u);
}

TEST(TcpTest, delivers_what_a_closed_socket_had_sent) {
    Wire wire;
    const Connected pair(wire);
    const std::vector<u8> bytes = pattern(200'000, 7);
    EXPECT_EQ(put(*pair.client, bytes), bytes.size());
    pair.client->disown();
    std::vector<u8> got;
    ASSERT_TRUE(wire.run_until([&] {
        const std::vector<u8> more = take(*pair.server);
        got.insert(got.end(), more.begin(), more.end());
        return pair.server->peer_finished();
    }));
    EXPECT_EQ(got, bytes);
}

TEST(TcpTest, forgets_a_closed_socket_whose_peer_stays) {
    Wire wire;
    const Connected pair(wire);
    pair.client->disown();
    wire.run_for(59 * second);
    EXPECT_EQ(wire.left.stack.tcp().connection_count(), 1u);
    wire.run_for(3 * second);
    EXPECT_EQ(wire.left.stack.tcp().connection_count(), 0u);
}

TEST(TcpTest, stops_at_a_closed_window_and_goes_on_when_it_opens) {
    Wire wire;
    const Connected pair(wire, {.receive_space = 20'000, .send_space = 100'000});
    const std::vector<u8> bytes = pattern(60'000, 3);
    EXPECT_EQ(put(*pair.client, bytes), bytes.size());
    wire.run_for(10 * second);
    EXPECT_LE(pair.server->readable(), 20'000u);
    EXPECT_GT(pair.server->readable(), 18'000u);
    const usize probes_before = wire.left.packets_sent;
    wire.run_for(100 * second);
    EXPECT_GT(wire.left.packets_sent, probes_before);       // probes go on,
    EXPECT_LT(wire.left.packets_sent, probes_before + 10);  // more and more rarely
    EXPECT_EQ(pair.client->state(), TcpState::Established);
    std::vector<u8> got;
    ASSERT_TRUE(wire.run_until([&] {
        const std::vector<u8> more = take(*pair.server);
        got.insert(got.end(), more.begin(), more.end());
        return got.size() == bytes.size();
    }));
    EXPECT_EQ(got, bytes);
}

TEST(TcpTest, survives_the_loss_of_a_window_update) {
    Wire wire;
    const Connected pair(wire, {.receive_space = 10'000, .send_space = 100'000});
    put(*pair.client, pattern(30'000, 3));
    wire.run_for(second);
    EXPECT_GT(pair.server->readable(), 8'000u);
    wire.filter = [&](const Machine& from, const Packet&) { return &from != &wire.right; };
    const usize first = take(*pair.server).size();
    wire.run_for(millisecond);
    wire.filter = nullptr;
    EXPECT_TRUE(wire.run_until([&] { return pair.server->readable() > 0; }))
        << "no probe asked for the window; the first read took " << first;
}

TEST(TcpTest, opens_the_window_in_steps_worth_a_segment) {
    Wire wire;
    const Connected pair(wire, {.receive_space = 20'000, .send_space = 100'000});
    put(*pair.client, pattern(60'000, 3));
    wire.run_for(second);
    const usize before = wire.right.packets_sent;
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(take(*pair.server, 10).size(), 10u);
    }
    EXPECT_EQ(wire.right.packets_sent, before);  // 1000 bytes are less than a segment
    EXPECT_EQ(take(*pair.server, 1500).size(), 1500u);
    EXPECT_GT(wire.right.packets_sent, before);
}

TEST(TcpTest, holds_small_segments_back_unless_told_not_to) {
    for (const bool no_delay : {false, true}) {
        Wire wire;
        const Connected pair(wire, {.no_delay = no_delay});
        const usize before = wire.left.packets_sent;
        for (int i = 0; i < 10; ++i) {
            put(*pair.client, "x");
        }
        EXPECT_EQ(wire.left.packets_sent - before, no_delay ? 10u : 1u);
        ASSERT_TRUE(wire.run_until([&] { return pair.server->readable() == 10; }));
        EXPECT_EQ(wire.left.packets_sent - before, no_delay ? 10u : 2u);
    }
}

TEST(TcpTest, keeps_corked_bytes_together_for_a_while) {
    Wire wire;
    const Connected pair(wire);
    pair.client->settings.cork = true;
    put(*pair.client, "head");
    wire.run_for(100 * millisecond);
    EXPECT_EQ(pair.server->readable(), 0u);
    put(*pair.client, "body");
    pair.client->settings.cork = false;
    pair.client->settings_changed();
    wire.run_for(millisecond);
    EXPECT_EQ(take_text(*pair.server), "headbody");
    put(*pair.client, "more to come", true);
    wire.run_for(second);
    EXPECT_EQ(take_text(*pair.server), "more to come");  // but not for ever
}

TEST(TcpTest, delays_acknowledgements_once_answers_carry_them) {
    Wire wire;
    const Connected pair(wire);
    for (int i = 0; i < 40; ++i) {
        put(*pair.client, "ping");
        ASSERT_TRUE(wire.run_until([&] { return pair.server->readable() > 0; }));
        take(*pair.server);
        put(*pair.server, "pong");
        ASSERT_TRUE(wire.run_until([&] { return pair.client->readable() > 0; }));
        take(*pair.client);
    }
    const usize before = wire.left.packets_sent + wire.right.packets_sent;
    put(*pair.client, "ping");
    ASSERT_TRUE(wire.run_until([&] { return pair.server->readable() > 0; }));
    take(*pair.server);
    put(*pair.server, "pong");
    ASSERT_TRUE(wire.run_until([&] { return pair.client->readable() > 0; }));
    take(*pair.client);
    EXPECT_EQ(wire.left.packets_sent + wire.right.packets_sent - before, 2u);
    const u64 start = wire.now;
    ASSERT_TRUE(wire.run_until([&] { return pair.server->unacknowledged() == 0; }));
    EXPECT_GT(wire.now - start, 30 * millisecond);
    EXPECT_LT(wire.now - start, 500 * millisecond);  // [rfc/1122] 4.2.3.2
}

TEST(TcpTest, repairs_one_loss_without_waiting_for_the_timer) {
    Wire wire;
    const Connected pair(wire);
    int data = 0;
    wire.filter = [&](const Machine& from, const Packet& packet) {
        return &from != &wire.left || packet.payload.empty() || ++data != 3;
    };
    const std::vector<u8> bytes = pattern(14'600, 5);
    const u64 start = wire.now;
    put(*pair.client, bytes);
    ASSERT_TRUE(wire.run_until([&] { return pair.server->readable() == bytes.size(); }));
    EXPECT_LT(wire.now - start, 10 * millisecond);
    EXPECT_EQ(pair.client->retransmissions(), 1u);
    EXPECT_EQ(take(*pair.server), bytes);
}

TEST(TcpTest, repairs_the_loss_of_the_last_segment_by_the_timer) {
    Wire wire;
    const Connected pair(wire);
    bool lost = false;
    wire.filter = [&](const Machine& from, const Packet& packet) {
        return &from != &wire.left || packet.payload.empty() || std::exchange(lost, true);
    };
    put(*pair.client, "only one");
    const u64 start = wire.now;
    ASSERT_TRUE(wire.run_until([&] { return pair.server->readable() > 0; }));
    EXPECT_GE(wire.now - start, RoundTripTime::least_timeout);
    EXPECT_LT(wire.now - start, 3 * RoundTripTime::least_timeout);
}

TEST(TcpTest, starts_slowly) {
    Wire wire;
    const Connected pair(wire, {.receive_space = 1'000'000, .send_space = 1'000'000});
    int before_first_ack = 0;
    bool acked = false;
    wire.filter = [&](const Machine& from, const Packet& packet) {
        acked = acked || &from == &wire.right;
        before_first_ack += &from == &wire.left && !acked && !packet.payload.empty() ? 1 : 0;
        return true;
    };
    put(*pair.client, pattern(500'000, 1));
    wire.run_for(10 * second);
    EXPECT_EQ(pair.server->readable(), 500'000u);
    EXPECT_EQ(before_first_ack, 10);  // [rfc/6928]
}

TEST(TcpTest, fills_its_backlog_and_no_more) {
    Wire wire;
    CountingObserver observer;
    Tcp& right = wire.right.stack.tcp();
    TcpListener listener(right, {any_v4, 80}, 1, observer);
    right.add(listener);
    std::vector<Ref<TcpConnection>> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(
            wire.left.stack.tcp()
                .connect({wire.left.address(), 0}, {wire.right.address(), 80}, {}, observer)
                .connection);
    }
    wire.run_for(2 * second);
    EXPECT_EQ(listener.waiting(), 2u);
    const Ref<TcpConnection> first = listener.accept();
    EXPECT_EQ(first->key().remote.port, clients[0]->key().local.port);
    wire.run_for(100 * second);
    EXPECT_EQ(listener.waiting(), 2u);  // one of those that were turned away has tried again
    for (const auto& client : clients) {
        client->abort();
    }
    first->abort();
}

TEST(TcpTest, aborts_connections_that_nobody_accepted) {
    Wire wire;
    CountingObserver observer;
    Ref<TcpConnection> client;
    {
        Tcp& right = wire.right.stack.tcp();
        TcpListener listener(right, {any_v4, 80}, 1, observer);
        right.add(listener);
        client = wire.left.stack.tcp()
                     .connect({wire.left.address(), 0}, {wire.right.address(), 80}, {}, observer)
                     .connection;
        ASSERT_TRUE(wire.run_until([&] { return listener.waiting() == 1; }));
    }
    ASSERT_TRUE(wire.run_until([&] { return client->state() == TcpState::Closed; }));
    EXPECT_EQ(client->take_failure(), TcpFailure::Reset);
    EXPECT_EQ(wire.right.stack.tcp().connection_count(), 0u);
}

TEST(TcpTest, ignores_resets_that_do_not_fit) {
    Wire wire;
    const Connected pair(wire);
    const Sequence expected = pair.client->next_expected();
    const auto reset_at = [&](Sequence at) {
        TcpSegment segment{.key = pair.client->key(), .sequence = at, .reset = true};
        std::swap(segment.key.local, segment.key.remote);
        wire.right.stack.tcp().transmit(segment);
        wire.run_for(second);
    };
    reset_at(expected + 1'000'000);  // outside the window
    reset_at(expected + 100);        // inside, but not what comes next. [rfc/5961] 3.2
    EXPECT_EQ(pair.client->state(), TcpState::Established);
    reset_at(expected);
    EXPECT_EQ(pair.client->state(), TcpState::Closed);
}

TEST(TcpTest, opens_from_both_sides_at_once) {
    Wire wire;
    CountingObserver observer;
    const Endpoint one{wire.left.address(), 1000};
    const Endpoint other{wire.right.address(), 2000};
    const auto left = wire.left.stack.tcp().connect(one, other, {}, observer).connection;
    const auto right = wire.right.stack.tcp().connect(other, one, {}, observer).connection;
    wire.run_for(5 * second);
    EXPECT_EQ(left->state(), TcpState::Established);
    EXPECT_EQ(right->state(), TcpState::Established);
    put(*left, "hello");
    ASSERT_TRUE(wire.run_until([&] { return right->readable() == 5; }));
    EXPECT_EQ(take_text(*right), "hello");
    left->abort();
    right->abort();
}

TEST(TcpTest, gives_a_recent_port_to_a_new_connection) {
    Wire wire;
    const Connected pair(wire);
    const ConnectionKey key = pair.client->key();
    pair.client->finish_sending();
    pair.server->finish_sending();
    wire.run_for(100 * millisecond);
    CountingObserver observer;
    Tcp& tcp = wire.left.stack.tcp();
    EXPECT_FALSE(tcp.connect(key.local, key.remote, {}, observer).connection) << "too early";
    wire.run_for(second);
    const auto again = tcp.connect(key.local, key.remote, {}, observer).connection;
    ASSERT_TRUE(again);
    EXPECT_TRUE(wire.run_until([&] { return again->state() == TcpState::Established; }));
    again->abort();
}

TEST(TcpTest, keeps_segment_sizes_that_either_side_asks_for) {
    Wire wire;
    CountingObserver observer;
    Tcp& right = wire.right.stack.tcp();
    TcpListener listener(right, {any_v4, 80}, 1, observer);
    right.add(listener);
    const auto client = wire.left.stack.tcp()
                            .connect({wire.left.address(), 0}, {wire.right.address(), 80},
                                     {.most_segment = 500}, observer)
                            .connection;
    ASSERT_TRUE(wire.run_until([&] { return listener.waiting() == 1; }));
    const auto server = listener.accept();
    EXPECT_EQ(client->segment_size(), 500);
    EXPECT_EQ(server->segment_size(), 500);
    client->abort();
    server->abort();
}

TEST(TcpTest, answers_what_belongs_to_no_connection_with_a_reset) {
    Wire wire;
    std::vector<TcpSegment> answers;
    wire.filter = [&](const Machine& from, const Packet& packet) {
        if (&from == &wire.right) {
            answers.push_back(*segment_in(packet));
        }
        return true;
    };
    const ConnectionKey key{{wire.left.address(), 5}, {wire.right.address(), 6}};
    Tcp& tcp = wire.left.stack.tcp();
    tcp.transmit({.key = key, .sequence = {77}, .acknowledgement = {99}, .ack = true});
    tcp.transmit({.key = key, .sequence = {77}, .syn = true});
    tcp.transmit({.key = key, .sequence = {77}, .reset = true});
    wire.run_for(second);
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_TRUE(answers[0].reset && !answers[0].ack && answers[0].sequence == Sequence{99});
    EXPECT_TRUE(answers[1].reset && answers[1].ack && answers[1].sequence == Sequence{0} &&
                answers[1].acknowledgement == Sequence{78});
}

}  // namespace
}  // namespace ringfence::kernel::net::testing
