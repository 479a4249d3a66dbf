// SPDX-License-Identifier: MIT
// Ways of reading a byte in instructions that never retire, and of surviving the attempt.
#pragma once

#include <cstdint>
#include <memory>

namespace attacks {

/// How long the attempt is given. A window that is opened at no cost is short, and enough if what
/// is read is in the nearest cache already; three trips to memory keep one open for longer.
enum class Window { Short, Long };

/// One attempt to send what may not be read.
struct Attempt {
    const std::uint8_t* victim;  ///< what is read
    /// A CovertChannel's base, where the byte sends; and where it sends if it is 0.
    const std::uint8_t* channel;
    const std::uint8_t* zero_channel;
    unsigned bit = 0;  ///< which one is sent, if only one is
    /// The victim may be read, so something else has to make the instructions after it transient.
    /// The code that runs is the same for both.
    bool victim_is_readable = false;
    Window window = Window::Short;
};

class TransientReader {
public:
    virtual ~TransientReader() = default;
    virtual void attempt(const Attempt& attempt) = 0;
};

/// What is sent in an attempt.
enum class Portion { Byte, Bit };
/// When it is sent. Late: behind a barrier that waits for the read to retire, which it never
/// does; to show that the race is what leaks.
enum class Sending { InTime, Late };

/// The fault is raised and a SIGSEGV handler steps over it.
[[nodiscard]] std::unique_ptr<TransientReader> make_signal_reader(Portion portion, Sending sending);
/// The read is on the wrong path of a branch and never raises anything.
[[nodiscard]] std::unique_ptr<TransientReader> make_mispredict_reader(Portion portion,
                                                                      Sending sending);
/// The fault aborts a transaction and is not raised.
[[nodiscard]] std::unique_ptr<TransientReader> make_transaction_reader(Portion portion,
                                                                       Sending sending);

/// Whether the CPU has transactions (RTM), the third way. [intel/vol2]: CPUID, leaf 7, EBX bit 11
[[nodiscard]] bool has_transactions();

}  // namespace attacks
