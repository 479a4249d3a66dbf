// SPDX-License-Identifier: MIT
// Addresses as distinct types: a physical address can never be passed where a virtual one is meant.
#pragma once

#include <compare>

#include "base/bits.h"
#include "base/types.h"

namespace ringfence {

/// An address of kind `Tag`, in bytes. Arithmetic stays within the kind; the number comes out only
/// by `value()`.
template <typename Tag>
class Address {
public:
    constexpr Address() = default;
    constexpr explicit Address(u64 value) : value_(value) {}

    [[nodiscard]] constexpr u64 value() const { return value_; }

    constexpr auto operator<=>(const Address&) const = default;

    constexpr Address operator+(u64 bytes) const { return Address{value_ + bytes}; }
    constexpr Address operator-(u64 bytes) const { return Address{value_ - bytes}; }
    constexpr u64 operator-(Address other) const { return value_ - other.value_; }
    constexpr Address& operator+=(u64 bytes) {
        value_ += bytes;
        return *this;
    }

    [[nodiscard]] constexpr Address align_down(u64 alignment) const {
        return Address{ringfence::align_down(value_, alignment)};
    }
    [[nodiscard]] constexpr Address align_up(u64 alignment) const {
        return Address{ringfence::align_up(value_, alignment)};
    }
    [[nodiscard]] constexpr bool is_aligned(u64 alignment) const {
        return ringfence::is_aligned(value_, alignment);
    }
    /// Distance from the start of the `alignment`-sized unit that holds this address.
    [[nodiscard]] constexpr u64 offset_in(u64 alignment) const { return value_ & (alignment - 1); }

private:
    u64 value_ = 0;
};

/// Where a byte lies in the machine's physical address space.
using PhysicalAddress = Address<struct PhysicalTag>;
/// Where a program sees a byte, before translation (Intel: linear address).
using VirtualAddress = Address<struct VirtualTag>;

inline constexpr u64 kib = 1024;
inline constexpr u64 mib = 1024 * kib;
inline constexpr u64 gib = 1024 * mib;

}  // namespace ringfence
