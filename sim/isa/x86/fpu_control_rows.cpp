// SPDX-License-Identifier: MIT
// Instructions that control the x87 unit or move its whole state. [intel/vol1]: 8.1, 10.5;
// [intel/vol2]: FINIT, FCLEX, FLDCW, FSTENV, FSAVE, FXSAVE and under each name
#include <array>
#include <cstring>

#include "sim/isa/x86/x87_stack.h"

namespace ringfence::sim::isa::x86 {

namespace {

using namespace x87;
using cpu::Float80Image;
using cpu::FxsaveForm;
using cpu::FxsaveImage;
using cpu::X87Environment;
using cpu::X87Environment16;

// Words ---------------------------------------------------------------------------------------

void fninit(Cpu& cpu, const Op& /*op*/) {
    cpu.fpu.initialize_x87();
}

/// Clears the flags, the stack fault, ES and B.
void fnclex(Cpu& cpu, const Op& /*op*/) {
    constexpr u16 cleared = status::Flags::mask | status::StackFault::mask |
                            status::ErrorSummary::mask | status::Busy::mask;
    cpu.fpu.status = static_cast<u16>(cpu.fpu.status & ~cleared);
}

bool fldcw(Cpu& cpu, const Op& op) {
    u16 value;
    if (!begin(cpu) || !load(cpu, op, value)) {
        return false;
    }
    cpu.fpu.control = (value & control::writable) | control::always_set;
    cpu.fpu.update_error_summary();
    return true;
}
bool fnstcw(Cpu& cpu, const Op& op) {
    return store(cpu, op, cpu.fpu.control);
}
bool fnstsw_memory(Cpu& cpu, const Op& op) {
    return store(cpu, op, cpu.fpu.status);
}
void fnstsw_ax(Cpu& cpu, const Op& op) {
    cpu.gpr.set<u16>(op.dst, cpu.fpu.status);
}

bool fwait(Cpu& cpu, const Op& /*op*/) {
    return begin(cpu);
}
/// FNOP records itself as the last instruction; the no-operations left from the 8087 and the 287
/// do nothing at all.
bool fnop(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    record(cpu, op);
    return true;
}
void old_nop(Cpu& /*cpu*/, const Op& /*op*/) {}

// The stack pointer and the tags ----------------------------------------------------------------

template <unsigned step>
bool move_top(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    record(cpu, op);
    cpu.fpu.set_top((cpu.fpu.top() + step) % 8);
    set_c1(cpu.fpu, false);
    return true;
}

template <unsigned pops>
bool ffree(Cpu& cpu, const Op& op) {
    if (!begin(cpu)) {
        return false;
    }
    record(cpu, op);
    set_empty(cpu.fpu, op.dst);
    pop(cpu.fpu, pops);
    return true;
}

// State images ----------------------------------------------------------------------------------

/// Writes the first `bytes` of `image` in pieces of `Chunk`, or nothing at all: all of the
/// operand's `operand_bytes` must be writable.
template <typename Chunk, typename Image>
bool store_image(Cpu& cpu, const Op& op, const Image& image, usize bytes, usize operand_bytes) {
    const VirtualAddress address = linear_address(cpu, op);
    if (!cpu.mmu.probe_write(address, operand_bytes)) {
        return memory_fault(cpu, op);
    }
    const auto* source = reinterpret_cast<const u8*>(&image);
    for (usize i = 0; i < bytes; i += sizeof(Chunk)) {
        Chunk chunk;
        std::memcpy(&chunk, source + i, sizeof(Chunk));
        if (!cpu.mmu.write(address + i, chunk)) {
            return memory_fault(cpu, op);
        }
    }
    return true;
}
template <typename Chunk, typename Image>
bool load_image(Cpu& cpu, const Op& op, Image& image, usize bytes) {
    const VirtualAddress address = linear_address(cpu, op);
    auto* target = reinterpret_cast<u8*>(&image);
    for (usize i = 0; i < bytes; i += sizeof(Chunk)) {
        Chunk chunk;
        if (!cpu.mmu.read(address + i, chunk)) {
            return memory_fault(cpu, op);
        }
        std::memcpy(target + i, &chunk, sizeof(Chunk));
    }
    return true;
}

template <typename Environment>
struct [[gnu::packed]] StateImage {
    Environment environment;
    std::array<Float80Image, 8> st;
};
static_assert(sizeof(StateImage<X87Environment>) == 108);
static_assert(sizeof(StateImage<X87Environment16>) == 94);

template <typename Image>
Image current_environment(const FpuState& fpu) {
    if constexpr (std::is_same_v<Image, X87Environment>) {
        return fpu.environment();
    } else {
        return fpu.environment16();
    }
}

/// Stores the environment and masks all exceptions.
template <typename Image>
bool fnstenv(Cpu& cpu, const Op& op) {
    if (!store(cpu, op, current_environment<Image>(cpu.fpu))) {
        return false;
    }
    cpu.fpu.control |= control::Masks::mask;
    cpu.fpu.update_error_summary();
    return true;
}
template <typename Image>
bool fldenv(Cpu& cpu, const Op& op) {
    Image image;
    if (!begin(cpu) || !load(cpu, op, image)) {
        return false;
    }
    cpu.fpu.load_environment(image);
    return true;
}

template <typename Image>
bool fnsave(Cpu& cpu, const Op& op) {
    StateImage<Image> image{};
    image.environment = current_environment<Image>(cpu.fpu);
    for (unsigned i = 0; i < 8; ++i) {
        image.st[i] = cpu.fpu.register_image(i);
    }
    if (!store_image<u16>(cpu, op, image, sizeof(image), sizeof(image))) {
        return false;
    }
    cpu.fpu.initialize_x87();
    return true;
}
template <typename Image>
bool frstor(Cpu& cpu, const Op& op) {
    StateImage<Image> image;
    if (!begin(cpu) || !load_image<u16>(cpu, op, image, sizeof(image))) {
        return false;
    }
    cpu.fpu.load_environment(image.environment);
    for (unsigned i = 0; i < 8; ++i) {
        cpu.fpu.load_register(i, image.st[i]);
    }
    return true;
}

/// `op.extra` is the number of XMM registers in the image: 8, or 16 in 64-bit mode.
usize fxsave_bytes(const Op& op) {
    return op.extra == 16 ? sizeof(FxsaveImage) : cpu::fxsave_bytes_without_xmm8;
}
bool fxsave_aligned(Cpu& cpu, const Op& op) {
    return linear_address(cpu, op).is_aligned(sizeof(cpu::Xmm)) ||
           cpu.raise(cpu::ExceptionVector::GeneralProtection);
}

template <FxsaveForm form>
bool fxsave(Cpu& cpu, const Op& op) {
    return fxsave_aligned(cpu, op) &&
           store_image<cpu::Xmm>(cpu, op, cpu.fpu.fxsave_image(form), fxsave_bytes(op),
                                 cpu::fxsave_area_bytes);
}
template <FxsaveForm form>
bool fxrstor(Cpu& cpu, const Op& op) {
    FxsaveImage image;
    // Processors touch what they do not use of the area, too.
    const auto touch_all = [&] {
        return cpu.mmu.probe_read(linear_address(cpu, op), cpu::fxsave_area_bytes) ||
               memory_fault(cpu, op);
    };
    if (!fxsave_aligned(cpu, op) || !touch_all() ||
        !load_image<cpu::Xmm>(cpu, op, image, fxsave_bytes(op))) {
        return false;
    }
    if ((image.mxcsr & ~cpu::mxcsr::writable) != 0) {
        return cpu.raise(cpu::ExceptionVector::GeneralProtection);
    }
    cpu.fpu.load_fxsave_image(image, form, op.extra);
    return true;
}

// Binders ---------------------------------------------------------------------------------------

template <auto semantics>
bool bind_memory_operand(const Instruction& instruction, OpBuilder& out) {
    if (!instruction.is_memory(0)) {
        return false;
    }
    out.memory(instruction, 0);
    out.op.extra = instruction.code64() ? 16 : 8;
    return out.straight<semantics>();
}
bool bind_fnstsw(const Instruction& instruction, OpBuilder& out) {
    if (instruction.is_memory(0)) {
        return bind_memory_operand<fnstsw_memory>(instruction, out);
    }
    out.op.dst = OpBuilder::slot(instruction, 0);
    return out.straight<fnstsw_ax>();
}
/// The 32-bit or the 16-bit form of an image, by the operand's size.
template <auto wide, auto narrow, unsigned wide_bytes>
bool bind_image(const Instruction& instruction, OpBuilder& out) {
    return instruction.size(0) == wide_bytes ? bind_memory_operand<wide>(instruction, out)
                                             : bind_memory_operand<narrow>(instruction, out);
}
template <auto wide, auto narrow>
constexpr Binder bind_environment = &bind_image<wide, narrow, sizeof(X87Environment)>;
template <auto wide, auto narrow>
constexpr Binder bind_state = &bind_image<wide, narrow, sizeof(StateImage<X87Environment>)>;

constexpr Unit unit = Unit::X87;
using Wide = X87Environment;
using Narrow = X87Environment16;

constexpr std::array rows = {
    BinderRow{ZYDIS_MNEMONIC_FNINIT, &bind_plain<fninit>, unit},
    BinderRow{ZYDIS_MNEMONIC_FNCLEX, &bind_plain<fnclex>, unit},
    BinderRow{ZYDIS_MNEMONIC_FLDCW, &bind_memory_operand<fldcw>, unit},
    BinderRow{ZYDIS_MNEMONIC_FNSTCW, &bind_memory_operand<fnstcw>, unit},
    BinderRow{ZYDIS_MNEMONIC_FNSTSW, &bind_fnstsw, unit},
    BinderRow{ZYDIS_MNEMONIC_FWAIT, &bind_plain<fwait>, unit},
    BinderRow{ZYDIS_MNEMONIC_FNOP, &bind_plain<fnop>, unit},
    BinderRow{ZYDIS_MNEMONIC_FENI8087_NOP, &bind_plain<old_nop>, unit},
    BinderRow{ZYDIS_MNEMONIC_FDISI8087_NOP, &bind_plain<old_nop>, unit},
    BinderRow{ZYDIS_MNEMONIC_FSETPM287_NOP, &bind_plain<old_nop>, unit},
    BinderRow{ZYDIS_MNEMONIC_FINCSTP, &bind_plain<move_top<1>>, unit},
    BinderRow{ZYDIS_MNEMONIC_FDECSTP, &bind_plain<move_top<7>>, unit},
    BinderRow{ZYDIS_MNEMONIC_FFREE, &bind_register<ffree<0>>, unit},
    BinderRow{ZYDIS_MNEMONIC_FFREEP, &bind_register<ffree<1>>, unit},
    BinderRow{ZYDIS_MNEMONIC_FNSTENV, bind_environment<fnstenv<Wide>, fnstenv<Narrow>>, unit},
    BinderRow{ZYDIS_MNEMONIC_FLDENV, bind_environment<fldenv<Wide>, fldenv<Narrow>>, unit},
    BinderRow{ZYDIS_MNEMONIC_FNSAVE, bind_state<fnsave<Wide>, fnsave<Narrow>>, unit},
    BinderRow{ZYDIS_MNEMONIC_FRSTOR, bind_state<frstor<Wide>, frstor<Narrow>>, unit},
    BinderRow{ZYDIS_MNEMONIC_FXSAVE, &bind_memory_operand<fxsave<FxsaveForm::Legacy>>, unit},
    BinderRow{ZYDIS_MNEMONIC_FXRSTOR, &bind_memory_operand<fxrstor<FxsaveForm::Legacy>>, unit},
    BinderRow{ZYDIS_MNEMONIC_FXSAVE64, &bind_memory_operand<fxsave<FxsaveForm::Wide>>, unit},
    BinderRow{ZYDIS_MNEMONIC_FXRSTOR64, &bind_memory_operand<fxrstor<FxsaveForm::Wide>>, unit},
};

}  // namespace

std::span<const BinderRow> fpu_control_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
