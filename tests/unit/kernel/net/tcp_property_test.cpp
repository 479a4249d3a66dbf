// SPDX-License-Identifier: MIT
// Whatever the wire does, a connection gives exactly the bytes that went in, in order, once, and
// then the end; and nothing is left behind.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/kernel/net/wire.h"

namespace ringfence::kernel::net::testing {
namespace {

/// One direction: what is to be sent, and what has come.
struct Direction {
    TcpConnection& from;
    TcpConnection& to;
    std::vector<u8> bytes;
    usize put_in = 0;
    std::vector<u8> got{};
    bool finished = false;

    /// Puts some in, at most `piece` bytes, and takes some out.
    void go_on(usize piece, usize most_taken) {
        if (put_in < bytes.size() && from.can_send()) {
            put_in += put(from, std::span<const u8>(bytes).subspan(
                                    put_in, std::min(piece, bytes.size() - put_in)));
        }
        if (put_in == bytes.size() && !finished) {
            finished = true;
            from.finish_sending();
        }
        const std::vector<u8> more = take(to, most_taken);
        got.insert(got.end(), more.begin(), more.end());
    }
    [[nodiscard]] bool done() const { return to.peer_finished() && to.readable() == 0; }
};

Addresses any_version() {
    return *rc::gen::arbitrary<bool>() ? v4_addresses : v6_addresses;
}

Faults any_faults() {
    return {.loss = *rc::gen::inRange(0, 30) / 100.0,
            .duplication = *rc::gen::inRange(0, 30) / 100.0,
            .damage = *rc::gen::inRange(0, 10) / 100.0,
            .delay = *rc::gen::inRange<u64>(1'000, 50'000'000),
            .extra_delay = *rc::gen::element<u64>(0, 1'000, 10'000'000, 300'000'000)};
}

RC_GTEST_PROP(TcpProperty, both_directions_arrive_whole_over_a_bad_wire, ()) {
    Wire wire(*rc::gen::inRange<u32>(1, 1'000'000),
              *rc::gen::element<usize>(576, 1500, 9000, 65536), any_version());
    const TcpSettings settings{.receive_space = *rc::gen::inRange<u32>(2'000, 200'000),
                               .send_space = *rc::gen::inRange<u32>(2'000, 200'000),
                               .no_delay = *rc::gen::arbitrary<bool>()};
    Connected pair(wire, settings);
    wire.faults = any_faults();
    Direction there{*pair.client, *pair.server, pattern(*rc::gen::inRange<usize>(0, 100'000), 1)};
    Direction back{*pair.server, *pair.client, pattern(*rc::gen::inRange<usize>(0, 100'000), 2)};
    const usize piece = *rc::gen::inRange<usize>(1, 20'000);
    const usize most_taken = *rc::gen::inRange<usize>(100, 50'000);
    const auto all_arrived = [&] {
        there.go_on(piece, most_taken);
        back.go_on(piece, most_taken);
        return there.done() && back.done();
    };
    bool arrived = wire.run_until(all_arrived, u64{100'000} * 1'000'000'000);
    while (!arrived && (pair.client->readable() > 0 || pair.server->readable() > 0)) {
        arrived = all_arrived();  // nothing happens any more, but something waits to be read
    }
    RC_ASSERT(arrived);
    RC_ASSERT(there.got == there.bytes);
    RC_ASSERT(back.got == back.bytes);
    RC_ASSERT(pair.client->take_failure() == TcpFailure::None);
    RC_ASSERT(pair.server->take_failure() == TcpFailure::None);
    pair.client->disown();
    pair.server->disown();
    wire.faults = {};
    wire.run_for(u64{2'000} * 1'000'000'000);
    RC_ASSERT(wire.left.stack.tcp().connection_count() == 0u);
    RC_ASSERT(wire.right.stack.tcp().connection_count() == 0u);
    RC_ASSERT(wire.left.stack.tcp().time_wait_count() == 0u);
    RC_ASSERT(wire.right.stack.tcp().time_wait_count() == 0u);
}

RC_GTEST_PROP(TcpProperty, connections_open_over_a_bad_wire, ()) {
    Wire wire(*rc::gen::inRange<u32>(1, 1'000'000), 1500, any_version());
    wire.faults = any_faults();
    wire.faults.loss = std::min(wire.faults.loss, 0.2);
    CountingObserver observer;
    Tcp& right = wire.right.stack.tcp();
    TcpListener listener(right, {any_of(wire.right), 80}, 10, observer);
    right.add(listener);
    std::vector<Ref<TcpConnection>> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(
            wire.left.stack.tcp()
                .connect({wire.left.address(), 0}, {wire.right.address(), 80}, {}, observer)
                .connection);
    }
    std::vector<Ref<TcpConnection>> servers;
    usize answered = 0;
    const auto is_open = [](const Ref<TcpConnection>& one) {
        return one->state() == TcpState::Established || one->state() == TcpState::CloseWait;
    };
    wire.run_for(u64{400} * 1'000'000'000);
    while (Ref<TcpConnection> server = listener.accept()) {
        put(*server, "welcome");
        server->finish_sending();
        servers.push_back(server);
    }
    wire.run_for(u64{400} * 1'000'000'000);
    for (const auto& client : clients) {
        const TcpFailure failure = client->failure();
        if (is_open(client)) {
            // Empty if the other side gave up on a handshake that this side took for done.
            const std::string text = take_text(*client);
            RC_ASSERT(text == "welcome" || text.empty());
            answered += text.empty() ? 0 : 1;
        } else {
            // A wire may be bad enough for all tries of one side to get lost; then it says so.
            RC_ASSERT(failure == TcpFailure::TimedOut || failure == TcpFailure::Reset);
        }
    }
    RC_ASSERT(answered >= 1u);
    for (const auto& each : clients) {
        each->abort();
    }
    for (const auto& each : servers) {
        each->abort();
    }
}

/// Segments that no peer sends must not harm a connection, whatever they say.
RC_GTEST_PROP(TcpProperty, hostile_segments_do_no_harm, ()) {
    Wire wire(*rc::gen::inRange<u32>(1, 1'000'000), 1500, any_version());
    Connected pair(wire);
    put(*pair.client, pattern(5'000, 3));
    wire.run_for(1'000'000'000);
    const ConnectionKey key = pair.server->key();
    const int count = *rc::gen::inRange(1, 60);
    for (int i = 0; i < count; ++i) {
        const u32 near = *rc::gen::inRange<u32>(0, 200'000);
        const auto buffer = Buffer::allocate(1'000);
        const usize size = *rc::gen::inRange<usize>(0, 1'000);
        buffer->append(size);
        TcpSegment segment{.key = {key.local, key.remote},
                           .sequence = {pair.client->next_expected().value + near - 100'000},
                           .acknowledgement = {pair.server->next_expected().value +
                                               *rc::gen::inRange<u32>(0, 200'000) - 100'000},
                           .syn = *rc::gen::inRange(0, 10) == 0,
                           .ack = *rc::gen::inRange(0, 10) != 0,
                           .fin = *rc::gen::inRange(0, 10) == 0,
                           .reset = *rc::gen::inRange(0, 10) == 0,
                           .window = *rc::gen::arbitrary<u16>(),
                           .payload = Slice(buffer, 0, size)};
        wire.right.stack.tcp().transmit(segment);
        wire.run_for(1'000'000);
        static_cast<void>(take(*pair.client));
        put(*pair.client, "x");
    }
    wire.run_for(u64{10'000} * 1'000'000'000);
}

}  // namespace
}  // namespace ringfence::kernel::net::testing
