// SPDX-License-Identifier: MIT
// The form of netlink messages: a header, a fixed part, attributes. [linux/abi]: netlink(7),
// include/uapi/linux/netlink.h
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/bits.h"
#include "base/types.h"

namespace ringfence::kernel::netlink {

/// `struct nlmsghdr`.
struct Header {
    u32 length;  ///< of the message, this header included
    u16 type;
    u16 flags;
    u32 sequence;
    u32 port;  ///< of the socket that it comes from, or is for if the kernel sends it
};
static_assert(sizeof(Header) == 16);

/// `struct nlattr`.
struct AttributeHeader {
    u16 length;  ///< of the attribute, this header included
    u16 type;
};

/// Messages and attributes begin at multiples of this.
inline constexpr usize alignment = 4;
[[nodiscard]] constexpr usize aligned(usize size) {
    return (size + alignment - 1) & ~(alignment - 1);
}

/// Types below this one belong to netlink itself.
inline constexpr u16 first_own_type = 16;
inline constexpr u16 error_type = 2;
inline constexpr u16 done_type = 3;

/// Flags of the header.
using Request = Flag<0, u16>;
using Multipart = Flag<1, u16>;
using WantsAck = Flag<2, u16>;
/// NLM_F_ROOT and NLM_F_MATCH: either asks for a list.
inline constexpr u16 dump_flags = Flag<8, u16>::mask | Flag<9, u16>::mask;
using Capped = Flag<8, u16>;  ///< of an error: the request's payload is left out

/// Writes messages one behind the other. What does not fit is noted, and what has been written then
/// is of no use.
class Writer {
public:
    explicit Writer(std::span<u8> to) : to_(to) {}

    [[nodiscard]] usize size() const { return size_; }
    [[nodiscard]] bool overflowed() const { return overflowed_; }

    /// Begins a message; its length is set by end().
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    void begin(const Header& header, const T& fixed) {
        start_ = size_;
        append(&header, sizeof(header));
        append(&fixed, sizeof(fixed));
    }
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    void add(u16 type, const T& value) {
        add_bytes(type, {reinterpret_cast<const u8*>(&value), sizeof(value)});
    }
    /// With its final zero.
    void add_text(u16 type, std::string_view text) {
        const AttributeHeader header{static_cast<u16>(sizeof(header) + text.size() + 1), type};
        append(&header, sizeof(header));
        append_raw(text.data(), text.size());
        append("", 1);
    }
    void add_bytes(u16 type, std::span<const u8> bytes) {
        const AttributeHeader header{static_cast<u16>(sizeof(header) + bytes.size()), type};
        append(&header, sizeof(header));
        append(bytes.data(), bytes.size());
    }
    /// Bytes of no attribute, such as a request that an error quotes.
    void add_payload(std::span<const u8> bytes) { append(bytes.data(), bytes.size()); }
    void end() {
        const u32 length = static_cast<u32>(size_ - start_);
        if (!overflowed_) {
            std::memcpy(to_.data() + start_, &length, sizeof(length));
        }
    }

private:
    void append_raw(const void* bytes, usize count) {
        if (count > to_.size() - size_) {
            overflowed_ = true;
            return;
        }
        std::memcpy(to_.data() + size_, bytes, count);
        size_ += count;
    }
    /// And zeroes up to the next multiple of the alignment.
    void append(const void* bytes, usize count) {
        append_raw(bytes, count);
        constexpr u8 zeroes[alignment]{};
        append_raw(zeroes, aligned(size_) - size_);
    }

    std::span<u8> to_;
    usize size_ = 0;
    usize start_ = 0;
    bool overflowed_ = false;
};

/// A value at the start of `bytes`; where they are too few, zeroes take the place of the others.
template <typename T>
    requires std::is_trivially_copyable_v<T>
[[nodiscard]] T leading(std::span<const u8> bytes) {
    T value{};
    std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(T)));
    return value;
}

/// Calls `visit(header, payload)` for each message in `bytes`, up to the first that is malformed.
template <typename Visit>
void for_each_message(std::span<const u8> bytes, Visit visit) {
    while (bytes.size() >= sizeof(Header)) {
        const auto header = leading<Header>(bytes);
        if (header.length < sizeof(Header) || header.length > bytes.size()) {
            return;
        }
        visit(header, bytes.subspan(sizeof(Header), header.length - sizeof(Header)));
        bytes = bytes.subspan(std::min(aligned(header.length), bytes.size()));
    }
}

/// The attribute of the given type; empty if there is none, or what is before it is malformed. Of
/// several the last, as Linux has it.
[[nodiscard]] inline std::span<const u8> find_attribute(std::span<const u8> attributes, u16 type) {
    std::span<const u8> found;
    while (attributes.size() >= sizeof(AttributeHeader)) {
        const auto header = leading<AttributeHeader>(attributes);
        if (header.length < sizeof(AttributeHeader) || header.length > attributes.size()) {
            break;
        }
        if (header.type == type) {
            found = attributes.subspan(sizeof(AttributeHeader),
                                       header.length - sizeof(AttributeHeader));
        }
        attributes = attributes.subspan(std::min(aligned(header.length), attributes.size()));
    }
    return found;
}

}  // namespace ringfence::kernel::netlink
