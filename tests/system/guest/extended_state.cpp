// SPDX-License-Identifier: MIT
// XCR0, the XSAVE family in its standard and compacted formats, and what each of them refuses.
// [intel/vol1]: chapter 13; [intel/vol2]: the instructions
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
constexpr u32 initial_mxcsr = 0x1f80;
constexpr auto gp = static_cast<u64>(GeneralProtection);
constexpr auto ud = static_cast<u64>(InvalidOpcode);
constexpr auto nm = static_cast<u64>(DeviceNotAvailable);

/// The area, by the words that the tests look at; room for whatever QEMU saves.
struct alignas(64) Area {
    u16 control;
    u16 status;
    u8 bytes_4[20];
    u32 mxcsr;
    u32 mxcsr_mask;
    u8 st[128];
    u64 xmm[32];
    u8 bytes_416[96];
    XsaveHeader header;
    u8 extended[4096 - 576];
};
static_assert(sizeof(Area) == 4096);
Area area;
Area other;

void set_xmm3(u64 value) {
    asm volatile("movq %0, %%xmm3" : : "r"(value));
}
u64 xmm3() {
    u64 value;
    asm volatile("movq %%xmm3, %0" : "=r"(value));
    return value;
}
void set_mxcsr(u32 value) {
    asm volatile("ldmxcsr %0" : : "m"(value));
}
u32 mxcsr() {
    u32 value;
    asm volatile("stmxcsr %0" : "=m"(value));
    return value;
}
u16 x87_control() {
    u16 value;
    asm volatile("fnstcw %0" : "=m"(value));
    return value;
}
void set_x87_control(u16 value) {
    asm volatile("fldcw %0" : : "m"(value));
}

/// FNINIT, all XMM registers zero, the initial MXCSR.
void initialise_state() {
    fill(area, 0);
    xrstor(area, x87 | sse);
    set_mxcsr(initial_mxcsr);
}

void test_enabling() {
    Group group("CR4.OSXSAVE");
    group.expect_equal("CPUID without", ThisCpu{}.cpuid(1, 0).ecx >> 27 & 1, 0);
    const Trap trap = run_in_supervisor([] { (void)xgetbv(0); });
    group.expect_equal("XGETBV without", trap.vector, ud);
    group.expect_equal("XSAVE without", run_in_supervisor([] { xsave(area, x87); }).vector, ud);
    write_cr4(read_cr4() | Cr4::osxsave.mask | Cr4::osfxsr.mask);
    group.expect_equal("CPUID with", ThisCpu{}.cpuid(1, 0).ecx >> 27 & 1, 1);
}

void test_xcr0() {
    Group group("XCR0");
    group.expect_equal("at reset", xgetbv(0), Xcr0::reset);
    const auto refused = [&](const char* what, void (*act)()) {
        group.expect_equal(what, run_in_supervisor(act).vector, gp);
    };
    refused("another register", [] { xsetbv(1, x87); });
    refused("no x87", [] { xsetbv(0, sse); });
    refused("an unknown component", [] { xsetbv(0, x87 | u64{1} << 40); });
    refused("a register that is none", [] { (void)xgetbv(2); });
    xsetbv(0, x87 | sse);
    group.expect_equal("written", xgetbv(0), x87 | sse);
    const arch::x86::CpuidResult sizes = ThisCpu{}.cpuid(0xd, 0);
    group.expect_equal("size for both", sizes.ebx, 576);
    group.expect_equal("both exist", sizes.eax & 3, 3);
}

void test_user_mode() {
    Group group("XSETBV is the supervisor's");
    // xgetbv; xsetbv; int $0x80, in a page that user mode may execute
    constexpr u8 code[] = {0x31, 0xc9, 0x0f, 0x01, 0xd0, 0x0f, 0x01, 0xd1, 0xcd, 0x80};
    auto* const place = reinterpret_cast<volatile u8*>(const_cast<u8*>(user_text_start) +
                                                       0x800);  // the rest of its page is free
    for (usize i = 0; i < sizeof code; ++i) {
        place[i] = code[i];
    }
    const u64 rip = user_address(user_text_start) + 0x800;
    const Trap trap = run_in_user(rip);
    group.expect_equal("vector", trap.vector, gp);
    group.expect_equal("XGETBV is not", trap.rip, rip + 5);
}

