// SPDX-License-Identifier: MIT
// What VEX-encoded instructions need, what they leave in the registers that SSE does not know, how
// XSAVE keeps that, and lanes of memory that are not touched. [intel/vol1]: chapters 13 and 14
#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "arch/x86/xsave.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/state_area.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Xcr0;
using arch::x86::XsaveHeader;
using enum arch::x86::ExceptionVector;
namespace feature = arch::x86::cpuid_feature;

constexpr u64 x87 = Xcr0::x87.mask;
constexpr u64 sse = Xcr0::sse.mask;
constexpr u64 avx = Xcr0::avx.mask;
constexpr auto gp = static_cast<u64>(GeneralProtection);
constexpr auto ud = static_cast<u64>(InvalidOpcode);
constexpr auto nm = static_cast<u64>(DeviceNotAvailable);
constexpr auto pf = static_cast<u64>(PageFault);

/// Canonical, and nothing is mapped there.
constexpr u64 unmapped = u64{1} << 46;

struct alignas(32) Vector {
    u64 words[4];
};

struct alignas(64) Area {
    u8 legacy[512];
    XsaveHeader header;
    u8 extended[4096 - 576];

    [[nodiscard]] u64 word(u64 offset) const {
        u64 value;
        __builtin_memcpy(&value, reinterpret_cast<const u8*>(this) + offset, sizeof(value));
        return value;
    }
};
Area area;

constexpr Vector pattern{
    {0x1111'1111'1111'1111, 0x2222'2222'2222'2222, 0x3333'3333'3333'3333, 0x4444'4444'4444'4444}};

void load_ymm5(const Vector& value) {
    asm volatile("vmovdqu %0, %%ymm5" : : "m"(value));
}
Vector ymm5() {
    Vector value;
    asm volatile("vmovdqu %%ymm5, %0" : "=m"(value));
    return value;
}
void add_vectors() {
    asm volatile("vaddps %ymm0, %ymm0, %ymm0");
}

void expect_vector(Group& group, const char* what, const Vector& got, const Vector& wanted) {
    for (usize i = 0; i < 4; ++i) {
        group.expect_equal(what, got.words[i], wanted.words[i]);
    }
}

void test_availability() {
    Group group("what VEX-encoded instructions need");
    write_cr4((read_cr4() | Cr4::osfxsr.mask) & ~Cr4::osxsave.mask);
    group.expect_equal("no CR4.OSXSAVE", run_in_supervisor(add_vectors).vector, ud);
    write_cr4(read_cr4() | Cr4::osxsave.mask);
    group.expect_equal("XCR0 of x87 alone", run_in_supervisor(add_vectors).vector, ud);
    group.expect_equal("AVX without SSE", run_in_supervisor([] { xsetbv(0, x87 | avx); }).vector,
                       gp);
    xsetbv(0, x87 | sse);
    group.expect_equal("XCR0 without AVX", run_in_supervisor(add_vectors).vector, ud);
    xsetbv(0, x87 | sse | avx);
    group.expect_equal("XCR0 with AVX", run_in_supervisor(add_vectors).vector, Trap::none);
    write_cr0(read_cr0() | Cr0::ts.mask);
    group.expect_equal("CR0.TS", run_in_supervisor(add_vectors).vector, nm);
    asm volatile("clts");
    const arch::x86::CpuidResult component = ThisCpu{}.cpuid(0xd, 2);
    group.expect_equal("bytes of the component", component.eax, 256);
    group.expect_equal("an area has room for it", ThisCpu{}.cpuid(0xd, 0).ebx,
                       component.ebx + component.eax);
}

void test_prefixes() {
    Group group("prefixes before VEX");
    group.expect_equal(
        "66", run_in_supervisor([] { asm volatile(".byte 0x66, 0xc5, 0xfc, 0x58, 0xc0"); }).vector,
        ud);
    group.expect_equal(
        "F2", run_in_supervisor([] { asm volatile(".byte 0xf2, 0xc5, 0xfc, 0x58, 0xc0"); }).vector,
        ud);
    group.expect_equal(
        "LOCK",
        run_in_supervisor([] { asm volatile(".byte 0xf0, 0xc5, 0xfc, 0x58, 0xc0"); }).vector, ud);
    group.expect_equal(
        "REX", run_in_supervisor([] { asm volatile(".byte 0x48, 0xc5, 0xfc, 0x58, 0xc0"); }).vector,
        ud);
}

