// SPDX-License-Identifier: MIT
// IN, OUT, INS and OUTS. [intel/vol1]: 19.5; [intel/vol2]: IN, INS, OUT, OUTS
//
// Each ends its block: a device may raise an interrupt, or ask for an earlier event.
#include "arch/x86/task_state_segment.h"
#include "sim/isa/x86/string_operands.h"

namespace ringfence::sim::isa::x86 {
namespace {

using namespace strings;  // NOLINT(google-build-using-namespace): INS and OUTS are string
                          // operations
using arch::x86::TaskStateSegment64Offset;
using cpu::ExceptionVector;

/// Whether the bits of `bytes` ports are clear in the task's I/O permission bitmap. The processor
/// always reads two bytes of it. [intel/vol1]: 19.5.2
bool bitmap_permits(Cpu& cpu, u16 port, unsigned bytes) {
    u16 map_base;
    if (!cpu.task.usable ||
        TaskStateSegment64Offset::io_map_base + sizeof(map_base) - 1 > cpu.task.limit) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    const VirtualAddress task{cpu.task.base};
    if (!cpu.mmu.read_system(task + TaskStateSegment64Offset::io_map_base, map_base)) {
        return system_fault(cpu);
    }
    const u64 offset = u64{map_base} + port / 8;
    u16 bits;
    if (offset + sizeof(bits) - 1 > cpu.task.limit) {
        return cpu.raise(ExceptionVector::GeneralProtection);
    }
    if (!cpu.mmu.read_system(task + offset, bits)) {
        return system_fault(cpu);
    }
    const u32 wanted = low_mask<u32>(bytes) << (port % 8);
    return (bits & wanted) == 0 || cpu.raise(ExceptionVector::GeneralProtection);
}

bool may_use_port(Cpu& cpu, u16 port, unsigned bytes) {
    const bool by_iopl = !cpu.virtual_8086() && cpu.cpl() <= cpu.iopl();
    return !cpu.protected_mode() || by_iopl || bitmap_permits(cpu, port, bytes);
}

/// Reads or writes a port, which a breakpoint may wait for. [intel/vol3]: 18.2.4
u32 read_port(Cpu& cpu, u16 port, unsigned bytes) {
    cpu.port_breakpoints_met |= cpu.breakpoints_on_port(port, bytes);
    return cpu.ports.read(port, bytes);
}

void write_port(Cpu& cpu, u16 port, unsigned bytes, u32 value) {
    cpu.port_breakpoints_met |= cpu.breakpoints_on_port(port, bytes);
    cpu.ports.write(port, bytes, value);
}

/// DX, or the port in the instruction.
enum class PortFrom : u8 { Dx, Immediate };

template <PortFrom from>
u16 port_of(const Cpu& cpu, const Op& op) {
    return from == PortFrom::Dx ? cpu.gpr.get<u16>(cpu::slot_of(Gpr::Rdx))
                                : static_cast<u8>(op.immediate);
}

template <typename Word, PortFrom from>
bool in(Cpu& cpu, const Op& op) {
    const u16 port = port_of<from>(cpu, op);
    if (!may_use_port(cpu, port, sizeof(Word))) {
        return false;
    }
    cpu.publish_time();
    cpu.gpr.set<Word>(cpu::slot_of(Gpr::Rax),
                      static_cast<Word>(read_port(cpu, port, sizeof(Word))));
    return true;
}

template <typename Word, PortFrom from>
bool out(Cpu& cpu, const Op& op) {
    const u16 port = port_of<from>(cpu, op);
    if (!may_use_port(cpu, port, sizeof(Word))) {
        return false;
    }
    cpu.publish_time();
    write_port(cpu, port, sizeof(Word), cpu.gpr.get<Word>(cpu::slot_of(Gpr::Rax)));
    return true;
}

/// One element of INS. The port is read only when the store cannot fail any more.
template <typename Word>
struct Ins {
    static bool once(Cpu& cpu, const Op& op) {
        const u16 port = port_of<PortFrom::Dx>(cpu, op);
        VirtualAddress to;
        if (!destination_address(cpu, op, sizeof(Word), SegmentAccess::Write, to)) {
            return false;
        }
        if (!cpu.mmu.probe_write(to, sizeof(Word))) {
            return system_fault(cpu);
        }
        const auto value = static_cast<Word>(read_port(cpu, port, sizeof(Word)));
        if (!cpu.mmu.write(to, value)) {
            return system_fault(cpu);
        }
        advance(cpu, op, Gpr::Rdi, 1, sizeof(Word));
        return true;
    }
};

template <typename Word>
struct Outs {
    static bool once(Cpu& cpu, const Op& op) {
        const u16 port = port_of<PortFrom::Dx>(cpu, op);
        VirtualAddress from;
        Word value;
        if (!source_address(cpu, op, sizeof(Word), from)) {
            return false;
        }
        if (!cpu.mmu.read(from, value)) {
            return system_fault(cpu);
        }
        write_port(cpu, port, sizeof(Word), value);
        advance(cpu, op, Gpr::Rsi, 1, sizeof(Word));
        return true;
    }
};

/// Whether what a device just did must be looked at before the next iteration.
bool device_wants_attention(const Cpu& cpu) {
    return cpu.pins.end || cpu.pins.non_maskable_interrupt ||
           (cpu.pins.interrupt && cpu.interrupts_enabled());
}

template <template <typename> class Operation, typename Word>
bool single(Cpu& cpu, const Op& op) {
    cpu.publish_time();
    if (!may_use_port(cpu, port_of<PortFrom::Dx>(cpu, op), sizeof(Word)) ||
        !Operation<Word>::once(cpu, op)) {
        return false;
    }
    cpu.rip = next_rip(cpu, op);
    return true;
}

/// Leaves RIP at the first prefix if iterations remain.
template <template <typename> class Operation, typename Word>
bool repeated(Cpu& cpu, const Op& op) {
    cpu.publish_time();
    u64 left = read_index(cpu, op, Gpr::Rcx);
    if (left != 0 && !may_use_port(cpu, port_of<PortFrom::Dx>(cpu, op), sizeof(Word))) {
        return false;
    }
    for (u64 allowance = visit_allowance(cpu); left != 0 && allowance != 0; --allowance) {
        if (!Operation<Word>::once(cpu, op)) {
            return false;
        }
        write_index(cpu, op, Gpr::Rcx, --left);
        if (device_wants_attention(cpu)) {
            break;
        }
    }
    end_visit(cpu, op, left == 0);
    return true;
}

template <template <typename> class Operation>
bool bind_string(const Instruction& instruction, OpBuilder& builder) {
    const ZydisDecodedOperand* source = source_operand(instruction);
    const ZydisDecodedOperand* element =
        source != nullptr ? source : destination_operand(instruction);
    describe(instruction, source, builder.op);
    const bool repeats = repeat_prefix(instruction, false) != Repeat::None;
    switch (element->size) {
        case 8:
            return repeats ? builder.transfer<repeated<Operation, u8>>()
                           : builder.transfer<single<Operation, u8>>();
        case 16:
            return repeats ? builder.transfer<repeated<Operation, u16>>()
                           : builder.transfer<single<Operation, u16>>();
        default:
            return repeats ? builder.transfer<repeated<Operation, u32>>()
                           : builder.transfer<single<Operation, u32>>();
    }
}

template <PortFrom from>
bool bind_in_from(const Instruction& instruction, OpBuilder& builder) {
    switch (instruction.size(0)) {
        case 1:
            return builder.serialize<in<u8, from>>();
        case 2:
            return builder.serialize<in<u16, from>>();
        default:
            return builder.serialize<in<u32, from>>();
    }
}

template <PortFrom from>
bool bind_out_to(const Instruction& instruction, OpBuilder& builder) {
    switch (instruction.size(1)) {
        case 1:
            return builder.serialize<out<u8, from>>();
        case 2:
            return builder.serialize<out<u16, from>>();
        default:
            return builder.serialize<out<u32, from>>();
    }
}

bool bind_in(const Instruction& instruction, OpBuilder& builder) {
    if (instruction.is_immediate(1)) {
        builder.op.immediate = static_cast<i32>(instruction.operand(1).imm.value.u);
        return bind_in_from<PortFrom::Immediate>(instruction, builder);
    }
    return bind_in_from<PortFrom::Dx>(instruction, builder);
}

bool bind_out(const Instruction& instruction, OpBuilder& builder) {
    if (instruction.is_immediate(0)) {
        builder.op.immediate = static_cast<i32>(instruction.operand(0).imm.value.u);
        return bind_out_to<PortFrom::Immediate>(instruction, builder);
    }
    return bind_out_to<PortFrom::Dx>(instruction, builder);
}

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_IN, bind_in},
    {ZYDIS_MNEMONIC_OUT, bind_out},
    {ZYDIS_MNEMONIC_INSB, bind_string<Ins>},
    {ZYDIS_MNEMONIC_INSW, bind_string<Ins>},
    {ZYDIS_MNEMONIC_INSD, bind_string<Ins>},
    {ZYDIS_MNEMONIC_OUTSB, bind_string<Outs>},
    {ZYDIS_MNEMONIC_OUTSW, bind_string<Outs>},
    {ZYDIS_MNEMONIC_OUTSD, bind_string<Outs>},
};

}  // namespace

std::span<const BinderRow> port_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
