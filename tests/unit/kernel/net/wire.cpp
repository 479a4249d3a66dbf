// SPDX-License-Identifier: MIT
#include "tests/unit/kernel/net/wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace ringfence::kernel::net::testing {

namespace {

/// A packet of its own memory, as a wire makes it of what it was given.
Packet* copy_of(const Packet& packet) {
    const Ref<Buffer> buffer = Buffer::allocate(packet.payload.size());
    std::ranges::copy(packet.payload.bytes(), buffer->room().begin());
    buffer->append(packet.payload.size());
    Packet* copy = Packet::make(Slice(buffer, 0, packet.payload.size()));
    copy->network_size = packet.network_size;
    copy->transport_size = packet.transport_size;
    std::ranges::copy(packet.header_bytes(), copy->network());
    return copy;
}

}  // namespace

u64 Machine::now() {
    return wire_.now;
}

void Machine::transmit(Packet* packet) {
    ++packets_sent;
    wire_.send(*this, packet);
}

Wire::~Wire() {
    for (const auto& [at, flight] : flights_) {
        delete flight.packet;
    }
}

void Wire::send(Machine& from, Packet* packet) {
    EXPECT_LE(packet->size(), from.maximum_size());
    const bool lost = (filter && !filter(from, *packet)) || happens(faults.loss);
    const int copies = lost ? 0 : happens(faults.duplication) ? 2 : 1;
    Machine& to = &from == &left ? right : left;
    for (int i = 0; i < copies; ++i) {
        Packet* copy = copy_of(*packet);
        if (happens(faults.damage)) {
            const usize at = random_() % copy->size();
            u8* byte = at < copy->header_size() ? copy->network() + at
                                                : const_cast<u8*>(copy->payload.bytes().data()) +
                                                      (at - copy->header_size());
            *byte ^= static_cast<u8>(1U << (random_() % 8));
        }
        const u64 delay =
            faults.delay + (faults.extra_delay > 0 ? random_() % faults.extra_delay : 0);
        flights_.insert({now + delay, {&to, copy}});
    }
    delete packet;
}

bool Wire::step(u64 end) {
    const u64 arrival = flights_.empty() ? ~u64{0} : flights_.begin()->first;
    const u64 next = std::min({arrival, left.deadline, right.deadline});
    if (next == ~u64{0} || next > end) {
        return false;
    }
    now = std::max(now, next);
    if (arrival == next) {
        const Flight flight = flights_.begin()->second;
        flights_.erase(flights_.begin());
        flight.to->stack.input(flight.packet);
        return true;
    }
    Machine& machine = left.deadline == next ? left : right;
    machine.deadline = ~u64{0};
    machine.stack.run_timers();
    return true;
}

bool Wire::run_until(const std::function<bool()>& condition, u64 limit) {
    const u64 end = now + limit;
    while (!condition()) {
        if (!step(end)) {
            return false;
        }
    }
    return true;
}

void Wire::run_for(u64 duration) {
    const u64 end = now + duration;
    while (step(end)) {
    }
    now = end;
}

usize put(TcpConnection& connection, std::span<const u8> bytes, bool more) {
    usize done = 0;
    while (done < bytes.size()) {
        const std::span<u8> room = connection.prepare(bytes.size() - done);
        if (room.empty()) {
            break;
        }
        std::memcpy(room.data(), bytes.data() + done, room.size());
        done += room.size();
        connection.commit(room.size(), more || done < bytes.size());
    }
    return done;
}

usize put(TcpConnection& connection, const std::string& text, bool more) {
    return put(connection, {reinterpret_cast<const u8*>(text.data()), text.size()}, more);
}

std::vector<u8> take(TcpConnection& connection, usize most) {
    std::vector<u8> bytes;
    while (bytes.size() < most) {
        const Slice slice = connection.bytes_at(0);
        const auto part = slice.bytes().first(std::min(slice.size(), most - bytes.size()));
        if (part.empty()) {
            break;
        }
        bytes.insert(bytes.end(), part.begin(), part.end());
        connection.consume(part.size());
    }
    return bytes;
}

std::string take_text(TcpConnection& connection) {
    const std::vector<u8> bytes = take(connection);
    return {bytes.begin(), bytes.end()};
}

std::vector<u8> pattern(usize size, u32 seed) {
    std::mt19937 random(seed);
    std::vector<u8> bytes(size);
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<u8>(random()); });
    return bytes;
}

IpAddress any_of(const Machine& machine) {
    return machine.address().is_v4() ? any_v4 : any_v6;
}

Connected::Connected(Wire& on, TcpSettings settings) : wire(on) {
    Tcp& right = wire.right.stack.tcp();
    listener = std::make_unique<TcpListener>(right, Endpoint{any_of(wire.right), 80}, 5,
                                             listener_observer);
    listener->settings = settings;
    right.add(*listener);
    client = wire.left.stack.tcp()
                 .connect({wire.left.address(), 0}, {wire.right.address(), 80}, settings, observer)
                 .connection;
    EXPECT_TRUE(wire.run_until([&] { return listener->waiting() > 0; }));
    server = listener->accept();
    EXPECT_TRUE(wire.run_until([&] { return client->state() == TcpState::Established; }));
}

Connected::~Connected() {
    wire.filter = nullptr;  // may look at what the test no longer has
    client->abort();
    server->abort();
}

}  // namespace ringfence::kernel::net::testing
