// SPDX-License-Identifier: MIT
// What sigreturn makes of a frame that its handler has changed. Each case is a process of its own.
#include <csignal>

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/programs/check.h"
#include "guest/programs/extended_state/registers.h"
#include "guest/programs/extended_state/signal_area.h"

namespace {

/// What becomes of each part: as before the signal, else in its initial state. With SIGSEGV on the
/// way if the frame is refused.
struct Outcome {
    Parts kept = all_parts;
    bool refused = false;
};
constexpr Outcome kept{};
constexpr Outcome legacy_kept{{.x87 = true, .xmm = true, .mxcsr = true, .upper = false}};
constexpr Outcome all_initial{no_parts};
constexpr Outcome refused{no_parts, true};

struct Case {
    const char* name;
    void (*change)(ucontext_t& context, SignalArea& area);
    Outcome with_xsave;
    Outcome without = kept;
};

constexpr std::size_t page = 4096;

/// A copy of the frame's area, `distance` bytes behind a multiple of 64.
void copy_area(ucontext_t& context, std::size_t distance) {
    alignas(64) static unsigned char place[4 * page];
    const SignalArea& area = area_of(context);
    std::memcpy(place + distance, &area, has_xsave() ? area.bytes_with_end : 512);
    move_area(context, place + distance);
}

/// A copy of its first `bytes` that ends with a page behind which there is nothing.
void cut_area(ucontext_t& context, std::size_t bytes) {
    void* const pages =
        mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    auto* const end = static_cast<unsigned char*>(pages) + page;
    munmap(end, page);
    std::memcpy(end - bytes, &area_of(context), bytes);
    move_area(context, end - bytes);
}

const Case cases[] = {
    {"unchanged", [](ucontext_t&, SignalArea&) {}, kept},
    {"no area", [](ucontext_t& c, SignalArea&) { move_area(c, nullptr); }, all_initial,
     all_initial},
    // Who does not know of XSAVE's part.
    {"first magic number", [](ucontext_t&, SignalArea& a) { a.magic ^= 1; }, legacy_kept},
    {"second magic number", [](ucontext_t&, SignalArea& a) { set_end(a, second_magic ^ 1); },
     legacy_kept},
    {"size of nothing", [](ucontext_t&, SignalArea& a) { a.bytes = 0; }, legacy_kept},
    {"size without the header", [](ucontext_t&, SignalArea& a) { a.bytes = 575; }, legacy_kept},
    {"size that is too large", [](ucontext_t&, SignalArea& a) { a.bytes += 8; }, legacy_kept},
    {"size beyond the whole", [](ucontext_t&, SignalArea& a) { a.bytes_with_end = a.bytes - 1; },
     legacy_kept},
    {"copy without magic numbers, by 16",
     [](ucontext_t& c, SignalArea& a) {
         a.magic = 0;
         copy_area(c, 16);
     },
     legacy_kept},
    {"512 bytes and nothing behind them",
     [](ucontext_t& c, SignalArea& a) {
         a.magic = 0;
         cut_area(c, 512);
     },
     legacy_kept},
    // Which components.
    {"no features", [](ucontext_t&, SignalArea& a) { a.features = 0; }, all_initial},
    {"features that nobody has",
     [](ucontext_t&, SignalArea& a) { a.features |= std::uint64_t{1} << 61; }, kept},
    {"feature x87",
     [](ucontext_t&, SignalArea& a) { a.features = x87_component; },
     {{.x87 = true}}},
    {"feature SSE",
     [](ucontext_t&, SignalArea& a) { a.features = sse_component; },
     {{.xmm = true, .mxcsr = true}}},
    {"features but AVX", [](ucontext_t&, SignalArea& a) { a.features &= ~avx_component; },
     legacy_kept},
    {"no state", [](ucontext_t&, SignalArea& a) { a.state = 0; }, {{.mxcsr = true}}},
    {"state but AVX", [](ucontext_t&, SignalArea& a) { a.state &= ~avx_component; }, legacy_kept},
    {"state x87",
     [](ucontext_t&, SignalArea& a) { a.state = x87_component; },
     {{.x87 = true, .mxcsr = true}}},
    // What XRSTOR refuses.
    {"state that nobody has", [](ucontext_t&, SignalArea& a) { a.state |= std::uint64_t{1} << 61; },
     refused},
    {"state and features that nobody has",
     [](ucontext_t&, SignalArea& a) {
         a.state |= std::uint64_t{1} << 61;
         a.features |= std::uint64_t{1} << 61;
     },
     refused},
    {"XCOMP_BV", [](ucontext_t&, SignalArea& a) { a.compaction = 1; }, refused},
    {"header byte 16", [](ucontext_t&, SignalArea& a) { a.header_reserved[0] = 1; }, refused},
    {"reserved bit 16 of MXCSR", [](ucontext_t&, SignalArea& a) { a.mxcsr |= 0x10000; }, refused,
     refused},
    {"reserved bit 31 of MXCSR", [](ucontext_t&, SignalArea& a) { a.mxcsr |= 0x80000000; }, refused,
     refused},
    {"reserved bit of MXCSR, which is not wanted",
     [](ucontext_t&, SignalArea& a) {
         a.mxcsr |= 0x10000;
         a.features = x87_component;
     },
     {{.x87 = true}},
     refused},
    {"reserved bit of MXCSR without magic numbers",
     [](ucontext_t&, SignalArea& a) {
         a.mxcsr |= 0x10000;
         a.magic = 0;
     },
     refused, refused},
    // Where the area is.
    {"copy", [](ucontext_t& c, SignalArea&) { copy_area(c, 64); }, kept},
    {"copy by 32", [](ucontext_t& c, SignalArea&) { copy_area(c, 32); }, refused},
    {"copy by 8", [](ucontext_t& c, SignalArea&) { copy_area(c, 8); }, refused, refused},
    {"copy by 8 without magic numbers",
     [](ucontext_t& c, SignalArea& a) {
         a.magic = 0;
         copy_area(c, 8);
     },
     refused, refused},
    {"cut behind the header", [](ucontext_t& c, SignalArea&) { cut_area(c, 576); }, refused},
    {"cut in the legacy part", [](ucontext_t& c, SignalArea&) { cut_area(c, 448); }, refused,
     refused},
    {"where nothing is", [](ucontext_t& c, SignalArea&) { move_area(c, 64); }, refused, refused},
    {"in the kernel", [](ucontext_t& c, SignalArea&) { move_area(c, 0xffffffff81000000); }, refused,
     refused},
    {"in the kernel's page table",
     [](ucontext_t& c, SignalArea&) { move_area(c, 0xffff888000000000); }, refused, refused},
    {"at an address that is none",
     [](ucontext_t& c, SignalArea&) { move_area(c, 0x8000000000000000); }, refused, refused},
    {"at the end of user memory", [](ucontext_t& c, SignalArea&) { move_area(c, 0x7fffffffef00); },
     refused, refused},
};

const Case* current;

void change_frame(int /*signal*/, siginfo_t* /*information*/, void* pointer) {
    auto& context = *static_cast<ucontext_t*>(pointer);
    clobber_registers();
    current->change(context, area_of(context));
}

volatile bool was_refused = false;
volatile bool found_initial = true;

/// SIGSEGV interrupts what SIGUSR1 did, but with the extended state of a new program.
void look_at_failure(int /*signal*/, siginfo_t* /*information*/, void* pointer) {
    const SignalArea& area = area_of(*static_cast<ucontext_t*>(pointer));
    static const unsigned char zero[sizeof area.xmm] = {};
    const bool initial = area.mxcsr == initial_mxcsr && area.control_word == initial_control_word &&
                         std::memcmp(area.xmm, zero, sizeof zero) == 0 &&
                         (!has_avx() || std::memcmp(area.upper, zero, sizeof zero) == 0);
    _exit(initial ? 0 : 2);
}

void install(int signal, void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action{};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    require(sigaction(signal, &action, nullptr) == 0, "sigaction");
}

Parts normalized(Parts parts) {
    parts.upper = has_avx() ? parts.upper : parts.xmm;
    return parts;
}

/// In a process of its own: 0 if all is as expected.
int try_case(const Case& damaged) {
    current = &damaged;
    const Outcome& expected = has_xsave() ? damaged.with_xsave : damaged.without;
    install(SIGUSR1, change_frame);
    install(SIGSEGV, look_at_failure);
    const Registers before = registers_of(7);
    Registers after;
    call_holding(before, after, SYS_kill, getpid(), SIGUSR1);
    const Parts found = equal_parts(after, before);
    const Parts initial = initial_parts(after);
    const Parts wanted = normalized(expected.kept);
    const Parts others{!wanted.x87, !wanted.xmm, !wanted.mxcsr, !wanted.upper};
    return was_refused == expected.refused && found_initial && found == wanted && initial == others
               ? 0
               : 1;
}

}  // namespace

bool is_well_formed(const ucontext_t& context) {
    constexpr unsigned long xstate_flag = 1;
    const SignalArea& area = area_of(context);
    const bool flagged = (context.uc_flags & xstate_flag) != 0;
    if (area.magic != first_magic || area.bytes_with_end != area.bytes + sizeof second_magic ||
        flagged != has_xsave()) {
        return false;
    }
    constexpr std::uint64_t common = x87_component | sse_component | avx_component;
    return !has_xsave() ||
           (reinterpret_cast<std::uintptr_t>(&area) % 64 == 0 && end_of(area) == second_magic &&
            area.bytes >= (has_avx() ? 832 : 576) &&
            (area.features & common) == (enabled_components() & common) && (area.state & 3) == 3 &&
            area.compaction == 0 && area.header_reserved[0] == 0);
}

void damaged_frames() {
    for (const Case& damaged : cases) {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            _exit(try_case(damaged));
        }
        int status = 0;
        require(waitpid(child, &status, 0) == child, "waitpid");
        if (status == 0) {
            std::printf("%s: as expected\n", damaged.name);
        } else {
            std::printf("%s: not as expected: exit %d, signal %d\n", damaged.name,
                        WEXITSTATUS(status), WTERMSIG(status));
        }
    }
}
