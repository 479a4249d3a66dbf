// SPDX-License-Identifier: MIT
// The kernel loads and saves all registers for us: an INT3 enters the signal handler, which swaps
// the interrupted context for the case's and returns into it. The case ends in the INT3s that
// surround it, or in its own exception; either way the handler keeps the context that it finds and
// puts the saved one back. Linux on x86-64 only.
#include <cpuid.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstring>

#include "tests/differential/host_processor.h"

namespace ringfence::differential {

namespace {

/// Registers as the kernel's signal frame orders them, in encoding order.
constexpr std::array<int, 16> frame_index = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                             REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                             REG_R12, REG_R13, REG_R14, REG_R15};
constexpr std::array<int, 6> synchronous_signals = {SIGSEGV, SIGBUS,  SIGFPE,
                                                    SIGILL,  SIGTRAP, SIGSYS};
/// RFLAGS bits that a program may set and that do not stop it.
constexpr u64 loadable_flags = 0x0c'd5 | 0x4'0000;

/// The XSAVE area behind the FXSAVE image in a signal frame: which components it holds, and where
/// the upper halves of the YMM registers are. [intel/vol1]: 13.4
constexpr usize xstate_bv_offset = 512;
constexpr usize upper_offset = 576;
constexpr u64 x87_and_sse = 3;
constexpr u64 avx_component = 4;

enum class Phase { Idle, Entering, Running };

/// The handler's, and the only ones that it touches.
struct Exchange {
    Phase phase = Phase::Idle;
    const ProcessorState* before = nullptr;
    Outcome outcome;
    std::array<greg_t, NGREG> saved_registers{};
    std::array<u8, sizeof(_libc_fpstate)> saved_fpu{};
    std::array<Xmm, 16> saved_upper{};
    u64 saved_components = 0;
    /// Whether signal frames have the upper halves of the YMM registers.
    bool has_upper = false;
};
Exchange exchange;

u8* fpu_area(ucontext_t* context) {
    return reinterpret_cast<u8*>(context->uc_mcontext.fpregs);
}

u64 components_in(ucontext_t* context) {
    u64 components = 0;
    std::memcpy(&components, fpu_area(context) + xstate_bv_offset, sizeof(components));
    return components;
}
void set_components(ucontext_t* context, u64 components) {
    std::memcpy(fpu_area(context) + xstate_bv_offset, &components, sizeof(components));
}
u64 held_components() {
    return x87_and_sse | (exchange.has_upper ? avx_component : 0);
}
/// A component that the frame does not hold is in its initial state.
void read_upper(ucontext_t* context, std::array<Xmm, 16>& out) {
    out = {};
    if (exchange.has_upper && (components_in(context) & avx_component) != 0) {
        std::memcpy(&out, fpu_area(context) + upper_offset, sizeof(out));
    }
}

void load_case(ucontext_t* context, const ProcessorState& state) {
    auto& registers = context->uc_mcontext.gregs;
    for (usize i = 0; i < frame_index.size(); ++i) {
        registers[frame_index[i]] = static_cast<greg_t>(state.gpr[i]);
    }
    registers[REG_RIP] = static_cast<greg_t>(state.rip);
    registers[REG_EFL] = static_cast<greg_t>(state.rflags);
    std::memcpy(fpu_area(context), &state.fpu, sizeof(state.fpu));
    if (exchange.has_upper) {
        std::memcpy(fpu_area(context) + upper_offset, &state.upper, sizeof(state.upper));
    }
    set_components(context, components_in(context) | held_components());
}

void save_outcome(ucontext_t* context) {
    const auto& registers = context->uc_mcontext.gregs;
    Outcome& outcome = exchange.outcome;
    for (usize i = 0; i < frame_index.size(); ++i) {
        outcome.state.gpr[i] = static_cast<u64>(registers[frame_index[i]]);
    }
    outcome.state.rip = static_cast<u64>(registers[REG_RIP]);
    outcome.state.rflags = static_cast<u64>(registers[REG_EFL]);
    std::memcpy(&outcome.state.fpu, fpu_area(context), sizeof(outcome.state.fpu));
    read_upper(context, outcome.state.upper);
    outcome.vector = static_cast<ExceptionVector>(registers[REG_TRAPNO]);
    outcome.error_code = static_cast<u32>(registers[REG_ERR]);
    outcome.address = static_cast<u64>(registers[REG_CR2]);
    outcome.completed = outcome.vector == ExceptionVector::Breakpoint;
    if (outcome.completed) {
        --outcome.state.rip;
    }
    // A branch whose target cannot be fetched has completed.
    const bool fetch_fault = outcome.vector == ExceptionVector::PageFault &&
                             outcome.state.rip == outcome.address &&
                             outcome.state.rip != exchange.before->rip;
    outcome.completed = outcome.completed || fetch_fault;
}

void save_context(ucontext_t* context) {
    std::memcpy(exchange.saved_registers.data(), context->uc_mcontext.gregs,
                sizeof(context->uc_mcontext.gregs));
    std::memcpy(exchange.saved_fpu.data(), fpu_area(context), exchange.saved_fpu.size());
    exchange.saved_components = components_in(context);
    read_upper(context, exchange.saved_upper);
}
void restore_context(ucontext_t* context) {
    std::memcpy(context->uc_mcontext.gregs, exchange.saved_registers.data(),
                sizeof(context->uc_mcontext.gregs));
    std::memcpy(fpu_area(context), exchange.saved_fpu.data(), exchange.saved_fpu.size());
    if (exchange.has_upper) {
        std::memcpy(fpu_area(context) + upper_offset, &exchange.saved_upper,
                    sizeof(exchange.saved_upper));
    }
    set_components(context, exchange.saved_components | held_components());
}

void handle(int signal, ucontext_t* context) {
    switch (exchange.phase) {
        case Phase::Entering:
            save_context(context);
            load_case(context, *exchange.before);
            exchange.phase = Phase::Running;
            return;
        case Phase::Running:
            save_outcome(context);
            restore_context(context);
            exchange.phase = Phase::Idle;
            return;
        case Phase::Idle:
            // A crash of this program itself: let it happen.
            ::signal(signal, SIG_DFL);
            return;
    }
}

/// POPF may have switched alignment checks on, and the kernel leaves them on for handlers. What a
/// sanitizer adds at the beginning of a function would fail by them, so this one has nothing added.
[[clang::no_sanitize("address", "undefined")]] void handle_signal(int signal,
                                                                  siginfo_t* /*information*/,
                                                                  void* context) {
    __asm__ volatile(
        "pushfq\n\t"
        "andl $~0x40000, (%%rsp)\n\t"
        "popfq" ::
            : "memory", "cc");
    handle(signal, static_cast<ucontext_t*>(context));
}

/// Leaves through the handler and comes back when the case is over.
void enter() {
    exchange.phase = Phase::Entering;
    // Flags that only POPF can set would otherwise stay from case to case.
    __asm__ volatile(
        "leaq -128(%%rsp), %%rsp\n\t"
        "pushq $0x202\n\t"
        "popfq\n\t"
        "int3\n\t"
        "leaq 128(%%rsp), %%rsp" ::
            : "memory", "cc");
}

u8* map_at(u64 address, u64 bytes, int protection, int descriptor) {
    const int flags =
        MAP_FIXED_NOREPLACE | (descriptor < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);
    void* mapped =
        ::mmap(reinterpret_cast<void*>(address), bytes, protection, flags, descriptor, 0);
    return mapped == MAP_FAILED ? nullptr : static_cast<u8*>(mapped);
}

class LinuxHostProcessor final : public HostProcessor {
public:
    bool prepare(const ReadOnlyImage& read_only) {
        exchange.has_upper = __builtin_cpu_supports("avx") != 0;
        return map_code() && map_data(read_only) && install_handlers();
    }

