// SPDX-License-Identifier: MIT
// The stack as far transfers use it: frames of several words, read or written whole, with the stack
// pointer moved only when nothing can fault any more.
#pragma once

#include <span>

#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

/// Width of the stack pointer: 64 in 64-bit mode, else by SS.B. [intel/vol3]: 5.1, 3.4.5
[[nodiscard]] unsigned stack_bits(const Cpu& cpu);

/// Writes RSP, ESP or SP, whichever the current stack has.
void set_stack_pointer(Cpu& cpu, u64 value);

/// Reads words upwards from the stack pointer, which stays where it is.
class StackReader {
public:
    explicit StackReader(Cpu& cpu) : cpu_(cpu) {}

    /// The next word of `bytes` (2, 4 or 8), zero-extended. False: cpu.pending is set.
    [[nodiscard]] bool pop(unsigned bytes, u64& out);
    void skip(u64 bytes) { read_ += bytes; }
    /// Bytes read or skipped so far.
    [[nodiscard]] u64 consumed() const { return read_; }

private:
    Cpu& cpu_;
    u64 read_ = 0;
};

/// Pushes `words`, the last one first, so that they end up in their order at the new top of the
/// stack, and moves the stack pointer. Each takes `bytes` (2, 4 or 8). False: cpu.pending is set
/// and nothing has changed.
[[nodiscard]] bool push_frame(Cpu& cpu, std::span<const u64> words, unsigned bytes);

}  // namespace ringfence::sim::isa::x86
