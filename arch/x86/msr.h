// SPDX-License-Identifier: MIT
// Numbers of model-specific registers, and the layout of those that the project reads or writes.
#pragma once

#include "base/address.h"
#include "base/bits.h"

namespace ringfence::arch::x86 {

/// [intel/vol4]: 2.1, table 2-2; 0xC000_xxxx: [amd/vol2]: appendix A
enum class Msr : u32 {
    IA32_P5_MC_ADDR = 0x0,
    IA32_TIME_STAMP_COUNTER = 0x10,
    IA32_PLATFORM_ID = 0x17,
    IA32_APIC_BASE = 0x1b,
    IA32_FEATURE_CONTROL = 0x3a,
    IA32_TSC_ADJUST = 0x3b,
    IA32_SPEC_CTRL = 0x48,
    IA32_PRED_CMD = 0x49,
    IA32_BIOS_SIGN_ID = 0x8b,
    MSR_PLATFORM_INFO = 0xce,
    IA32_MTRRCAP = 0xfe,
    IA32_ARCH_CAPABILITIES = 0x10a,
    IA32_FLUSH_CMD = 0x10b,
    IA32_TSX_CTRL = 0x122,
    MSR_MISC_FEATURE_ENABLES = 0x140,
    IA32_SYSENTER_CS = 0x174,
    IA32_SYSENTER_ESP = 0x175,
    IA32_SYSENTER_EIP = 0x176,
    IA32_MCG_CAP = 0x179,
    IA32_MCG_STATUS = 0x17a,
    IA32_MCG_CTL = 0x17b,
    IA32_MISC_ENABLE = 0x1a0,
    IA32_DEBUGCTL = 0x1d9,
    IA32_MTRR_PHYSBASE0 = 0x200,
    IA32_PAT = 0x277,
    IA32_MTRR_DEF_TYPE = 0x2ff,
    IA32_MC0_CTL = 0x400,
    IA32_TSC_DEADLINE = 0x6e0,
    IA32_X2APIC_APICID = 0x802,
    IA32_XSS = 0xda0,
    IA32_EFER = 0xc000'0080,
    IA32_STAR = 0xc000'0081,
    IA32_LSTAR = 0xc000'0082,
    IA32_CSTAR = 0xc000'0083,
    IA32_FMASK = 0xc000'0084,
    IA32_FS_BASE = 0xc000'0100,
    IA32_GS_BASE = 0xc000'0101,
    IA32_KERNEL_GS_BASE = 0xc000'0102,
    IA32_TSC_AUX = 0xc000'0103,
    SYSCFG = 0xc001'0010,
    HWCR = 0xc001'0015,
};

/// IA32_STAR: the selectors that SYSCALL and SYSRET load. [intel/vol3]: 5.8.8, figure 5-14
struct Star {
    static constexpr Bitfield<0, 32> eip{};  ///< SYSCALL target in legacy mode (AMD)
    /// SYSCALL: CS is this, SS is this + 8.
    static constexpr Bitfield<32, 16> syscall_selector{};
    /// SYSRET: 64-bit CS is this + 16, 32-bit CS is this, SS is this + 8; RPL forced to 3.
    static constexpr Bitfield<48, 16> sysret_selector{};
};

/// IA32_APIC_BASE: [intel/vol3]: 11.4.4, figure 11-5
struct ApicBase {
    static constexpr Flag<8> bootstrap{};
    static constexpr Flag<10> x2apic{};
    static constexpr Flag<11> enabled{};
    static constexpr Bitfield<12, 40> frame{};

