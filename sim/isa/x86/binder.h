// SPDX-License-Identifier: MIT
// How a Zydis instruction becomes an op: a table row names a mnemonic and a binder, which picks the
// specialised handler and fills in the operands. Runs once per decoded instruction.
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <span>

#include "sim/isa/x86/handler.h"
#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

/// A decoded instruction at its place.
struct Instruction {
    ZydisDecodedInstruction info;
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
    u64 rip = 0;
    u32 mode = 0;  ///< cpu::ExecutionMode
    const presets::CpuModel* model = nullptr;

    [[nodiscard]] u64 next_rip() const { return rip + info.length; }
    [[nodiscard]] const ZydisDecodedOperand& operand(unsigned i) const { return operands[i]; }
    [[nodiscard]] bool is_register(unsigned i) const {
        return operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER;
    }
    [[nodiscard]] bool is_memory(unsigned i) const {
        return operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY;
    }
    [[nodiscard]] bool is_immediate(unsigned i) const {
        return operands[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    }
    /// Of operand `i`, in bytes.
    [[nodiscard]] unsigned size(unsigned i) const { return operands[i].size / 8U; }
    /// Whether the instruction and `target` are all on one page.
    [[nodiscard]] bool stays_on_page(u64 target) const;
    [[nodiscard]] bool code64() const { return cpu::ExecutionMode::code64.test(mode); }
};

/// How far an index is shifted by a scale of 0 (no index) to 8.
constexpr u8 shift_of_scale(u8 scale) {
    return scale == 8 ? 3 : scale / 2;
}

/// What a binder fills in. `op` arrives with length, offset and ordinal set.
class OpBuilder {
public:
    Op op;

    /// Continue with the next op; see handler.h for these four.
    template <auto semantics>
    bool straight() {
        return set(&x86::straight<semantics>, false);
    }
    template <auto semantics>
    bool branch() {
        return set(&x86::branch<semantics>, true);
    }
    template <auto semantics>
    bool serialize() {
        return set(&x86::serialize<semantics>, true);
    }
    template <auto semantics>
    bool transfer() {
        return set(&x86::transfer<semantics>, true);
    }
    /// Any handler; `last` says that nothing after it runs.
    bool set(Handler handler, bool last) {
        op.handler = handler;
        ends_block_ = last;
        return true;
    }

    /// Describes memory operand `operand` in `op`, with a preparing op in front where segment,
    /// address size or mode ask for it. `bytes` is the size accessed, which limit checks need; 0
    /// for an address that is not accessed (LEA).
    void memory(const Instruction& instruction, const ZydisDecodedOperand& operand, unsigned bytes);
    void memory(const Instruction& instruction, unsigned i) {
        memory(instruction, instruction.operand(i), instruction.size(i));
    }
    /// The slot of a general register of any size.
    static Slot slot(ZydisRegister reg);
    /// The same of one that may be absent.
    static Slot optional_slot(ZydisRegister reg) {
        return reg == ZYDIS_REGISTER_NONE ? cpu::zero_slot : slot(reg);
    }
    static Slot slot(const Instruction& instruction, unsigned i) {
        return slot(instruction.operand(i).reg.value);
    }

    [[nodiscard]] bool ends_block() const { return ends_block_; }
    /// The op to run before `op`, if `has_preparation()`.
    [[nodiscard]] const Op& preparation() const { return preparation_; }
    [[nodiscard]] bool has_preparation() const { return preparation_.handler != nullptr; }

private:
    Op preparation_;
    bool ends_block_ = false;
};

/// Fills `out` and returns true; false if this form is not the binder's (the next row of the same
/// mnemonic is tried, and without one the instruction raises #UD and is reported).
using Binder = bool (*)(const Instruction& instruction, OpBuilder& out);

/// Which unit executes: the availability checks (#UD, #NM by CR0.EM, CR0.TS, CR4.OSFXSR, and for
/// AVX CR4.OSXSAVE and XCR0) are done before the binder is called. [intel/vol3]: 2.5, table
/// 2-2; 13.1
enum class Unit : u8 { Integer, X87, Mmx, Sse, Avx };

struct BinderRow {
    ZydisMnemonic mnemonic;
    Binder binder;
    Unit unit = Unit::Integer;
};

/// The rows of a mnemonic, in the order in which they are tried.
std::span<const BinderRow> binder_rows(ZydisMnemonic mnemonic);

// The groups, each in the file of that name.
std::span<const BinderRow> arithmetic_rows();
std::span<const BinderRow> logic_rows();
std::span<const BinderRow> shift_rows();
std::span<const BinderRow> multiply_rows();
std::span<const BinderRow> bit_rows();
std::span<const BinderRow> bit_manipulation_rows();
std::span<const BinderRow> data_transfer_rows();
std::span<const BinderRow> exchange_rows();
std::span<const BinderRow> stack_rows();
std::span<const BinderRow> flag_rows();
std::span<const BinderRow> control_flow_rows();
std::span<const BinderRow> far_control_flow_rows();
std::span<const BinderRow> string_rows();
std::span<const BinderRow> port_rows();
std::span<const BinderRow> segment_rows();
std::span<const BinderRow> system_rows();
std::span<const BinderRow> system_register_rows();
std::span<const BinderRow> fast_call_rows();
std::span<const BinderRow> transaction_rows();
std::span<const BinderRow> legacy_rows();
std::span<const BinderRow> xsave_rows();
std::span<const BinderRow> miscellaneous_rows();
std::span<const BinderRow> fpu_control_rows();
std::span<const BinderRow> x87_rows();
std::span<const BinderRow> mmx_rows();
std::span<const BinderRow> sse_rows();
std::span<const BinderRow> avx_rows();

}  // namespace ringfence::sim::isa::x86
