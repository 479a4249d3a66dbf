// SPDX-License-Identifier: MIT
// Writes to CR0, CR3, CR4 and EFER that would leave the processor in a mode that does not exist.
// [intel/vol2]: MOV to control registers; [intel/vol3]: 2.5, 4.1.1
#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "arch/x86/efer.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::Msr;

/// Runs `write(value)`, which must raise #GP(0) and leave `read()` as it was.
void expect_refused(Group& group, const char* what, u64 (*read)(), void (*write)(u64), u64 value) {
    const u64 before = read();
    const Trap trap = run_in_supervisor(reinterpret_cast<u64>(write), value);
    group.expect_equal(what, trap.vector,
                       static_cast<u64>(arch::x86::ExceptionVector::GeneralProtection));
    group.expect_equal(what, trap.error_code, 0);
    group.expect_equal(what, read(), before);
}

u64 read_efer() {
    return read_msr(Msr::IA32_EFER);
}
void write_efer(u64 value) {
    write_msr(Msr::IA32_EFER, value);
}

void test_cr0() {
    Group group("CR0");
    const u64 now = read_cr0();
    expect_refused(group, "PG without PE", read_cr0, write_cr0, now & ~Cr0::pe.mask);
    expect_refused(group, "NW without CD", read_cr0, write_cr0, now | Cr0::nw.mask);
    expect_refused(group, "bit 32", read_cr0, write_cr0, now | bit(32));
    expect_refused(group, "bit 63", read_cr0, write_cr0, now | bit(63));
    expect_refused(group, "paging off in 64-bit code", read_cr0, write_cr0, now & ~Cr0::pg.mask);
    write_cr0(now & ~Cr0::et.mask);
    group.expect_equal("ET stays 1", read_cr0(), now);
}

void test_cr4() {
    Group group("CR4");
    const u64 now = read_cr4();
    expect_refused(group, "PAE cleared", read_cr4, write_cr4, now & ~Cr4::pae.mask);
    expect_refused(group, "LA57 changed", read_cr4, write_cr4, now ^ Cr4::la57.mask);
    expect_refused(group, "bit 15", read_cr4, write_cr4, now | bit(15));
    expect_refused(group, "bit 40", read_cr4, write_cr4, now | bit(40));
}

void test_cr3() {
    Group group("CR3");
    const unsigned width = arch::x86::physical_address_bits(ThisCpu{});
    for (unsigned position = width; position < 64; ++position) {
        expect_refused(group, "a bit beyond the address width", read_cr3, write_cr3,
                       read_cr3() | bit(position));
    }
}

void test_efer() {
    Group group("EFER");
    const u64 now = read_efer();
    expect_refused(group, "LME cleared", read_efer, write_efer, now & ~Efer::lme.mask);
    expect_refused(group, "bit 20", read_efer, write_efer, now | bit(20));
    write_efer(now & ~Efer::lma.mask);
    group.expect_equal("LMA cannot be written", read_efer(), now);
}
}  // namespace

void run_tests() {
    test_cr0();
    test_cr3();
    test_cr4();
    test_efer();
}

}  // namespace ringfence::system_test