void test_standard_format() {
    Group group("XSAVE and XRSTOR");
    initialise_state();
    set_xmm3(0x1122'3344'5566'7788);
    set_x87_control(0x027f);
    fill(area, 0xa5);
    area.header.state = 0;
    xsave(area, x87 | sse);
    group.expect_equal("XSTATE_BV", area.header.state, x87 | sse);
    group.expect_equal("the rest of the header stays", area.header.compaction,
                       0xa5a5'a5a5'a5a5'a5a5);
    group.expect_equal("x87 control word", area.control, 0x027f);
    group.expect_equal("XMM3", area.xmm[6], 0x1122'3344'5566'7788);
    group.expect_equal("MXCSR", area.mxcsr, initial_mxcsr);
    group.expect_equal("software's bytes stay", area.bytes_416[50], 0xa5);

    fill(other, 0xa5);
    other.header.state = u64{1} << 5;
    xsave(other, sse);
    group.expect_equal("x87 was not asked for", other.control, 0xa5a5);
    group.expect_equal("other bits of XSTATE_BV stay", other.header.state, sse | u64{1} << 5);

    area.header.compaction = 0;
    for (u64& word : area.header.reserved) {
        word = 0;
    }
    set_xmm3(1);
    set_x87_control(0x037f);
    xrstor(area, sse);
    group.expect_equal("XMM3 comes back", xmm3(), 0x1122'3344'5566'7788);
    group.expect_equal("x87 stays", x87_control(), 0x037f);
    area.header.state = x87;
    area.mxcsr = 0x1f81;
    xrstor(area, x87 | sse);
    group.expect_equal("x87 comes back", x87_control(), 0x027f);
    group.expect_equal("what the area lacks is initialised", xmm3(), 0);
    group.expect_equal("but MXCSR is loaded", mxcsr(), 0x1f81);
    set_mxcsr(initial_mxcsr);
}

void test_optimised_form() {
    Group group("XSAVEOPT");
    if (!cpu_has(feature::xsaveopt)) {
        group.skip("no XSAVEOPT");
        return;
    }
    initialise_state();
    set_xmm3(7);
    fill(area, 0);
    xsaveopt(area, x87 | sse);
    group.expect_equal("SSE is in use", area.header.state & sse, sse);
    group.expect_equal("and saved", area.xmm[6], 7);
}

void test_compacted_format() {
    Group group("XSAVEC");
    if (!cpu_has(feature::xsavec)) {
        group.skip("no XSAVEC");
        return;
    }
    initialise_state();
    set_xmm3(9);
    fill(area, 0);
    xsavec(area, sse);
    group.expect_equal("XSTATE_BV", area.header.state, sse);
    group.expect_equal("XCOMP_BV", area.header.compaction, sse | XsaveHeader::compacted.mask);
    group.expect_equal("XMM3", area.xmm[6], 9);
    set_xmm3(0);
    set_mxcsr(0x1f81);
    area.header.state = 0;
    xrstor(area, sse);
    group.expect_equal("MXCSR is initialised with SSE", mxcsr(), initial_mxcsr);
    area.header.state = sse;
    xrstor(area, sse);
    group.expect_equal("XMM3 comes back", xmm3(), 9);
}

void test_supervisor_forms() {
    Group group("XSAVES and XRSTORS");
    if (!cpu_has(feature::xsaves)) {
        group.skip("no XSAVES");
        return;
    }
    initialise_state();
    set_xmm3(11);
    fill(area, 0);
    xsaves(area, x87 | sse);
    group.expect_equal("XCOMP_BV", area.header.compaction, x87 | sse | XsaveHeader::compacted.mask);
    set_xmm3(0);
    xrstors(area, x87 | sse);
    group.expect_equal("XMM3 comes back", xmm3(), 11);
    area.header.compaction = 0;
    group.expect_equal("standard format",
                       run_in_supervisor([] { xrstors(area, x87 | sse); }).vector, gp);
    group.expect_equal("IA32_XSS has nothing",
                       run_in_supervisor([] { write_msr(arch::x86::Msr::IA32_XSS, 1); }).vector,
                       gp);
    group.expect_equal("and reads as that", read_msr(arch::x86::Msr::IA32_XSS), 0);
}

void test_refusals() {
    Group group("areas that are refused");
    initialise_state();
    const auto refused = [&](const char* what) {
        group.expect_equal(what, run_in_supervisor([] { xrstor(area, x87 | sse); }).vector, gp);
        fill(area, 0);
    };
    area.header.state = u64{1} << 62;
    refused("a component that XCR0 has not");
    area.header.compaction = 1;
    refused("XCOMP_BV in the standard format");
    area.header.reserved[0] = 1;
    refused("reserved bytes of the header");
    area.header.state = sse;
    area.mxcsr = 0x8000'0000;
    refused("reserved bits of MXCSR");
    if (cpu_has(feature::xsavec)) {
        area.header.compaction = x87 | XsaveHeader::compacted.mask;
        area.header.state = sse;
        refused("state that has no room in it");
        area.header.compaction = XsaveHeader::compacted.mask;
        area.header.reserved[5] = 1;
        refused("last bytes of a compacted header");
    }
    const auto at_8 = [](void (*instruction)(Area&, u64)) {
        return run_in_supervisor(reinterpret_cast<u64>(instruction),
                                 reinterpret_cast<u64>(&area) + 8)
            .vector;
    };
    group.expect_equal("XSAVE that is not aligned", at_8(xsave<Area>), gp);
    group.expect_equal("XRSTOR that is not aligned", at_8(xrstor<Area>), gp);
    write_cr0(read_cr0() | Cr0::ts.mask);
    group.expect_equal("CR0.TS", run_in_supervisor([] { xsave(area, x87); }).vector, nm);
    asm volatile("clts");
}
}  // namespace

void run_tests() {
    if (!cpu_has(feature::xsave)) {
        Group group("XSAVE");
        group.skip("no XSAVE");
        return;
    }
    test_enabling();
    test_xcr0();
    test_user_mode();
    test_standard_format();
    test_optimised_form();
    test_compacted_format();
    test_supervisor_forms();
    test_refusals();
}

}  // namespace ringfence::system_test
