// SPDX-License-Identifier: MIT
#include "sim/isa/x86/far_stack.h"

#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/segmentation.h"

namespace ringfence::sim::isa::x86 {

using cpu::ExecutionMode;
using cpu::Gpr;
using cpu::SegmentRegister;

namespace {

u64 stack_offset(const Cpu& cpu, u64 distance) {
    return (cpu.gpr[Gpr::Rsp] + distance) & low_mask(stack_bits(cpu));
}

template <typename Word>
bool read_word(Cpu& cpu, VirtualAddress address, u64& out) {
    Word word;
    if (!cpu.mmu.read(address, word, mmu::Reference::Stack)) {
        return system_fault(cpu);
    }
    out = word;
    return true;
}

bool write_word(Cpu& cpu, VirtualAddress address, u64 value, unsigned bytes) {
    const auto via = mmu::Reference::Stack;
    const bool written = bytes == sizeof(u64) ? cpu.mmu.write(address, value, via)
                         : bytes == sizeof(u32)
                             ? cpu.mmu.write(address, static_cast<u32>(value), via)
                             : cpu.mmu.write(address, static_cast<u16>(value), via);
    return written || system_fault(cpu);
}

}  // namespace

unsigned stack_bits(const Cpu& cpu) {
    if (cpu.code64()) {
        return 64;
    }
    return ExecutionMode::stack32.test(cpu.mode()) ? 32 : 16;
}

void set_stack_pointer(Cpu& cpu, u64 value) {
    if (stack_bits(cpu) == 16) {
        cpu.gpr.set<u16>(cpu::slot_of(Gpr::Rsp), static_cast<u16>(value));
    } else {
        cpu.gpr[Gpr::Rsp] = value & low_mask(stack_bits(cpu));
    }
}

bool StackReader::pop(unsigned bytes, u64& out) {
    VirtualAddress address;
    if (!segmented_address(cpu_, SegmentRegister::Ss, stack_offset(cpu_, read_), bytes,
                           SegmentAccess::Read, address)) {
        return false;
    }
    read_ += bytes;
    switch (bytes) {
        case sizeof(u16):
            return read_word<u16>(cpu_, address, out);
        case sizeof(u32):
            return read_word<u32>(cpu_, address, out);
        default:
            return read_word<u64>(cpu_, address, out);
    }
}

bool push_frame(Cpu& cpu, std::span<const u64> words, unsigned bytes) {
    const u64 total = words.size() * bytes;
    const u64 top = stack_offset(cpu, u64{0} - total);
    VirtualAddress base;
    if (!segmented_address(cpu, SegmentRegister::Ss, top, total, SegmentAccess::Write, base)) {
        return false;
    }
    if (!cpu.mmu.probe_write(base, total, mmu::Reference::Stack)) {
        return system_fault(cpu);
    }
    for (u64 i = 0; i < words.size(); ++i) {
        if (!write_word(cpu, base + i * bytes, words[i], bytes)) {
            return false;
        }
    }
    set_stack_pointer(cpu, top);
    return true;
}

}  // namespace ringfence::sim::isa::x86
