// SPDX-License-Identifier: MIT
#include "tests/fuzz/code_case.h"

#include "sim/state/hash.h"
#include "tests/fuzz/memory_image.h"

namespace ringfence::fuzz {
namespace {

using arch::x86::Cr4;
using arch::x86::Rflags;
using sim::cpu::Gpr;

/// Where something is, where nothing is, and the ends of ranges.
constexpr u64 interesting[] = {0,
                               1,
                               8,
                               0x40,
                               0x1234'5678'9abc'def0,
                               ~u64{0},
                               u64{1} << 63,
                               0x7fff'ffff,
                               0x8000'0000,
                               0xffff'ffff,
                               0x7fff'ffff'f000,
                               0x8000'0000'0000,  // the first address that is not canonical
                               layout::data,
                               layout::data + 0xffc,  // across two pages
                               layout::code,
                               layout::code + 0x40,
                               layout::user_stack - 0x100,
                               layout::kernel_stack - 0x100,
                               layout::read_only_page,
                               layout::supervisor_page,
                               layout::absent_page - 4,
                               layout::no_execute_page,
                               layout::gdt,
                               layout::long_idt,
                               layout::long_tss,
                               layout::long_table,
                               layout::user_alias + layout::data,
                               layout::kernel_alias + layout::data,
                               0x174,         // IA32_SYSENTER_CS
                               0x1d9,         // IA32_DEBUGCTL
                               0xc000'0080,   // IA32_EFER
                               0xc000'0102};  // IA32_KERNEL_GS_BASE

constexpr u64 long_mode_features[] = {Cr4::smep.mask,     Cr4::smap.mask,  Cr4::umip.mask,
                                      Cr4::fsgsbase.mask, Cr4::pcide.mask, Cr4::pke.mask,
                                      Cr4::tsd.mask,      Cr4::pce.mask};
constexpr u64 flags[] = {Rflags::tf.mask, Rflags::interrupt.mask, Rflags::df.mask, Rflags::ac.mask,
                         Rflags::nt.mask, Rflags::iopl.mask,      Rflags::rf.mask, Rflags::id.mask};

template <typename Bits>
u64 choose_bits(u8 chosen, const Bits& bits) {
    u64 result = 0;
    for (unsigned i = 0; i < std::size(bits); ++i) {
        result |= (chosen >> i & 1) != 0 ? bits[i] : 0;
    }
    return result;
}

}  // namespace

CodeCase CodeCase::of(Input& input) {
    CodeCase made;
    const u8 mode = input.take<u8>();
    made.start_ = {.mode = static_cast<SmallMachine::Mode>(mode % SmallMachine::mode_count),
                   .user = (mode & SmallMachine::mode_count) != 0};
    made.cr4_ = choose_bits(input.take<u8>(), long_mode_features);
    made.rflags_ = choose_bits(input.take<u8>(), flags);
    const u8 breakpoint = input.take<u8>();
    if (breakpoint != 0) {
        constexpr u64 enabled = 2;  // G0
        made.dr7_ = arch::x86::Dr7::reset | enabled | u64{breakpoint} % 16 << 16;
        made.breakpoint_ =
            (breakpoint / 16 % 2 == 0 ? layout::code : layout::data) + breakpoint / 32;
    }
    for (u64& value : made.registers_) {
        value = input.choose_from(interesting);
    }
    made.code_ = input.rest();
    return made;
}

void CodeCase::put_into(SmallMachine& machine) const {
    machine.begin(start_);
    auto& cpu = machine.cpu;
    for (unsigned i = 0; i < registers_.size(); ++i) {
        const auto which = static_cast<Gpr>(i);
        const bool keep = which == Gpr::Rsp && registers_[i] == 0;
        cpu.gpr[which] = keep ? cpu.gpr[which] : registers_[i];
    }
    const bool is_long = cpu.long_mode_active();
    if (!is_long) {
        for (unsigned i = 0; i < registers_.size(); ++i) {
            auto& value = cpu.gpr[static_cast<Gpr>(i)];
            value = i < 8 ? static_cast<u32>(value) : 0;
        }
    } else {
        require(cpu.set_cr4(cpu.cr4() | cr4_), "a start state that is refused");
    }
    cpu.set_rflags(cpu.rflags() | rflags_);
    cpu.set_cpl(cpu.cpl());  // AC may matter now
    if (dr7_ != 0) {
        cpu.set_breakpoint_address(0, breakpoint_);
        cpu.set_dr7(dr7_);
    }
    machine.load_code(code_);
}

u64 CodeCase::checksum() const {
    return sim::state::hash_of(code_);
}

}  // namespace ringfence::fuzz