    [[nodiscard]] arch::x86::CpuidResult cpuid(u32 leaf, u32 subleaf) const override {
        arch::x86::CpuidResult result;
        __cpuid_count(leaf, subleaf, result.eax, result.ebx, result.ecx, result.edx);
        return result;
    }

    [[nodiscard]] bool keeps_avx_state() const override { return exchange.has_upper; }

    [[nodiscard]] bool has_memory_at(u64 address) const override {
        unsigned char resident = 0;
        void* page = reinterpret_cast<void*>(address & ~(page_bytes - 1));
        return ::mincore(page, page_bytes, &resident) == 0;
    }

    DataImage& data() override { return *data_; }

    Outcome run(const ProcessorState& before, std::span<const u8> instruction) override {
        u8* place = code_ + (before.rip - code_base);
        std::memcpy(place, instruction.data(), instruction.size());
        ProcessorState state = before;
        state.rflags &= loadable_flags;
        exchange.before = &state;
        enter();
        std::memset(place, filler, instruction.size());
        return exchange.outcome;
    }

private:
    /// Mapped twice: executable for the case, writable for us.
    bool map_code() {
        const int file = ::memfd_create("code", 0);
        if (file < 0 || ::ftruncate(file, static_cast<off_t>(code_bytes)) != 0) {
            return false;
        }
        void* alias = ::mmap(nullptr, code_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        u8* executable = map_at(code_base, code_bytes, PROT_READ | PROT_EXEC, file);
        ::close(file);
        if (alias == MAP_FAILED || executable == nullptr) {
            return false;
        }
        code_ = static_cast<u8*>(alias);
        std::memset(code_, filler, code_bytes);
        return true;
    }
    bool map_data(const ReadOnlyImage& read_only) {
        u8* data = map_at(data_base, data_bytes, PROT_READ | PROT_WRITE, -1);
        u8* constant = map_at(read_only_page, page_bytes, PROT_READ | PROT_WRITE, -1);
        if (data == nullptr || constant == nullptr) {
            return false;
        }
        std::memcpy(constant, read_only.data(), read_only.size());
        data_ = reinterpret_cast<DataImage*>(data);
        return ::mprotect(constant, page_bytes, PROT_READ) == 0;
    }
    bool install_handlers() {
        stack_t stack{};
        stack.ss_sp = signal_stack_.data();
        stack.ss_size = signal_stack_.size();
        if (::sigaltstack(&stack, nullptr) != 0) {
            return false;
        }
        struct sigaction action{};
        action.sa_sigaction = &handle_signal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        for (const int signal : synchronous_signals) {
            if (::sigaction(signal, &action, nullptr) != 0) {
                return false;
            }
        }
        return true;
    }

    u8* code_ = nullptr;
    DataImage* data_ = nullptr;
    alignas(64) std::array<u8, 64 * kib> signal_stack_{};
};

}  // namespace

std::unique_ptr<HostProcessor> HostProcessor::create(const ReadOnlyImage& read_only) {
    auto host = std::make_unique<LinuxHostProcessor>();
    if (!host->prepare(read_only)) {
        return nullptr;
    }
    return host;
}

}  // namespace ringfence::differential