void test_upper_halves() {
    Group group("bits 255:128");
    const u64* const p = pattern.words;
    load_ymm5(pattern);
    asm volatile("paddq %xmm5, %xmm5");
    expect_vector(group, "SSE leaves them", ymm5(), {{2 * p[0], 2 * p[1], p[2], p[3]}});
    load_ymm5(pattern);
    asm volatile("vpaddq %xmm5, %xmm5, %xmm5");
    expect_vector(group, "VEX.128 clears them", ymm5(), {{2 * p[0], 2 * p[1], 0, 0}});
    load_ymm5(pattern);
    asm volatile("vzeroupper");
    expect_vector(group, "VZEROUPPER", ymm5(), {{p[0], p[1], 0, 0}});
    load_ymm5(pattern);
    asm volatile("vzeroall");
    expect_vector(group, "VZEROALL", ymm5(), {{0, 0, 0, 0}});
}

void test_alignment() {
    Group group("alignment");
    group.expect_equal("VMOVAPS that is not",
                       run_in_supervisor([] {
                           asm volatile("vmovaps 16(%0), %%ymm0" : : "r"(&pattern) : "memory");
                       }).vector,
                       gp);
    group.expect_equal("an operand that need not be",
                       run_in_supervisor([] {
                           asm volatile("vpaddd 1(%0), %%ymm0, %%ymm0" : : "r"(&area) : "memory");
                       }).vector,
                       Trap::none);
}

void test_standard_format() {
    Group group("XSAVE and XRSTOR of the upper halves");
    const u64 place = ThisCpu{}.cpuid(0xd, 2).ebx + 5 * 16;
    fill(area, 0);
    load_ymm5(pattern);
    xsave(area, sse | avx);
    group.expect_equal("XSTATE_BV", area.header.state & avx, avx);
    group.expect_equal("low word", area.word(place), pattern.words[2]);
    group.expect_equal("high word", area.word(place + 8), pattern.words[3]);
    load_ymm5({});
    xrstor(area, avx);
    expect_vector(group, "AVX alone", ymm5(), {{0, 0, pattern.words[2], pattern.words[3]}});
    xrstor(area, sse | avx);
    expect_vector(group, "with SSE", ymm5(), pattern);
    area.header.state = sse;
    xrstor(area, sse | avx);
    expect_vector(group, "what the area lacks is initialised", ymm5(),
                  {{pattern.words[0], pattern.words[1], 0, 0}});
}

void test_initial_configuration() {
    Group group("upper halves that are zero are in their initial configuration");
    fill(area, 0);
    load_ymm5(pattern);
    asm volatile("vzeroall");
    xsave(area, sse | avx);
    group.expect_equal("XSTATE_BV", area.header.state & avx, 0);
}

void test_compacted_format() {
    Group group("XSAVEC of the upper halves");
    if (!cpu_has(feature::xsavec)) {
        group.skip("no XSAVEC");
        return;
    }
    fill(area, 0);
    load_ymm5(pattern);
    xsavec(area, avx);
    group.expect_equal("XCOMP_BV", area.header.compaction, avx | XsaveHeader::compacted.mask);
    group.expect_equal("low word", area.word(576 + 5 * 16), pattern.words[2]);
    load_ymm5({});
    xrstor(area, avx);
    expect_vector(group, "come back", ymm5(), {{0, 0, pattern.words[2], pattern.words[3]}});
    group.expect_equal("size", ThisCpu{}.cpuid(0xd, 1).ebx, 576 + 256);
}

