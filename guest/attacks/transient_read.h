// SPDX-License-Identifier: MIT
// Ways of reading a byte in instructions that never retire, and of surviving the attempt.
#pragma once

#include <cstdint>
#include <memory>

namespace attacks {

/// One attempt to send a byte that may not be read.
struct Attempt {
    const std::uint8_t* victim;   ///< what is read
    const std::uint8_t* channel;  ///< where the byte sends: channel + byte * 4096
    /// The victim may be read, so something else has to make the instructions after it transient.
    /// The code that runs is the same for both.
    bool victim_is_readable;
};

class TransientReader {
public:
    virtual ~TransientReader() = default;
    virtual void attempt(const Attempt& attempt) = 0;
};

/// When the byte is sent. Late: behind a barrier that waits for the read to retire, which it never
/// does; to show that the race is what leaks.
enum class Sending { InTime, Late };

/// The fault is raised and a SIGSEGV handler steps over it.
[[nodiscard]] std::unique_ptr<TransientReader> make_signal_reader(Sending sending);
/// The read is on the wrong path of a branch and never raises anything.
[[nodiscard]] std::unique_ptr<TransientReader> make_mispredict_reader(Sending sending);

/// Whether the CPU has transactions (RTM), the third way. [intel/vol2]: CPUID, leaf 7, EBX bit 11
[[nodiscard]] bool has_transactions();

}  // namespace attacks
