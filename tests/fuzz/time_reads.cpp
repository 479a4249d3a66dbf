// SPDX-License-Identifier: MIT
#include "tests/fuzz/time_reads.h"

#include <algorithm>

namespace ringfence::fuzz {

bool TimeReads::reads_time(std::span<const u8> instruction) {
    constexpr u8 prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
    constexpr u8 rex_mask = 0xf0;
    constexpr u8 rex = 0x40;
    const auto is_prefix = [&](u8 byte) {
        return std::ranges::find(prefixes, byte) != std::end(prefixes) || (byte & rex_mask) == rex;
    };
    while (!instruction.empty() && is_prefix(instruction.front())) {
        instruction = instruction.subspan(1);
    }
    const auto begins_with = [&](std::initializer_list<u8> opcode) {
        return instruction.size() >= opcode.size() &&
               std::equal(opcode.begin(), opcode.end(), instruction.begin());
    };
    return begins_with({0x0f, 0x31}) || begins_with({0x0f, 0x01, 0xf9}) ||
           begins_with({0x0f, 0x32}) || begins_with({0x0f, 0x33}) || begins_with({0xc7, 0xf8});
}

}  // namespace ringfence::fuzz
