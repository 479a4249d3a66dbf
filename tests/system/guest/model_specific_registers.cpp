// SPDX-License-Identifier: MIT
// RDMSR and WRMSR: which registers keep what is written, which values they refuse, and what
// IA32_MISC_ENABLE switches off. [intel/vol2]: RDMSR, WRMSR; [intel/vol4]: 2.1, table 2-2
#include <initializer_list>

#include "arch/x86/cpu_identity.h"
#include "arch/x86/efer.h"
#include "arch/x86/mtrr.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::Efer;
using arch::x86::McgCap;
using arch::x86::McgStatus;
using arch::x86::MciStatus;
using arch::x86::MiscEnable;
using arch::x86::Msr;
using arch::x86::MtrrCapabilities;
namespace feature = arch::x86::cpuid_feature;

constexpr auto gp = static_cast<u64>(arch::x86::ExceptionVector::GeneralProtection);
constexpr u64 address = 0x0000'1234'5678'9abc;
constexpr u64 upper_address = 0xffff'9234'5678'9abc;
constexpr u64 non_canonical = u64{0xaaaa} << 48;

/// What the tried instruction works on.
Msr tried_register;
u64 tried_value;

Trap try_write(Msr msr, u64 value) {
    tried_register = msr;
    tried_value = value;
    return run_in_supervisor([] { write_msr(tried_register, tried_value); });
}

Trap try_read(Msr msr) {
    tried_register = msr;
    return run_in_supervisor([] { (void)read_msr(tried_register); });
}

bool is_intel() {
    return arch::x86::identify(ThisCpu{}).vendor == arch::x86::Vendor::Intel;
}

void expect_kept(Group& group, const char* what, Msr msr, u64 value) {
    const u64 before = read_msr(msr);
    group.expect_equal(what, try_write(msr, value).vector, Trap::none);
    group.expect_equal(what, read_msr(msr), value);
    write_msr(msr, before);
}

void expect_refused(Group& group, const char* what, Msr msr, u64 value) {
    const u64 before = read_msr(msr);
    const Trap trap = try_write(msr, value);
    group.expect_equal(what, trap.vector, gp);
    group.expect_equal(what, trap.error_code, 0);
    group.expect_equal(what, read_msr(msr), before);
}

struct AddressRegister {
    const char* name;
    Msr msr;
};
constexpr AddressRegister address_registers[] = {
    {"FS base", Msr::IA32_FS_BASE},
    {"GS base", Msr::IA32_GS_BASE},
    {"kernel GS base", Msr::IA32_KERNEL_GS_BASE},
    {"LSTAR", Msr::IA32_LSTAR},
    {"CSTAR", Msr::IA32_CSTAR},
};

