// SPDX-License-Identifier: MIT
#include "kernel/net/checksum.h"

#include <cstring>

#include "kernel/net/byte_order.h"

namespace ringfence::kernel::net {

namespace {

/// Sum with end-around carry, which keeps the sum of the 16-bit words modulo 2^16 - 1.
u64 add_with_carry(u64 sum, u64 value) {
    const u64 result = sum + value;
    return result + (result < sum ? 1 : 0);
}

u64 fold(u64 sum, unsigned bits) {
    return (sum & ((u64{1} << bits) - 1)) + (sum >> bits);
}

}  // namespace

void Checksum::add(std::span<const u8> bytes) {
    u64 sum = sum_;
    const u8* at = bytes.data();
    usize left = bytes.size();
    for (; left >= sizeof(u64); at += sizeof(u64), left -= sizeof(u64)) {
        u64 word;
        std::memcpy(&word, at, sizeof(word));
        sum = add_with_carry(sum, word);
    }
    if (left > 0) {
        u64 rest = 0;  // zeroes behind the last byte, as the definition pads
        std::memcpy(&rest, at, left);
        sum = add_with_carry(sum, rest);
    }
    sum_ = sum;
}

void Checksum::add_word(u16 value) {
    u8 bytes[sizeof(value)];
    store_be16(bytes, value);
    add(bytes);
}

u16 Checksum::value() const {
    u64 sum = fold(fold(sum_, 32), 32);
    sum = fold(fold(fold(sum, 16), 16), 16);
    const u16 host_order = static_cast<u16>(~sum);
    u8 bytes[sizeof(host_order)];
    std::memcpy(bytes, &host_order, sizeof(host_order));
    return load_be16(bytes);
}

}  // namespace ringfence::kernel::net
