// SPDX-License-Identifier: MIT
// RDMSR and WRMSR. [intel/vol2]: RDMSR, WRMSR; [intel/vol4]: 2.1, table 2-2
//
// A register that the CPU does not have, a reserved bit or a value that must not be: #GP(0).
#include "sim/isa/x86/exec_model_specific_register.h"

#include <optional>

#include "arch/x86/apic.h"
#include "arch/x86/msr.h"
#include "sim/isa/x86/descriptors.h"
#include "sim/isa/x86/system_checks.h"

namespace ringfence::sim::isa::x86 {
namespace {

namespace feature = arch::x86::cpuid_feature;
using arch::x86::ArchCapabilities;
using arch::x86::Cr0;
using arch::x86::DebugControl;
using arch::x86::Efer;
using arch::x86::HardwareConfiguration;
using arch::x86::McgStatus;
using arch::x86::MiscEnable;
using arch::x86::Msr;
using arch::x86::Pat;
using arch::x86::SystemConfiguration;
using arch::x86::TsxCtrl;
using cpu::ExceptionVector;
using cpu::Gpr;
using cpu::SegmentRegister;

/// [intel/vol4]: 2.1, table 2-2, registers 48H, 49H and 10BH
struct SpecCtrl {
    static constexpr Flag<0> ibrs{};
    static constexpr Flag<1> stibp{};
    static constexpr Flag<2> ssbd{};
};
struct PredCmd {
    static constexpr Flag<0> ibpb{};
};
struct FlushCmd {
    static constexpr Flag<0> l1d{};
};
using LowHalf = Bitfield<0, 32>;

constexpr bool fits_low_half(u64 value) {
    return LowHalf::get(value) == value;
}

bool has_tsc_aux(const Cpu& cpu) {
    return cpu.model.has(feature::rdtscp) || cpu.model.has(feature::rdpid);
}

/// The bits of IA32_SPEC_CTRL that this CPU has; none if there is no such register.
u64 spec_ctrl_bits(const Cpu& cpu) {
    u64 bits = cpu.model.has(feature::ibrs) ? SpecCtrl::ibrs.mask : 0;
    bits |= cpu.model.has(feature::stibp) ? SpecCtrl::stibp.mask : 0;
    bits |= cpu.model.has(feature::ssbd) ? SpecCtrl::ssbd.mask : 0;
    return bits;
}

/// Software may hide the feature. [intel/vol4]: table 2-2, register 1A0H
bool has_execute_disable(const Cpu& cpu) {
    return cpu.model.has(feature::nx) && !MiscEnable::execute_disable_off.test(cpu.msr.misc_enable);
}

bool has_tsx_ctrl(const Cpu& cpu) {
    return cpu.model.has(feature::arch_capabilities) &&
           ArchCapabilities::tsx_ctrl.test(cpu.model.description().arch_capabilities);
}

// Reads -------------------------------------------------------------------------------------------

std::optional<u64> only_if(bool exists, u64 value) {
    return exists ? std::optional{value} : std::nullopt;
}

cpu::MemoryTypeRanges::Shape mtrr_shape(const Cpu& cpu) {
    return {.ranges = cpu.model.memory_type_ranges(),
            .physical_address_bits = cpu.model.physical_address_bits()};
}

/// Nothing: the CPU has no such register, or it cannot be read.
std::optional<u64> read_msr(const Cpu& cpu, Msr msr) {
    switch (msr) {
        case Msr::IA32_TIME_STAMP_COUNTER:
            return cpu.time_stamp();
        case Msr::IA32_TSC_ADJUST:
            return only_if(cpu.model.has(feature::tsc_adjust), cpu.clock.time_stamp_offset);
        case Msr::IA32_TSC_AUX:
            return only_if(has_tsc_aux(cpu), cpu.msr.tsc_aux);
        case Msr::IA32_XSS:
            return only_if(cpu.model.has(feature::xsaves), 0);  // no supervisor state
        case Msr::IA32_PAT:
            return only_if(cpu.model.has(feature::pat), cpu.msr.pat);
        case Msr::IA32_MISC_ENABLE:
            return only_if(!is_amd(cpu), cpu.msr.misc_enable);
        case Msr::IA32_SPEC_CTRL:
            return only_if(spec_ctrl_bits(cpu) != 0, cpu.msr.spec_ctrl);
        case Msr::IA32_TSX_CTRL:
            return only_if(has_tsx_ctrl(cpu), cpu.msr.tsx_ctrl);
        case Msr::IA32_MCG_CAP:
            return only_if(cpu.model.has(feature::mca), 0);  // no banks, no IA32_MCG_CTL
        case Msr::IA32_MCG_STATUS:
            return only_if(cpu.model.has(feature::mca), cpu.msr.mcg_status);
        case Msr::IA32_DEBUGCTL:
            return cpu.msr.debug_control;
        case Msr::SYSCFG:
            return only_if(is_amd(cpu), cpu.msr.system_configuration);
        case Msr::HWCR:
            return only_if(is_amd(cpu), HardwareConfiguration::constant_time_stamp.mask);
        case Msr::IA32_SYSENTER_CS:
            return only_if(cpu.model.has(feature::sysenter), cpu.msr.sysenter_cs);
        case Msr::IA32_SYSENTER_ESP:
            return only_if(cpu.model.has(feature::sysenter), cpu.msr.sysenter_esp);
        case Msr::IA32_SYSENTER_EIP:
            return only_if(cpu.model.has(feature::sysenter), cpu.msr.sysenter_eip);
        case Msr::IA32_EFER:
            return cpu.efer();
        case Msr::IA32_STAR:
            return cpu.msr.star;
        case Msr::IA32_LSTAR:
            return cpu.msr.lstar;
        case Msr::IA32_CSTAR:
            return cpu.msr.cstar;
        case Msr::IA32_FMASK:
            return cpu.msr.fmask;
        case Msr::IA32_FS_BASE:
            return cpu.gpr.base(SegmentRegister::Fs);
        case Msr::IA32_GS_BASE:
            return cpu.gpr.base(SegmentRegister::Gs);
        case Msr::IA32_KERNEL_GS_BASE:
            return cpu.msr.kernel_gs_base;
        default:
            break;
    }
    const auto of_ranges = cpu.msr.memory_types.read(msr, mtrr_shape(cpu));
    return of_ranges ? of_ranges : cpu.model.read_msr(msr);
}

// Writes: false if the value is refused -----------------------------------------------------------

template <typename Field>
bool store_if(bool accepted, Field& field, u64 value) {
    if (accepted) {
        field = static_cast<Field>(value);
    }
    return accepted;
}

/// LME may change only while paging is off; LMA is the processor's. [intel/vol3]: 10.8.5
bool write_efer(Cpu& cpu, u64 value) {
    u64 defined = Efer::lma.mask;
    defined |= cpu.model.has(feature::syscall) ? Efer::sce.mask : 0;
    defined |= cpu.model.has(feature::long_mode) ? Efer::lme.mask : 0;
    defined |= has_execute_disable(cpu) ? Efer::nxe.mask : 0;
    const bool lme_changes = Efer::lme.test(cpu.efer() ^ value);
    if ((value & ~defined) != 0 || (lme_changes && Cr0::pg.test(cpu.cr0()))) {
        return false;
    }
    cpu.set_efer(Efer::lma.set(value, Efer::lma.get(cpu.efer())));
    return true;
}

/// [intel/vol3]: 12.12.2, table 12-10
bool is_valid_pat(u64 value) {
    constexpr unsigned entries = 8;
    using Entry = Bitfield<0, 8>;
    for (unsigned i = 0; i < entries; ++i) {
        switch (static_cast<Pat::Type>(Entry::get(value >> (i * Entry::width)))) {
            case Pat::Type::Uncacheable:
            case Pat::Type::WriteCombining:
            case Pat::Type::WriteThrough:
            case Pat::Type::WriteProtected:
            case Pat::Type::WriteBack:
            case Pat::Type::Uncached:
                break;
            default:
                return false;
        }
    }
    return true;
}

bool write_command(bool exists, u64 value, u64 defined) {
    return exists && (value & ~defined) == 0;
}

bool write_spec_ctrl(Cpu& cpu, u64 value) {
    const u64 bits = spec_ctrl_bits(cpu);
    return store_if(bits != 0 && (value & ~bits) == 0, cpu.msr.spec_ctrl, value);
}

bool write_tsx_ctrl(Cpu& cpu, u64 value) {
    constexpr u64 bits = TsxCtrl::rtm_disable.mask | TsxCtrl::cpuid_clear.mask;
    return store_if(has_tsx_ctrl(cpu) && (value & ~bits) == 0, cpu.msr.tsx_ctrl, value);
}

/// Software clears it when it has handled a machine check. [intel/vol3]: 16.3.1.2
bool write_mcg_status(Cpu& cpu, u64 value) {
    return store_if(cpu.model.has(feature::mca) && (value & ~McgStatus::defined) == 0,
                    cpu.msr.mcg_status, value);
}

/// Branches are not recorded, nor traced: what would ask for that is refused, as every bit that a
/// processor does not have. [intel/vol3]: 18.4.1
bool write_debug_control(Cpu& cpu, u64 value) {
    return store_if((value & ~DebugControl::branch_trap.mask) == 0, cpu.msr.debug_control, value);
}

/// Without what SYSCFG can say of memory above the ranges, which the machine does not have.
bool write_system_configuration(Cpu& cpu, u64 value) {
    return store_if(is_amd(cpu) && (value & ~SystemConfiguration::firmware) == 0,
                    cpu.msr.system_configuration, value);
}

/// Writes of bits that tell only are ignored.
bool write_misc_enable(Cpu& cpu, u64 value) {
    constexpr u64 told = MiscEnable::told;
    return store_if(!is_amd(cpu) && (value & ~(MiscEnable::writable | told)) == 0,
                    cpu.msr.misc_enable, (value & ~told) | (cpu.msr.misc_enable & told));
}

/// A write to the counter changes IA32_TSC_ADJUST by as much: both are one offset.
/// [intel/vol3]: 18.17.3
bool move_time_stamp(Cpu& cpu, u64 offset) {
    cpu.publish_time();
    cpu.clock.time_stamp_offset = offset;
    cpu.interrupts.time_stamp_moved();
    return true;
}

bool write_base(Cpu& cpu, SegmentRegister which, u64 value) {
    if (!is_canonical(cpu, value)) {
        return false;
    }
    cpu.gpr.set_base(which, value);
    return true;
}

/// Registers that hold an address which must be canonical.
bool write_address(Cpu& cpu, u64& field, u64 value) {
    return store_if(is_canonical(cpu, value), field, value);
}

bool write_sysenter(Cpu& cpu, Msr msr, u64 value) {
    if (!cpu.model.has(feature::sysenter)) {
        return false;
    }
    switch (msr) {
        case Msr::IA32_SYSENTER_CS:
            cpu.msr.sysenter_cs = static_cast<u32>(value);
            return true;
        case Msr::IA32_SYSENTER_ESP:
            return write_address(cpu, cpu.msr.sysenter_esp, value);
        default:
            return write_address(cpu, cpu.msr.sysenter_eip, value);
    }
}

/// The registers of fast calls and segment bases.
bool write_call_msr(Cpu& cpu, Msr msr, u64 value) {
    switch (msr) {
        case Msr::IA32_SYSENTER_CS:
        case Msr::IA32_SYSENTER_ESP:
        case Msr::IA32_SYSENTER_EIP:
            return write_sysenter(cpu, msr, value);
        case Msr::IA32_STAR:
            return store_if(true, cpu.msr.star, value);
        case Msr::IA32_LSTAR:
            return write_address(cpu, cpu.msr.lstar, value);
        case Msr::IA32_CSTAR:
            return write_address(cpu, cpu.msr.cstar, value);
        case Msr::IA32_FMASK:
            return store_if(fits_low_half(value), cpu.msr.fmask, value);
        case Msr::IA32_FS_BASE:
            return write_base(cpu, SegmentRegister::Fs, value);
        case Msr::IA32_GS_BASE:
            return write_base(cpu, SegmentRegister::Gs, value);
        case Msr::IA32_KERNEL_GS_BASE:
            return write_address(cpu, cpu.msr.kernel_gs_base, value);
        default:
            return cpu.msr.memory_types.write(msr, value, mtrr_shape(cpu));
    }
}

bool write_msr(Cpu& cpu, Msr msr, u64 value) {
    switch (msr) {
        case Msr::IA32_EFER:
            return write_efer(cpu, value);
        case Msr::IA32_TIME_STAMP_COUNTER:
            return move_time_stamp(cpu, value - cpu.cycles);
        case Msr::IA32_TSC_ADJUST:
            return cpu.model.has(feature::tsc_adjust) && move_time_stamp(cpu, value);
        case Msr::IA32_TSC_AUX:
            return store_if(has_tsc_aux(cpu) && fits_low_half(value), cpu.msr.tsc_aux, value);
        case Msr::IA32_PAT:
            return store_if(cpu.model.has(feature::pat) && is_valid_pat(value), cpu.msr.pat, value);
        case Msr::IA32_XSS:
            return cpu.model.has(feature::xsaves) && value == 0;
        case Msr::IA32_MISC_ENABLE:
            return write_misc_enable(cpu, value);
        case Msr::IA32_MCG_STATUS:
            return write_mcg_status(cpu, value);
        case Msr::IA32_DEBUGCTL:
            return write_debug_control(cpu, value);
        case Msr::SYSCFG:
            return write_system_configuration(cpu, value);
        case Msr::HWCR:
            return write_command(is_amd(cpu), value,
                                 HardwareConfiguration::constant_time_stamp.mask);
        case Msr::IA32_SPEC_CTRL:
            return write_spec_ctrl(cpu, value);
        case Msr::IA32_TSX_CTRL:
            return write_tsx_ctrl(cpu, value);
        case Msr::IA32_PRED_CMD:
            return write_command(cpu.model.has(feature::ibrs), value, PredCmd::ibpb.mask);
        case Msr::IA32_FLUSH_CMD:
            return write_command(cpu.model.has(feature::flush_l1d), value, FlushCmd::l1d.mask);
        case Msr::IA32_BIOS_SIGN_ID:
            return true;  // software clears it before CPUID fills in the revision
        default:
            return write_call_msr(cpu, msr, value);
    }
}

// The interrupt controller's registers
// -------------------------------------------------------------

bool belongs_to_apic(Msr msr) {
    const bool x2apic =
        static_cast<u32>(msr) - arch::x86::first_x2apic_msr < arch::x86::x2apic_msr_count;
    return x2apic || msr == Msr::IA32_APIC_BASE || msr == Msr::IA32_TSC_DEADLINE;
}

std::optional<u64> read_any(Cpu& cpu, Msr msr) {
    if (!belongs_to_apic(msr)) {
        return read_msr(cpu, msr);
    }
    cpu.publish_time();
    return cpu.interrupts.read_register(static_cast<u32>(msr));
}

bool write_any(Cpu& cpu, Msr msr, u64 value) {
    if (!belongs_to_apic(msr)) {
        return write_msr(cpu, msr, value);
    }
    cpu.publish_time();
    return cpu.interrupts.write_register(static_cast<u32>(msr), value);
}

// The instructions --------------------------------------------------------------------------------

Msr msr_number(const Cpu& cpu) {
    return static_cast<Msr>(cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rcx)));
}

/// Both end their block: the time-stamp counter needs the exact cycle count.
bool rdmsr(Cpu& cpu, const Op& /*op*/) {
    if (!require_cpl0(cpu)) {
        return false;
    }
    const std::optional<u64> value = read_any(cpu, msr_number(cpu));
    if (!value) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    cpu.gpr[Gpr::Rax] = LowHalf::get(*value);
    cpu.gpr[Gpr::Rdx] = *value >> LowHalf::width;
    return true;
}

bool wrmsr(Cpu& cpu, const Op& /*op*/) {
    if (!require_cpl0(cpu)) {
        return false;
    }
    const u64 low = cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rax));
    const u64 high = cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rdx));
    return write_any(cpu, msr_number(cpu), low | high << LowHalf::width) ||
           cpu.raise(ExceptionVector::GeneralProtection);
}

}  // namespace

bool bind_rdmsr(const Instruction& /*in*/, OpBuilder& out) {
    return out.serialize<rdmsr>();
}

bool bind_wrmsr(const Instruction& /*in*/, OpBuilder& out) {
    return out.serialize<wrmsr>();
}

}  // namespace ringfence::sim::isa::x86