void test_values() {
    Group group("registers keep what is written");
    for (const AddressRegister& row : address_registers) {
        expect_kept(group, row.name, row.msr, address);
        expect_kept(group, row.name, row.msr, upper_address);
    }
    expect_kept(group, "FMASK", Msr::IA32_FMASK, 0xffff'ffff);
    expect_kept(group, "STAR", Msr::IA32_STAR, 0x1234'5678'9abc'def0);
    expect_kept(group, "PAT", Msr::IA32_PAT, 0x0001'0405'0607'0707);
    expect_kept(group, "SYSENTER_CS", Msr::IA32_SYSENTER_CS, 0x1234);
    if (is_intel()) {
        expect_kept(group, "SYSENTER_ESP", Msr::IA32_SYSENTER_ESP, address);
        expect_kept(group, "SYSENTER_EIP", Msr::IA32_SYSENTER_EIP, address);
    }
}

void test_addresses() {
    Group group("addresses are canonical");
    for (const AddressRegister& row : address_registers) {
        expect_refused(group, row.name, row.msr, non_canonical);
        expect_refused(group, row.name, row.msr, u64{1} << 47);
    }
}

void test_refused_values() {
    Group group("values that are refused");
    for (const u64 type : {u64{2}, u64{3}, u64{8}, u64{0x80}}) {
        expect_refused(group, "PAT, first entry", Msr::IA32_PAT, type);
        expect_refused(group, "PAT, last entry", Msr::IA32_PAT, type << 56);
    }
    expect_refused(group, "EFER", Msr::IA32_EFER, read_msr(Msr::IA32_EFER) | u64{1} << 32);
}

/// Registers of features that CPUID does not show, and one that no processor has.
void test_absent() {
    Group group("registers that are not there");
    const auto absent = [&](const char* what, u32 number) {
        const auto msr = static_cast<Msr>(number);
        group.expect_equal(what, try_read(msr).vector, gp);
        group.expect_equal(what, try_write(msr, 0).vector, gp);
    };
    absent("no such number", 0x4000'0fff);
    absent("between the ranges", 0xc000'1fff);
    if (!cpu_has(feature::mce)) {
        constexpr u32 capabilities = 0x179;
        constexpr u32 first_bank = 0x400;
        absent("machine checks", capabilities);
        absent("a bank of them", first_bank);
    }
}

u32 execute_disable_shown() {
    return ThisCpu{}.cpuid(feature::nx.leaf, 0).edx >> feature::nx.index & 1;
}

void test_machine_check_registers() {
    Group group("machine-check registers");
    if (!cpu_has(feature::mca)) {
        group.skip("no machine-check architecture");
        return;
    }
    group.expect_equal("IA32_MCG_CAP can be read", try_read(Msr::IA32_MCG_CAP).vector, Trap::none);
    expect_kept(group, "all of IA32_MCG_STATUS", Msr::IA32_MCG_STATUS, McgStatus::defined);
    expect_kept(group, "none of it", Msr::IA32_MCG_STATUS, 0);
    const u64 banks = McgCap::banks.get(read_msr(Msr::IA32_MCG_CAP));
    for (unsigned bank = 0; bank < banks; ++bank) {
        group.expect_equal("a bank", try_read(MciStatus::of(bank)).vector, Trap::none);
        group.expect_equal("can be cleared", try_write(MciStatus::of(bank), 0).vector, Trap::none);
    }
}

void test_absent_machine_check_registers() {
    Group group("machine-check registers that are not there");
    if (!cpu_has(feature::mca)) {
        group.skip("no machine-check architecture");
        return;
    }
    const u64 capabilities = read_msr(Msr::IA32_MCG_CAP);
    const auto banks = static_cast<unsigned>(McgCap::banks.get(capabilities));
    group.expect_equal("one bank more", try_read(MciStatus::of(banks)).vector, gp);
    if (!McgCap::control.test(capabilities)) {
        group.expect_equal("IA32_MCG_CTL", try_read(Msr::IA32_MCG_CTL).vector, gp);
    }
    expect_refused(group, "a reserved bit", Msr::IA32_MCG_STATUS, bit(63));
}

constexpr auto first_range = static_cast<u32>(Msr::IA32_MTRR_PHYSBASE0);

Msr range_register(unsigned range, bool is_mask) {
    return static_cast<Msr>(first_range + 2 * range + (is_mask ? 1 : 0));
}

void test_memory_type_ranges() {
    Group group("memory type range registers keep what is written");
    if (!cpu_has(feature::mtrr)) {
        group.skip("no MTRRs");
        return;
    }
    const u64 capabilities = read_msr(Msr::IA32_MTRRCAP);
    const u64 ranges = MtrrCapabilities::ranges.get(capabilities);
    group.expect(ranges >= 8, [&] { out << "only " << Hex{ranges} << " ranges"; });
    group.expect(MtrrCapabilities::fixed.test(capabilities), [] { out << "no fixed ranges"; });
    const unsigned last = static_cast<unsigned>(ranges) - 1;
    for (const unsigned range : {0U, last}) {
        expect_kept(group, "a range's base", range_register(range, false), 0x1234'5006);
        expect_kept(group, "a range's mask", range_register(range, true), 0xf'ffff'f800);
    }
    for (const u32 fixed : {0x250U, 0x258U, 0x259U, 0x268U, 0x26fU}) {
        expect_kept(group, "a fixed range", static_cast<Msr>(fixed), 0x0001'0405'0600'0106);
    }
    expect_kept(group, "the default", Msr::IA32_MTRR_DEF_TYPE, 0xc06);
    expect_kept(group, "none", Msr::IA32_MTRR_DEF_TYPE, 0);
}

void test_memory_type_ranges_refused() {
    Group group("memory types and ranges that are refused");
    if (!cpu_has(feature::mtrr)) {
        group.skip("no MTRRs");
        return;
    }
    expect_refused(group, "IA32_MTRRCAP", Msr::IA32_MTRRCAP, read_msr(Msr::IA32_MTRRCAP));
    for (const u64 type : {u64{2}, u64{3}, u64{7}, u64{8}}) {
        expect_refused(group, "a default type", Msr::IA32_MTRR_DEF_TYPE, 0x800 | type);
        expect_refused(group, "a range's type", range_register(0, false), type);
        expect_refused(group, "a fixed type", static_cast<Msr>(0x250), type << 56);
    }
    for (const unsigned reserved : {8U, 9U, 12U, 63U}) {
        expect_refused(group, "a reserved bit of the default", Msr::IA32_MTRR_DEF_TYPE,
                       bit(reserved));
    }
    const unsigned beyond = arch::x86::physical_address_bits(ThisCpu{});
    for (const unsigned reserved : {8U, 11U, beyond, 63U}) {
        expect_refused(group, "a reserved bit of a base", range_register(0, false), bit(reserved));
    }
    for (const unsigned reserved : {0U, 10U, beyond, 63U}) {
        expect_refused(group, "a reserved bit of a mask", range_register(0, true), bit(reserved));
    }
    const auto ranges =
        static_cast<unsigned>(MtrrCapabilities::ranges.get(read_msr(Msr::IA32_MTRRCAP)));
    group.expect_equal("one range more", try_read(range_register(ranges, false)).vector, gp);
}

void test_debug_control() {
    Group group("IA32_DEBUGCTL");
    expect_kept(group, "BTF", Msr::IA32_DEBUGCTL, bit(1));
    expect_kept(group, "nothing", Msr::IA32_DEBUGCTL, 0);
    for (const unsigned reserved : {16U, 31U, 32U, 63U}) {
        expect_refused(group, "a reserved bit", Msr::IA32_DEBUGCTL, bit(reserved));
    }
}

void test_misc_enable_bits() {
    Group group("IA32_MISC_ENABLE");
    if (!is_intel()) {
        group.skip("Intel's");
        return;
    }
    constexpr Msr msr = Msr::IA32_MISC_ENABLE;
    const u64 before = read_msr(msr);
    for (const unsigned reserved : {1U, 2U, 4U, 24U, 33U, 35U, 63U}) {
        expect_refused(group, "a reserved bit", msr, before | bit(reserved));
    }
    expect_kept(group, "all that can be written", msr, before | MiscEnable::writable);
    expect_kept(group, "none of it", msr, before & ~MiscEnable::writable);
    write_msr(msr, before ^ MiscEnable::told);
    group.expect_equal("the others only tell", read_msr(msr), before);
}

void test_misc_enable_effects() {
    Group group("what IA32_MISC_ENABLE switches off");
    if (!is_intel()) {
        group.skip("Intel's");
        return;
    }
    constexpr Msr msr = Msr::IA32_MISC_ENABLE;
    const u64 before = read_msr(msr);
    const ThisCpu cpu;
    const u32 basic = cpu.cpuid(0, 0).eax;
    const u32 extended = cpu.cpuid(arch::x86::cpuid_extended, 0).eax;
    write_msr(msr, before | MiscEnable::limit_cpuid.mask);
    group.expect_equal("the highest leaf", cpu.cpuid(0, 0).eax, 2);
    group.expect_equal("leaf 7 is the highest", cpu.cpuid(7, 0).ebx, cpu.cpuid(2, 0).ebx);
    group.expect_equal("extended leaves stay", cpu.cpuid(arch::x86::cpuid_extended, 0).eax,
                       extended);
    write_msr(msr, before);
    group.expect_equal("and come back", cpu.cpuid(0, 0).eax, basic);

    const u64 efer = read_msr(Msr::IA32_EFER);
    write_msr(Msr::IA32_EFER, efer & ~Efer::nxe.mask);
    write_msr(msr, before | MiscEnable::execute_disable_off.mask);
    group.expect_equal("NX is not shown", execute_disable_shown(), 0);
    group.expect_equal("EFER.NXE", try_write(Msr::IA32_EFER, efer | Efer::nxe.mask).vector, gp);
    write_msr(msr, before);
    group.expect_equal("NX is shown again", execute_disable_shown(), 1);
    group.expect_equal("and can be had", try_write(Msr::IA32_EFER, efer | Efer::nxe.mask).vector,
                       Trap::none);
    write_msr(Msr::IA32_EFER, efer);
}
}  // namespace

void run_tests() {
    test_values();
    test_addresses();
    test_refused_values();
    test_absent();
    test_machine_check_registers();
    test_absent_machine_check_registers();
    test_memory_type_ranges();
    test_memory_type_ranges_refused();
    test_debug_control();
    test_misc_enable_bits();
    test_misc_enable_effects();
}

}  // namespace ringfence::system_test
