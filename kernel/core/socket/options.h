// SPDX-License-Identifier: MIT
// Options of sockets of any family: the level SOL_SOCKET of setsockopt. [linux/abi]: socket(7)
#pragma once

#include <cstring>
#include <span>
#include <type_traits>

#include "base/address.h"
#include "kernel/core/errors.h"
#include "kernel/core/time.h"

namespace ringfence::kernel {

/// [linux/abi]: SOL_SOCKET, IPPROTO_TCP and their like
enum class OptionLevel : u32 { Ip = 0, Socket = 1, Tcp = 6, Udp = 17, Ip6 = 41, Netlink = 270 };

struct OptionName {
    OptionLevel level;
    u32 name;
};

/// A value as programs pass it. Longer ones than any option has are cut.
class OptionValue {
public:
    static constexpr u32 most_bytes = 256;

    OptionValue() = default;
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    explicit OptionValue(const T& value) : size_(sizeof(T)) {
        static_assert(sizeof(T) <= most_bytes);
        std::memcpy(bytes_, &value, sizeof(T));
    }

    [[nodiscard]] std::span<u8> storage(u32 size) {
        size_ = size < most_bytes ? size : most_bytes;
        return {bytes_, size_};
    }
    [[nodiscard]] std::span<const u8> bytes() const { return {bytes_, size_}; }
    /// Einval if the program passed fewer bytes.
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    [[nodiscard]] Fallible<T> as() const {
        if (size_ < sizeof(T)) {
            return Error{Errno::Einval};
        }
        T value;
        std::memcpy(&value, bytes_, sizeof(T));
        return value;
    }
    /// The usual kind: a number, or a truth value.
    [[nodiscard]] Fallible<i32> number() const { return as<i32>(); }
    /// Makes it one that is told whole or not at all: Einval for those with less room.
    [[nodiscard]] OptionValue whole() const {
        OptionValue value = *this;
        value.cut_ = false;
        return value;
    }
    [[nodiscard]] bool may_be_cut() const { return cut_; }

private:
    u8 bytes_[most_bytes];
    u32 size_ = 0;
    bool cut_ = true;
};

/// `struct linger`.
struct Linger {
    i32 on = 0;
    i32 seconds = 0;
};

/// Bounds of SO_SNDBUF and SO_RCVBUF. [linux/abi]: net.core.wmem_default, wmem_max and
/// include/net/sock.h
inline constexpr u32 default_socket_buffer = 212992;
inline constexpr u32 most_socket_buffer = 212992;
inline constexpr u32 least_send_buffer = 4608;
inline constexpr u32 least_receive_buffer = 2304;

struct SocketOptions {
    bool debug = false;
    bool reuse_address = false;
    bool reuse_port = false;
    bool keep_alive = false;
    bool dont_route = false;
    bool broadcast = false;
    bool out_of_band_inline = false;
    bool pass_credentials = false;
    bool send_buffer_fixed = false;  ///< set by the program: the protocol leaves it alone
    bool receive_buffer_fixed = false;
    u32 send_buffer = default_socket_buffer;
    u32 receive_buffer = default_socket_buffer;
    i32 receive_low_water = 1;
    i32 priority = 0;
    Linger linger{};
    u64 receive_timeout = never;  ///< nanoseconds
    u64 send_timeout = never;
};

/// Sets an option that is stored in `options`; Enoprotoopt for all others.
Fallible<void> set_stored_option(SocketOptions& options, u32 name, const OptionValue& value);
Fallible<OptionValue> stored_option(const SocketOptions& options, u32 name);

/// Options that ask the socket itself. [linux/abi]: include/uapi/asm-generic/socket.h
namespace socket_option_names {
inline constexpr u32 type = 3;
inline constexpr u32 error = 4;
inline constexpr u32 peer_credentials = 17;
inline constexpr u32 accepts_connections = 30;
inline constexpr u32 protocol = 38;
inline constexpr u32 domain = 39;
}  // namespace socket_option_names

}  // namespace ringfence::kernel