void test_masked_moves() {
    Group group("VMASKMOVPS");
    group.expect_equal("no lane is selected", run_in_supervisor([] {
                                                  asm volatile(
                                                      "vxorps %%ymm1, %%ymm1, %%ymm1\n\t"
                                                      "vmaskmovps (%0), %%ymm1, %%ymm2\n\t"
                                                      "vmaskmovps %%ymm2, %%ymm1, (%0)"
                                                      :
                                                      : "r"(unmapped)
                                                      : "memory");
                                              }).vector,
                       Trap::none);
    const Trap trap = run_in_supervisor([] {
        static constexpr u32 mask[8] = {0, 0, 0x8000'0000, 0, 0, 0, 0, 0};
        asm volatile(
            "vmovdqu %1, %%ymm1\n\t"
            "vmaskmovps (%0), %%ymm1, %%ymm2"
            :
            : "r"(unmapped), "m"(mask)
            : "memory");
    });
    group.expect_equal("one is", trap.vector, pf);
    group.expect_equal("and faults where it lies", trap.cr2, unmapped + 8);
}

Vector gathered;
Vector gather_mask;

/// The third lane's index leads to a page that is not there.
void gather_with_fault() {
    static constexpr u64 table[] = {10, 20, 30, 40};
    static const Vector indexes{{3, 1, (unmapped - reinterpret_cast<u64>(table)) / 8, 0}};
    asm volatile(
        "vpcmpeqd %%ymm3, %%ymm3, %%ymm3\n\t"
        "vpxor %%ymm1, %%ymm1, %%ymm1\n\t"
        "vmovdqu %1, %%ymm2\n\t"
        "vpgatherqq %%ymm3, (%0,%%ymm2,8), %%ymm1"
        :
        : "r"(table), "m"(indexes)
        : "memory");
}
void keep_gathered(TrapFrame& frame) {
    asm volatile("vmovdqu %%ymm1, %0" : "=m"(gathered));
    asm volatile("vmovdqu %%ymm3, %0" : "=m"(gather_mask));
    constexpr u64 gather_bytes = 6;
    frame.rip += gather_bytes;
}

void test_gathers() {
    Group group("VPGATHERQQ");
    if (!cpu_has(feature::avx2)) {
        group.skip("no AVX2");
        return;
    }
    set_handler(pf, keep_gathered);
    group.expect_equal("goes on behind it", run_in_supervisor(gather_with_fault).vector,
                       Trap::none);
    set_handler(pf, nullptr);
    group.expect_equal("first lane", gathered.words[0], 40);
    group.expect_equal("second lane", gathered.words[1], 20);
    group.expect_equal("the lane that faulted", gathered.words[2], 0);
    group.expect_equal("mask of a lane that was read", gather_mask.words[0] >> 63, 0);
    group.expect_equal("of the second", gather_mask.words[1] >> 63, 0);
    group.expect_equal("of the one that faulted", gather_mask.words[2] >> 63, 1);
    group.expect_equal("of one that was not reached", gather_mask.words[3] >> 63, 1);
}

void test_fused() {
    Group group("VFMADD rounds once");
    if (!cpu_has(feature::fma)) {
        group.skip("no FMA");
        return;
    }
    // (1 + 3 * 2^-52)^2 - 1; rounded in between it would be 3cd8'0000'0000'0000.
    constexpr u64 just_above_one = 0x3ff0'0000'0000'0003;
    constexpr u64 minus_one = 0xbff0'0000'0000'0000;
    constexpr u64 wanted = 0x3cd8'0000'0000'0002;
    u64 result;
    asm volatile(
        "vmovq %1, %%xmm0\n\t"
        "vmovq %2, %%xmm1\n\t"
        "vfmadd213sd %%xmm1, %%xmm0, %%xmm0\n\t"
        "vmovq %%xmm0, %0"
        : "=r"(result)
        : "r"(just_above_one), "r"(minus_one));
    group.expect_equal("(1 + 3 * 2^-52)^2 - 1", result, wanted);
}
}  // namespace

void run_tests() {
    if (!cpu_has(feature::xsave) || !cpu_has(feature::avx)) {
        Group group("AVX");
        group.skip("no AVX");
        return;
    }
    test_availability();
    test_prefixes();
    test_upper_halves();
    test_alignment();
    test_standard_format();
    test_initial_configuration();
    test_compacted_format();
    test_masked_moves();
    test_gathers();
    test_fused();
}

}  // namespace ringfence::system_test
