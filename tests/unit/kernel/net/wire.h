// SPDX-License-Identifier: MIT
// Two machines with a TCP/IP stack each, and a wire between them that may lose, double, delay and
// damage packets, as a seed decides. Time is simulated.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "kernel/net/stack.h"

namespace ringfence::kernel::net::testing {

struct Faults {
    double loss = 0;
    double duplication = 0;
    double damage = 0;
    u64 delay = 100'000;  ///< nanoseconds
    u64 extra_delay = 0;  ///< up to so much more, which reorders packets
};

class Wire;

class Machine final : public Environment, public Interface {
public:
    Machine(Wire& wire, IpAddress address, usize maximum_size, u32 seed)
        : wire_(wire), address_(address), maximum_size_(maximum_size), random_(seed) {}

    Stack stack{*this, *this};
    u64 deadline = ~u64{0};
    bool memory_left = true;
    usize packets_sent = 0;

    u64 now() override;
    u32 random() override { return static_cast<u32>(random_()); }
    void wake_at(u64 at) override { deadline = at; }
    bool has_memory() override { return memory_left; }
    void transmit(Packet* packet) override;
    IpAddress address() const { return address_; }
    bool is_local(const IpAddress& other) const override { return other == address_; }
    bool reaches(const IpAddress&) const override { return true; }
    usize maximum_size() const override { return maximum_size_; }
    bool needs_checksums() const override { return true; }

private:
    Wire& wire_;
    IpAddress address_;
    usize maximum_size_;
    std::mt19937 random_;
};

struct Addresses {
    IpAddress left;
    IpAddress right;
};
inline constexpr Addresses v4_addresses{ipv4(10, 0, 0, 1), ipv4(10, 0, 0, 2)};
/// fd00::1 and fd00::2
inline constexpr Addresses v6_addresses{{u64{0xfd} << 56, 1}, {u64{0xfd} << 56, 2}};

class Wire {
public:
    explicit Wire(u32 seed = 1, usize maximum_size = 1500, Addresses addresses = v4_addresses)
        : random_(seed),
          left(*this, addresses.left, maximum_size, seed + 1),
          right(*this, addresses.right, maximum_size, seed + 2) {}
    ~Wire();
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

private:
    std::mt19937 random_;

public:
    u64 now = 1'000'000;
    Faults faults;
    /// Sees each packet that is sent and may lose it by answering false.
    std::function<bool(const Machine& from, const Packet&)> filter;
    Machine left;
    Machine right;

    void send(Machine& from, Packet* packet);
    /// Lets time pass until `condition` holds; false if nothing happens any more, or not until
    /// `limit` nanoseconds have passed.
    bool run_until(const std::function<bool()>& condition, u64 limit = 3'600'000'000'000);
    void run_for(u64 duration);

private:
    /// Goes on to what happens next; false if nothing does before `end`.
    bool step(u64 end);
    bool happens(double probability) {
        return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
    }
    struct Flight {
        Machine* to;
        Packet* packet;
    };
    std::multimap<u64, Flight> flights_;
};

/// An owner that only counts what it is told.
class CountingObserver final : public TcpObserver {
public:
    void tcp_readable() override { ++readable; }
    void tcp_writable() override { ++writable; }
    int readable = 0;
    int writable = 0;
};

/// Puts as much of `bytes` in as there is room for; how much that was.
usize put(TcpConnection& connection, std::span<const u8> bytes, bool more = false);
usize put(TcpConnection& connection, const std::string& text, bool more = false);
/// Takes out all that is there, at most `most`.
std::vector<u8> take(TcpConnection& connection, usize most = ~usize{0});
std::string take_text(TcpConnection& connection);
/// Bytes that a seed determines.
std::vector<u8> pattern(usize size, u32 seed);

/// Any address of the version that the machine has.
IpAddress any_of(const Machine& machine);

/// A connection between the two machines, established.
struct Connected {
    explicit Connected(Wire& wire, TcpSettings settings = {});
    ~Connected();
    Connected(const Connected&) = delete;
    Connected& operator=(const Connected&) = delete;

    Wire& wire;
    CountingObserver observer;
    CountingObserver listener_observer;
    std::unique_ptr<TcpListener> listener;
    Ref<TcpConnection> client;  ///< on the left
    Ref<TcpConnection> server;  ///< on the right
};

}  // namespace ringfence::kernel::net::testing
