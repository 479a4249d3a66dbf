// SPDX-License-Identifier: MIT
// Which instructions a transaction bears, and that whatever ran in one can be taken back.
#include <random>

#include "arch/x86/rflags.h"
#include "sim/presets/preset_file.h"
#include "sim/presets/timing_parameters.h"
#include "tests/unit/sim/isa/transactional_guest.h"

namespace ringfence::sim {
namespace {

using arch::x86::Rflags;
using cpu::Gpr;

constexpr u64 data = Guest::data;
constexpr u64 page = 4096;

struct Form {
    const char* name;
    std::vector<u8> code;  ///< rdi points to memory that may be written
};

/// [intel/vol1]: 16.3.8.1, as far as the machine has the instructions and they raise nothing else.
const std::vector<Form>& unfriendly() {
    static const std::vector<Form> list = {
        {"cpuid", {0x0f, 0xa2}},
        {"pause", {0xf3, 0x90}},
        {"fld1", {0xd9, 0xe8}},
        {"fwait", {0x9b}},
        {"emms", {0x0f, 0x77}},
        {"movq_mm", {0x0f, 0x6f, 0x07}},
        {"cvtpi2ps", {0x0f, 0x2a, 0xc0}},
        {"movq2dq", {0xf3, 0x0f, 0xd6, 0xc0}},
        {"fxsave", {0x0f, 0xae, 0x07}},
        {"fxrstor", {0x0f, 0xae, 0x0f}},
        {"cli", {0xfa}},
        {"sti", {0xfb}},
        {"popfq", {0x9d}},
        {"clac", {0x0f, 0x01, 0xca}},
        {"stac", {0x0f, 0x01, 0xcb}},
        {"mov_ds", {0x8e, 0xd8}},
        {"mov_ss", {0x8e, 0xd0}},
        {"pop_fs", {0x0f, 0xa1}},
        {"lss", {0x0f, 0xb2, 0x07}},
        {"swapgs", {0x0f, 0x01, 0xf8}},
        {"wrfsbase", {0xf3, 0x0f, 0xae, 0xd0}},
        {"lgdt", {0x0f, 0x01, 0x17}},
        {"sgdt", {0x0f, 0x01, 0x07}},
        {"lidt", {0x0f, 0x01, 0x1f}},
        {"sidt", {0x0f, 0x01, 0x0f}},
        {"lldt", {0x0f, 0x00, 0xd0}},
        {"sldt", {0x0f, 0x00, 0xc0}},
        {"ltr", {0x0f, 0x00, 0xd8}},
        {"str", {0x0f, 0x00, 0xc8}},
        {"clts", {0x0f, 0x06}},
        {"lmsw", {0x0f, 0x01, 0xf0}},
        {"mov_cr0", {0x0f, 0x22, 0xc0}},
        {"mov_cr3", {0x0f, 0x22, 0xd8}},
        {"mov_dr7", {0x0f, 0x23, 0xf8}},
        {"far_call", {0xff, 0x1f}},
        {"far_jmp", {0xff, 0x2f}},
        {"far_ret", {0xcb}},
        {"iretq", {0x48, 0xcf}},
        {"int", {0xcd, 0x80}},
        {"syscall", {0x0f, 0x05}},
        {"sysret", {0x48, 0x0f, 0x07}},
        {"clflush", {0x0f, 0xae, 0x3f}},
        {"invd", {0x0f, 0x08}},
        {"wbinvd", {0x0f, 0x09}},
        {"invlpg", {0x0f, 0x01, 0x3f}},
        {"movnti", {0x0f, 0xc3, 0x07}},
        {"movntdq", {0x66, 0x0f, 0xe7, 0x07}},
        {"movntps", {0x0f, 0x2b, 0x07}},
        {"movntpd", {0x66, 0x0f, 0x2b, 0x07}},
        {"maskmovdqu", {0x66, 0x0f, 0xf7, 0xc0}},
        {"rdmsr", {0x0f, 0x32}},
        {"wrmsr", {0x0f, 0x30}},
        {"hlt", {0xf4}},
        {"in", {0xe4, 0x80}},
        {"out", {0xe6, 0x80}},
        {"insb", {0x6c}},
        {"rep_outsb", {0xf3, 0x6e}},
    };
    return list;
}

/// One of each kind that commits.
const std::vector<Form>& friendly() {
    static const std::vector<Form> list = {
        {"xtest", {0x0f, 0x01, 0xd6}},
        {"lock_xadd", {0xf0, 0x48, 0x0f, 0xc1, 0x07}},
        {"xchg", {0x48, 0x87, 0x07}},
        {"cmpxchg16b", {0x48, 0x0f, 0xc7, 0x0f}},
        {"push_pop", {0x50, 0x59}},
        {"pushfq", {0x9c, 0x59}},
        {"call_ret", {0xe8, 2, 0, 0, 0, 0xeb, 1, 0xc3}},
        {"enter_leave", {0xc8, 16, 0, 0, 0xc9}},
        {"std_cld", {0xfd, 0xfc}},
        {"rep_stosb", {0xb9, 100, 0, 0, 0, 0xf3, 0xaa}},
        {"rdtsc", {0x0f, 0x31}},
        {"lfence", {0x0f, 0xae, 0xe8}},
        {"mfence", {0x0f, 0xae, 0xf0}},
        {"prefetch", {0x0f, 0x18, 0x0f}},
        {"mov_from_ds", {0x8c, 0xd8}},
        {"mulps", {0x0f, 0x59, 0x07}},
        {"cvtpi2ps_from_memory", {0x0f, 0x2a, 0x07}},
        {"movups", {0x0f, 0x11, 0x07}},
        {"ldmxcsr", {0x0f, 0xae, 0x5f, 0x20, 0x0f, 0xae, 0x57, 0x20}},  // stmxcsr, ldmxcsr
        {"lar", {0xb8, 8, 0, 0, 0, 0x0f, 0x02, 0xc8}},
        {"smsw", {0x0f, 0x01, 0xe0}},
        {"mov_from_cr0", {0x0f, 0x20, 0xc0}},
        {"jump", {0xeb, 0x00}},
        {"loop", {0xb9, 3, 0, 0, 0, 0xe2, 0xfe}},
    };
    return list;
}

/// Everything that an instruction may need to work outside of a transaction.
void prepare(TransactionalGuest& guest) {
    for (u64 i = 0; i < 2; ++i) {
        guest.make_writable_at_once(data + i * page);
        guest.make_writable_at_once(Guest::kernel_stack - (i + 1) * page);
    }
    guest.reg(Gpr::Rdi) = data;
    guest.reg(Gpr::Rsi) = data;
    guest.reg(Gpr::Rcx) = 1;
}

class Unfriendly : public testing::TestWithParam<usize> {};

TEST_P(Unfriendly, aborts_and_does_nothing) {
    TransactionalGuest guest;
    prepare(guest);
    const u64 cr0 = guest.cpu.cr0();
    const auto before = guest.cpu.rflags();
    EXPECT_EQ(guest.outcome(unfriendly()[GetParam()].code), 0U);
    EXPECT_EQ(guest.reg(Gpr::Rcx), 1U);
    EXPECT_EQ(guest.reg(Gpr::Rdi), data);
    EXPECT_EQ(guest.cpu.rflags(), before);
    EXPECT_EQ(guest.cpu.cr0(), cr0);
    EXPECT_EQ(guest.read<u64>(data), 0U);
    EXPECT_TRUE(guest.roots.empty());
    EXPECT_TRUE(guest.port_bytes.empty());
    EXPECT_EQ(guest.port_reads, 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, Unfriendly, testing::Range(usize{0}, unfriendly().size()),
                         [](const auto& info) { return unfriendly()[info.param].name; });

class Friendly : public testing::TestWithParam<usize> {};

TEST_P(Friendly, commits) {
    TransactionalGuest guest;
    prepare(guest);
    EXPECT_EQ(guest.outcome(friendly()[GetParam()].code), committed);
}

INSTANTIATE_TEST_SUITE_P(Each, Friendly, testing::Range(usize{0}, friendly().size()),
                         [](const auto& info) { return friendly()[info.param].name; });

// Random programs -----------------------------------------------------------------------------

/// All that a program of `random_code` can change.
struct Image {
    cpu::RegisterFile registers;
    u64 flags;
    cpu::FpuState fpu;
    std::vector<u64> memory;

    explicit Image(TransactionalGuest& guest)
        : registers(guest.cpu.gpr), flags(guest.cpu.rflags()), fpu(guest.cpu.fpu) {
        for (u64 at = data - page; at < data + 2 * page; at += sizeof(u64)) {
            memory.push_back(guest.read<u64>(at));
        }
    }
    void put_into(TransactionalGuest& guest) const {
        guest.cpu.gpr = registers;
        guest.cpu.set_rflags(flags);
        guest.cpu.fpu = fpu;
        for (u64 i = 0; i < memory.size(); ++i) {
            guest.write(data - page + i * sizeof(u64), memory[i]);
        }
    }
    /// But for RAX, RBX and RSP, which the frame of a transaction uses.
    [[nodiscard]] bool like(const Image& other) const {
        for (unsigned i = 0; i < 16; ++i) {
            const auto name = static_cast<Gpr>(i);
            const bool frame = name == Gpr::Rax || name == Gpr::Rbx || name == Gpr::Rsp;
            if (!frame && registers[name] != other.registers[name]) {
                return false;
            }
        }
        return flags == other.flags && fpu == other.fpu && memory == other.memory;
    }
};

using Random = std::mt19937_64;

u8 byte_of(Random& random) {
    return static_cast<u8>(random());
}

/// One instruction that reads and writes around rdi, which is the middle of writable memory.
std::vector<u8> random_instruction(Random& random) {
    const u8 at = byte_of(random);
    switch (random() % 10) {
        case 0:
            return {0x48, 0x89, 0x57, at};  // mov [rdi + at], rdx
        case 1:
            return {0x48, 0x01, 0x57, at};  // add [rdi + at], rdx
        case 2:
            return {0x48, 0x87, 0x57, at};  // xchg [rdi + at], rdx
        case 3:
            return {0xf0, 0x48, 0x0f, 0xc1, 0x57, at};  // lock xadd [rdi + at], rdx
        case 4:
            return {0x0f, 0x11, 0x47, at};  // movups [rdi + at], xmm0
        case 5:
            return {0xf3, 0x0f, 0x7e, 0x47, at, 0x66, 0x0f, 0xfe, 0xc0};  // movq, paddd of xmm0
        case 6:
            return {0x48, 0x13, 0x57, at};  // adc rdx, [rdi + at]
        case 7:
            return {0x48, 0x69, 0xd2, at, byte_of(random), 0, 0};  // imul rdx, rdx, n
        case 8:
            return {0x57, 0xb9, at, 0, 0, 0, 0xf3, 0xaa, 0x5f};  // a fill by rep stosb
        default:
            return {0x48, 0xf7, 0x57, at};  // not qword [rdi + at]
    }
}

std::vector<u8> random_code(Random& random) {
    std::vector<u8> code;
    for (u64 left = 1 + random() % 20; left > 0; --left) {
        const auto next = random_instruction(random);
        code.insert(code.end(), next.begin(), next.end());
    }
    return code;
}

class RandomPrograms : public testing::TestWithParam<bool> {};

TEST_P(RandomPrograms, an_abort_leaves_nothing_and_a_commit_leaves_all) {
    TransactionalGuest guest;
    if (GetParam()) {
        guest.set_timing(presets::timing_parameters(presets::find_preset("skylake-sp").value()));
    }
    for (u64 i = 0; i < 3; ++i) {
        guest.make_writable_at_once(data - page + i * page);
    }
    guest.make_writable_at_once(Guest::kernel_stack - 8);
    Random random(1);
    for (unsigned round = 0; round < 1000; ++round) {
        // Across a page's end as often as not.
        guest.reg(Gpr::Rdi) = data + page - 300 + random() % 600 - (round % 2) * page;
        guest.reg(Gpr::Rdx) = random();
        guest.cpu.fpu.xmm[0] = {.low = random(), .high = random()};
        guest.cpu.set_rflags(random() & Rflags::status);
        const std::vector<u8> code = random_code(random);
        const Image before(guest);

        std::vector<u8> aborting = code;
        aborting.insert(aborting.end(), {0xc6, 0xf8, 0x07});
        ASSERT_EQ(guest.outcome(aborting), 0x0700'0001U);
        ASSERT_TRUE(Image(guest).like(before)) << "round " << round;

        before.put_into(guest);
        ASSERT_EQ(guest.outcome(code), committed);
        const Image in_transaction(guest);

        before.put_into(guest);
        std::vector<u8> plain = code;
        plain.push_back(0xf4);
        ASSERT_EQ(vector_after(guest, plain), std::nullopt);
        ASSERT_TRUE(Image(guest).like(in_transaction)) << "round " << round;
    }
}

INSTANTIATE_TEST_SUITE_P(Engines, RandomPrograms, testing::Bool(),
                         [](const auto& info) { return info.param ? "timed" : "functional"; });

}  // namespace
}  // namespace ringfence::sim
