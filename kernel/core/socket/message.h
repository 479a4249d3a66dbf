// SPDX-License-Identifier: MIT
// What one send or receive call moves: bytes from or to several buffers, an address, open files and
// credentials.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include "base/bits.h"
#include "kernel/core/containers/vector.h"
#include "kernel/core/fs/io_buffer.h"
#include "kernel/core/fs/open_file.h"
#include "kernel/core/socket/address.h"
#include "kernel/core/socket/options.h"

namespace ringfence::kernel {

/// The MSG_ flags. [linux/abi]: include/linux/socket.h
namespace message_bits {
using OutOfBand = Flag<0, u32>;
using Peek = Flag<1, u32>;
using DontRoute = Flag<2, u32>;
using ControlTruncated = Flag<3, u32>;
using Truncated = Flag<5, u32>;
using DontWait = Flag<6, u32>;
using EndOfRecord = Flag<7, u32>;
using WaitAll = Flag<8, u32>;
using ErrorQueue = Flag<13, u32>;
using NoSignal = Flag<14, u32>;
using More = Flag<15, u32>;
using WaitForOne = Flag<16, u32>;
using CloseOnExec = Flag<30, u32>;
}  // namespace message_bits

struct MessageFlags {
    u32 word = 0;
    [[nodiscard]] bool out_of_band() const { return message_bits::OutOfBand::test(word); }
    [[nodiscard]] bool peek() const { return message_bits::Peek::test(word); }
    [[nodiscard]] bool truncation_wanted() const { return message_bits::Truncated::test(word); }
    [[nodiscard]] bool dont_wait() const { return message_bits::DontWait::test(word); }
    [[nodiscard]] bool wait_for_all() const { return message_bits::WaitAll::test(word); }
    [[nodiscard]] bool error_queue() const { return message_bits::ErrorQueue::test(word); }
    [[nodiscard]] bool no_signal() const { return message_bits::NoSignal::test(word); }
    [[nodiscard]] bool more() const { return message_bits::More::test(word); }
};

/// `struct ucred`: who is at the other end.
struct PeerCredentials {
    u32 process = 0;
    u32 user = 0;
    u32 group = 0;
};
[[nodiscard]] PeerCredentials current_peer_credentials();

/// The buffers of a send call, as one run of bytes.
class SourceList {
public:
    explicit SourceList(std::span<const IoSource> parts);

    [[nodiscard]] u64 size() const { return size_; }
    /// Copies from `offset` on; the caller keeps within size().
    Fallible<void> get(u64 offset, std::span<u8> bytes) const;

private:
    std::span<const IoSource> parts_;
    u64 size_ = 0;
};

/// The buffers of a receive call, as one run of bytes.
class DestinationList {
public:
    explicit DestinationList(std::span<const IoDestination> parts);

    [[nodiscard]] u64 size() const { return size_; }
    Fallible<void> put(u64 offset, std::span<const u8> bytes) const;

private:
    std::span<const IoDestination> parts_;
    u64 size_ = 0;
};

/// A control message that only the socket understands. Longer data than any has are cut.
struct ControlData {
    static constexpr usize most_bytes = 24;

    OptionLevel level;
    u32 type;
    u64 size = 0;  ///< as the program gave it
    u8 bytes[most_bytes]{};

    ControlData(OptionLevel of, u32 kind, std::span<const u8> data)
        : level(of), type(kind), size(data.size()) {
        std::memcpy(bytes, data.data(), std::min<usize>(data.size(), most_bytes));
    }
    template <typename Type, typename T>
        requires std::is_trivially_copyable_v<T>
    ControlData(OptionLevel of, Type kind, const T& value)
        : level(of), type(static_cast<u32>(kind)), size(sizeof(T)) {
        static_assert(sizeof(T) <= most_bytes);
        std::memcpy(bytes, &value, sizeof(T));
    }
    [[nodiscard]] std::span<const u8> data() const {
        return {bytes, std::min<usize>(size, most_bytes)};
    }
    /// Einval if the data are not of that size.
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    [[nodiscard]] Fallible<T> exactly() const {
        static_assert(sizeof(T) <= most_bytes);
        if (size != sizeof(T)) {
            return Error{Errno::Einval};
        }
        T value;
        std::memcpy(&value, bytes, sizeof(T));
        return value;
    }
};

/// Few calls have any, so that the others only pay for looking.
class ControlList {
public:
    [[nodiscard]] std::span<const ControlData> all() const {
        return messages_ ? std::span<const ControlData>(messages_->data(), messages_->size())
                         : std::span<const ControlData>();
    }
    void add(ControlData message) {
        if (!messages_) {
            messages_ = std::unique_ptr<Vector<ControlData>>(new Vector<ControlData>());
        }
        messages_->push_back(message);
    }

private:
    std::unique_ptr<Vector<ControlData>> messages_;
};

struct OutgoingMessage {
    SourceList bytes;
    MessageFlags flags{};
    bool may_block = true;
    const SocketAddress* to = nullptr;             ///< null: to the peer
    Vector<Ref<OpenFile>> files{};                 ///< SCM_RIGHTS
    std::optional<PeerCredentials> credentials{};  ///< SCM_CREDENTIALS, checked
    ControlList controls{};                        ///< of levels other than SOL_SOCKET
};

struct IncomingMessage {
    DestinationList bytes;
    MessageFlags flags{};
    bool may_block = true;
    // Filled in by the socket.
    SocketAddress from{};  ///< of size 0 if the sender has no name, or the type does not say
    Vector<Ref<OpenFile>> files{};
    std::optional<PeerCredentials> credentials{};
    ControlList controls{};
    u32 found_flags = 0;  ///< message_bits: Truncated, ControlTruncated, EndOfRecord
};

}  // namespace ringfence::kernel
