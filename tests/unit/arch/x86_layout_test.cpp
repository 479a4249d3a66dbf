// SPDX-License-Identifier: MIT
// Layouts against values that real systems use.
#include <gtest/gtest.h>

#include "arch/x86/apic.h"
#include "arch/x86/cr0.h"
#include "arch/x86/cr3.h"
#include "arch/x86/cr4.h"
#include "arch/x86/debug_registers.h"
#include "arch/x86/efer.h"
#include "arch/x86/exception_vector.h"
#include "arch/x86/idt_gate.h"
#include "arch/x86/msr.h"
#include "arch/x86/page_fault_error_code.h"
#include "arch/x86/pte_2level.h"
#include "arch/x86/pte_4level.h"
#include "arch/x86/pte_pae.h"
#include "arch/x86/rflags.h"
#include "arch/x86/segment_descriptor.h"
#include "arch/x86/selector_error_code.h"
#include "arch/x86/task_state_segment.h"

namespace ringfence::arch::x86 {
namespace {

TEST(X86Registers, MatchValuesThatLinuxLogs) {
    // "CR0: 0000000080050033", "CR4: 00000000003606e0", EFER 0xd01 of a 64-bit kernel on Broadwell.
    constexpr u64 cr0 = Cr0::pe.mask | Cr0::mp.mask | Cr0::et.mask | Cr0::ne.mask | Cr0::wp.mask |
                        Cr0::am.mask | Cr0::pg.mask;
    EXPECT_EQ(cr0, 0x8005'0033U);
    constexpr u64 cr4 = Cr4::pae.mask | Cr4::mce.mask | Cr4::pge.mask | Cr4::osfxsr.mask |
                        Cr4::osxmmexcpt.mask | Cr4::pcide.mask | Cr4::osxsave.mask |
                        Cr4::smep.mask | Cr4::smap.mask;
    EXPECT_EQ(cr4, 0x3606e0U);
    EXPECT_EQ(Efer::sce.mask | Efer::lme.mask | Efer::lma.mask | Efer::nxe.mask, 0xd01U);
}

TEST(X86Cr3, NamesRootAndPcid) {
    const u64 user = Cr3::make(PhysicalAddress{0x1234'5000}, 0x801) | Cr3::no_flush.mask;
    EXPECT_EQ(user, 0x8000'0000'1234'5801);
    EXPECT_EQ(Cr3::root(user), PhysicalAddress{0x1234'5000});
    EXPECT_EQ(Cr3::pcid.get(user), 0x801U);
    EXPECT_EQ(Cr3::pae_root(0x1234'57f8), PhysicalAddress{0x1234'57e0});
}

TEST(X86PageFault, CodesAsInKernelLogs) {
    using Code = PageFaultErrorCode;
    EXPECT_EQ(Code::present.mask | Code::write.mask | Code::user.mask, 7U);
    EXPECT_EQ(Code::present.mask | Code::fetch.mask, 0x11U) << "SMEP or NX in the kernel";
    EXPECT_EQ(Code::present.mask | Code::reserved.mask, 9U);
}

TEST(X86Exceptions, ErrorCodesAndDoubleFaults) {
    unsigned pushing = 0;
    for (unsigned v = 0; v < 32; ++v) {
        pushing += pushes_error_code(static_cast<ExceptionVector>(v)) ? 1U << v : 0U;
    }
    EXPECT_EQ(pushing, 0x0022'7d00U) << "#DF #TS #NP #SS #GP #PF #AC #CP";
    const auto combine = [](ExceptionVector first, ExceptionVector second) {
        return makes_double_fault(exception_class(first), exception_class(second));
    };
    using enum ExceptionVector;
    EXPECT_TRUE(combine(GeneralProtection, GeneralProtection));
    EXPECT_FALSE(combine(GeneralProtection, ExceptionVector::PageFault));
    EXPECT_TRUE(combine(ExceptionVector::PageFault, GeneralProtection));
    EXPECT_TRUE(combine(ExceptionVector::PageFault, ExceptionVector::PageFault));
    EXPECT_FALSE(combine(InvalidOpcode, GeneralProtection));
    EXPECT_FALSE(combine(GeneralProtection, Debug));
}

TEST(X86Segments, FlatDescriptorsAsInLinux) {
    // arch/x86/kernel/cpu/common.c: 64-bit code 0xaf9b, data 0xcf93, user code 0xaffb, data 0xcff3.
    EXPECT_EQ(SegmentDescriptor::flat_code64(0) >> 40 & 0xffff, 0xaf9bU);
    EXPECT_EQ(SegmentDescriptor::flat_data(0) >> 40 & 0xffff, 0xcf93U);
    EXPECT_EQ(SegmentDescriptor::flat_code64(3) >> 40 & 0xffff, 0xaffbU);
    EXPECT_EQ(SegmentDescriptor::flat_data(3) >> 40 & 0xffff, 0xcff3U);
    EXPECT_EQ(SegmentDescriptor::base(SegmentDescriptor::flat_data(3)), 0U);
    EXPECT_EQ(SegmentDescriptor::limit(SegmentDescriptor::flat_data(3)), 0xffff'ffffU);
}

TEST(X86Segments, TaskStateDescriptor) {
    const u64 low = SegmentDescriptor::tss_low(0xffff'8000'1234'5678, 0x67);
    EXPECT_EQ(low, 0x1200'8934'5678'0067);
    EXPECT_EQ(SegmentDescriptor::tss_high(0xffff'8000'1234'5678), 0xffff'8000U);
    EXPECT_EQ(SegmentDescriptor::base(low), 0x1234'5678U);
    EXPECT_EQ(SegmentDescriptor::limit(low), 0x67U) << "byte granular";
}

TEST(X86Gates, InterruptGateAsBytes) {
    const IdtGate64 gate =
        IdtGate64::make(0xffff'ffff'8180'1230, 0x10, SystemSegmentType::InterruptGate, 3, 2);
    EXPECT_EQ(gate.low, 0x8180'ee02'0010'1230);
    EXPECT_EQ(gate.high, 0xffff'ffffU);
    EXPECT_EQ(gate.offset(), 0xffff'ffff'8180'1230);
}

TEST(X86Entries, LargePagesKeepPat) {
    EXPECT_EQ(Pte4Level::large_2m_address(0x4020'1fe3), PhysicalAddress{0x4020'0000});
    EXPECT_TRUE(Pte4Level::large_pat.test(0x1000));
    EXPECT_EQ(Pte2Level::large_address(0x0082'2083), PhysicalAddress{0x11'0080'0000});
    EXPECT_EQ(Pte2Level::make_large_address(PhysicalAddress{0x11'0080'0000}), 0x0082'2000U);
}

TEST(X86Entries, ReservedBitsFollowTheAddressWidth) {
    EXPECT_EQ(Pte4Level::reserved_address_bits(52), 0U);
    EXPECT_EQ(Pte4Level::reserved_address_bits(40), 0x000f'ff00'0000'0000);
    EXPECT_EQ(Pte2Level::large_reserved_bits(32), 0x003f'e000U);
    EXPECT_EQ(Pte2Level::large_reserved_bits(40), 0x0020'0000U);
    EXPECT_EQ(Pte2Level::large_reserved_bits(52), 0x0020'0000U);
}

TEST(X86Msr, StarSelectors) {
    const u64 star = Star::syscall_selector.make(0x08) | Star::sysret_selector.make(0x1b);
    EXPECT_EQ(star, 0x001b'0008'0000'0000);
}

}  // namespace
}  // namespace ringfence::arch::x86