    static constexpr PhysicalAddress address(u64 value) {
        return PhysicalAddress{value & frame.mask};
    }
    static constexpr PhysicalAddress reset_address() { return PhysicalAddress{0xfee0'0000}; }
};

/// IA32_ARCH_CAPABILITIES: which flaws the CPU says it has not. [intel/vol4]: 2.1, table 2-2;
/// present if CPUID 7.0 EDX bit 29 is set
struct ArchCapabilities {
    static constexpr Flag<0> rdcl_no{};   ///< not affected by Meltdown (rogue data cache load)
    static constexpr Flag<1> ibrs_all{};  ///< enhanced IBRS
    static constexpr Flag<2> rsba{};      ///< RET may use other predictors when the RSB is empty
    static constexpr Flag<3> skip_l1dfl_vmentry{};
    static constexpr Flag<4> ssb_no{};  ///< not affected by speculative store bypass
    static constexpr Flag<5> mds_no{};  ///< not affected by microarchitectural data sampling
    static constexpr Flag<6> if_pschange_mc_no{};
    static constexpr Flag<7> tsx_ctrl{};
    static constexpr Flag<8> taa_no{};
    static constexpr Flag<13> sbdr_ssdp_no{};
    static constexpr Flag<14> fbsdp_no{};
    static constexpr Flag<15> psdp_no{};
    static constexpr Flag<17> fb_clear{};
    static constexpr Flag<19> rrsba{};
    static constexpr Flag<20> bhi_no{};
};

/// IA32_MISC_ENABLE, on Intel's processors: [intel/vol4]: 2.1, table 2-2
struct MiscEnable {
    static constexpr Flag<0> fast_strings{};
    static constexpr Flag<3> thermal_control{};
    static constexpr Flag<7> performance_monitoring{};     ///< tells that there is some
    static constexpr Flag<11> branch_trace_unavailable{};  ///< tells
    static constexpr Flag<12> sampling_unavailable{};      ///< tells
    static constexpr Flag<16> speed_step{};
    static constexpr Flag<18> monitor{};
    static constexpr Flag<22> limit_cpuid{};  ///< the highest basic leaf of CPUID is 2
    static constexpr Flag<23> priority_messages_off{};
    static constexpr Flag<34> execute_disable_off{};  ///< CPUID does not show NX

    static constexpr u64 told =
        performance_monitoring.mask | branch_trace_unavailable.mask | sampling_unavailable.mask;
    static constexpr u64 writable = fast_strings.mask | thermal_control.mask | speed_step.mask |
                                    monitor.mask | limit_cpuid.mask | priority_messages_off.mask |
                                    execute_disable_off.mask;
    /// Without performance monitoring, and what builds on it.
    static constexpr u64 reset =
        fast_strings.mask | branch_trace_unavailable.mask | sampling_unavailable.mask;
};

/// IA32_MCG_CAP: what of the machine-check architecture there is. [intel/vol3]: 16.3.1.1
struct McgCap {
    static constexpr Bitfield<0, 8> banks{};  ///< error-reporting banks, from IA32_MC0_CTL on
    static constexpr Flag<8> control{};       ///< IA32_MCG_CTL exists
};

/// IA32_MCG_STATUS: [intel/vol3]: 16.3.1.2
struct McgStatus {
    static constexpr Flag<0> ripv{};  ///< the interrupted program can go on where it was
    static constexpr Flag<1> eipv{};  ///< the saved RIP is that of the instruction in error
    static constexpr Flag<2> mcip{};  ///< a machine check is being handled: another one shuts down

    static constexpr u64 defined = ripv.mask | eipv.mask | mcip.mask;
};

/// IA32_MCi_STATUS, of bank i: [intel/vol3]: 16.3.2.2
struct MciStatus {
    static constexpr Flag<63> valid{};  ///< the bank tells of an error

    static constexpr Msr of(unsigned bank) {
        constexpr u32 registers_per_bank = 4;
        return static_cast<Msr>(static_cast<u32>(Msr::IA32_MC0_CTL) + registers_per_bank * bank +
                                1);
    }
};
static_assert(static_cast<u32>(MciStatus::of(1)) == 0x405);

/// IA32_TSX_CTRL: [intel/vol4]: 2.1, table 2-2; present if IA32_ARCH_CAPABILITIES says so
struct TsxCtrl {
    static constexpr Flag<0> rtm_disable{};  ///< XBEGIN aborts at once
    static constexpr Flag<1> cpuid_clear{};  ///< CPUID shows neither RTM nor HLE
};

/// IA32_DEBUGCTL: [intel/vol3]: 18.4.1
struct DebugControl {
    static constexpr Flag<0> record_branches{};  ///< LBR
    static constexpr Flag<1> branch_trap{};      ///< BTF: TF traps behind branches only
};

/// SYSCFG of AMD's processors, as far as it is of fixed and variable ranges: [amd/vol2]: appendix A
struct SystemConfiguration {
    static constexpr Flag<18> fixed_ranges{};     ///< MtrrFixDramEn
    static constexpr Flag<20> variable_ranges{};  ///< MtrrVarDramEn
    static constexpr u64 firmware = fixed_ranges.mask | variable_ranges.mask;
};

/// HWCR of AMD's processors: [amd/vol2]: appendix A
struct HardwareConfiguration {
    static constexpr Flag<24> constant_time_stamp{};  ///< TscFreqSel: tells
};

/// IA32_PAT: eight memory types, chosen by the PAT, PCD and PWT bits of an entry.
/// [intel/vol3]: 12.12.2
struct Pat {
    enum class Type : u8 {
        Uncacheable = 0,
        WriteCombining = 1,
        WriteThrough = 4,
        WriteProtected = 5,
        WriteBack = 6,
        Uncached = 7
    };
    /// After reset: WB, WT, UC-, UC, twice.
    static constexpr u64 reset = 0x0007'0406'0007'0406;

    /// The type of entry `index` (0 to 7).
    static constexpr Type type(u64 value, unsigned index) {
        return static_cast<Type>((value >> (index * 8)) & low_mask(3));
    }
};
static_assert(Pat::type(Pat::reset, 0) == Pat::Type::WriteBack);
static_assert(Pat::type(Pat::reset, 3) == Pat::Type::Uncacheable);

}  // namespace ringfence::arch::x86
