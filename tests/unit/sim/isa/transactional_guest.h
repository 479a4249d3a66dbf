// SPDX-License-Identifier: MIT
// A guest that runs code inside a transaction and tells how that went.
#pragma once

#include "arch/x86/cpuid.h"
#include "sim/isa/x86/timed_execution.h"
#include "tests/unit/sim/isa/program.h"

namespace ringfence::sim {

/// What `outcome` gives for a transaction that committed: no status has these bits.
inline constexpr u64 committed = ~u64{0};

class TransactionalGuest final : public Guest {
public:
    explicit TransactionalGuest(u64 arch_capabilities = 0)
        : Guest(Extras{.features = {arch::x86::cpuid_feature::rtm,
                                    arch::x86::cpuid_feature::arch_capabilities},
                       .arch_capabilities = arch_capabilities}) {
        make_accessed(code);
    }

    /// From now on the guest has the cycles of a CPU. Before the first program.
    void set_timing(const timing::Parameters& parameters) {
        timed_.emplace(cpu, memory_, parameters);
    }
    [[nodiscard]] isa::x86::TimedExecution& timed() { return *timed_; }

    /// Makes ready to run `body` in a transaction; registers stay, but for RSP.
    void begin(const std::vector<u8>& body, unsigned cpl = 0) {
        constexpr u8 halt = 0xf4;
        const auto length = static_cast<u32>(body.size() + sizeof(commit));
        std::vector<u8> program{0xc7, 0xf8, 0, 0, 0, 0};  // xbegin fallback
        std::memcpy(&program[2], &length, sizeof(length));
        program.insert(program.end(), body.begin(), body.end());
        program.insert(program.end(), std::begin(commit), std::end(commit));
        fallback_ = code + program.size();
        program.insert(program.end(), {0xbb, 0, 0, 0, 0, halt});  // mov ebx, 0; hlt
        load(program);
        start(code, cpl);
    }
    [[nodiscard]] u64 fallback() const { return fallback_; }

    /// `committed`, or RAX after the abort. RBX is lost.
    u64 outcome(const std::vector<u8>& body) {
        begin(body);
        EXPECT_EQ(run(), cpu::StopReason::Halted);
        EXPECT_EQ(trap(), std::nullopt) << "an exception was delivered";
        return reg(cpu::Gpr::Rbx) == 1 ? committed : reg(cpu::Gpr::Rax);
    }

private:
    static constexpr u8 commit[] = {0x0f, 0x01, 0xd5, 0xbb, 1, 0, 0, 0, 0xf4};  // xend; mov ebx, 1

    u64 fallback_ = 0;
    std::optional<isa::x86::TimedExecution> timed_;
};

}  // namespace ringfence::sim
