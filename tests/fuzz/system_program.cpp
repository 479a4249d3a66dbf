// SPDX-License-Identifier: MIT
#include "tests/fuzz/system_program.h"

#include <array>
#include <initializer_list>

#include "arch/x86/msr.h"
#include "tests/fuzz/memory_image.h"

namespace ringfence::fuzz {
namespace {

using arch::x86::Msr;

constexpr u32 operand_at = layout::data;

/// MSRs that something answers, and ranges in which some do.
constexpr Msr registers[] = {Msr::IA32_TIME_STAMP_COUNTER,
                             Msr::IA32_APIC_BASE,
                             Msr::IA32_TSC_ADJUST,
                             Msr::IA32_SPEC_CTRL,
                             Msr::IA32_PRED_CMD,
                             Msr::IA32_BIOS_SIGN_ID,
                             Msr::IA32_MTRRCAP,
                             Msr::IA32_FLUSH_CMD,
                             Msr::IA32_SYSENTER_CS,
                             Msr::IA32_SYSENTER_ESP,
                             Msr::IA32_SYSENTER_EIP,
                             Msr::IA32_MCG_STATUS,
                             Msr::IA32_MISC_ENABLE,
                             Msr::IA32_DEBUGCTL,
                             Msr::IA32_PAT,
                             Msr::IA32_MTRR_DEF_TYPE,
                             Msr::IA32_MTRR_PHYSBASE0,
                             Msr::IA32_MC0_CTL,
                             Msr::IA32_TSC_DEADLINE,
                             Msr::IA32_XSS,
                             Msr::IA32_EFER,
                             Msr::IA32_STAR,
                             Msr::IA32_LSTAR,
                             Msr::IA32_CSTAR,
                             Msr::IA32_FMASK,
                             Msr::IA32_FS_BASE,
                             Msr::IA32_GS_BASE,
                             Msr::IA32_KERNEL_GS_BASE,
                             Msr::IA32_TSC_AUX,
                             Msr::IA32_X2APIC_APICID};

/// Addresses of tables, of nothing, and what control registers hold.
constexpr u64 values[] = {0,
                          1,
                          layout::pml4,
                          layout::pae_pdpt,
                          layout::two_level_directory,
                          layout::gdt,
                          layout::legacy_idt,
                          layout::long_idt,
                          layout::code,
                          layout::data,
                          layout::kernel_alias,
                          0x8000'0000'0000,
                          ~u64{0},
                          0x8005'0033,            // CR0
                          0xd01,                  // EFER
                          0xfee0'0900,            // IA32_APIC_BASE
                          0xfee0'0d00,            // with x2APIC mode
                          0x0007'0406'0007'0406,  // PAT
                          0x0023'0010'0000'0000,  // STAR
                          0x37'06f8,              // CR4
                          0x401};                 // DR7

/// Instructions that read and write nothing but RAX, RCX, RDX and [operand_at].
constexpr std::array<std::array<u8, 4>, 33> plain{{
    {0x0f, 0x32, 0x90, 0x90},  // rdmsr
    {0x0f, 0x30, 0x90, 0x90},  // wrmsr
    {0x0f, 0x30, 0x0f, 0x32},  // wrmsr; rdmsr
    {0x0f, 0x01, 0xd1, 0x90},  // xsetbv
    {0x0f, 0x01, 0xd0, 0x90},  // xgetbv
    {0x0f, 0x01, 0xf8, 0x90},  // swapgs
    {0x0f, 0x01, 0xf9, 0x90},  // rdtscp
    {0x0f, 0x01, 0xca, 0x90},  // clac
    {0x0f, 0x01, 0xcb, 0x90},  // stac
    {0x0f, 0x01, 0xee, 0x90},  // rdpkru
    {0x0f, 0x01, 0xef, 0x90},  // wrpkru
    {0x0f, 0x01, 0xf0, 0x90},  // lmsw ax
    {0x0f, 0x00, 0xd0, 0x90},  // lldt ax
    {0x0f, 0x00, 0xd8, 0x90},  // ltr ax
    {0x0f, 0x06, 0x90, 0x90},  // clts
    {0x0f, 0x09, 0x90, 0x90},  // wbinvd
    {0x0f, 0xa2, 0x90, 0x90},  // cpuid
    {0x8e, 0xd8, 0x90, 0x90},  // mov ds, ax
    {0x8e, 0xd0, 0x90, 0x90},  // mov ss, ax
    {0x8e, 0xe0, 0x90, 0x90},  // mov fs, ax
    {0x0f, 0x05, 0x90, 0x90},  // syscall
    {0x48, 0x0f, 0x07, 0x90},  // sysret
    {0x0f, 0x34, 0x90, 0x90},  // sysenter
    {0x48, 0x0f, 0x35, 0x90},  // sysexit
    {0xfb, 0x90, 0xf4, 0x90},  // sti; nop; hlt
    {0xfa, 0x90, 0x90, 0x90},  // cli
    {0x50, 0x9d, 0x90, 0x90},  // push rax; popf
    {0xec, 0x90, 0x90, 0x90},  // in al, dx
    {0xee, 0x90, 0x90, 0x90},  // out dx, al
    {0xef, 0x90, 0x90, 0x90},  // out dx, eax
    {0xcd, 0x80, 0x90, 0x90},  // int 80h
    {0xf3, 0x0f, 0xae, 0xd0},  // wrfsbase eax
    {0xcf, 0x90, 0x90, 0x90},  // iret
}};

/// The same with a memory operand: opcode, and ModRM's register field.
struct MemoryForm {
    std::array<u8, 3> opcode;
    u8 reg;
};
constexpr MemoryForm memory_forms[] = {
    {{0x90, 0x0f, 0x01}, 2},  // lgdt
    {{0x90, 0x0f, 0x01}, 3},  // lidt
    {{0x90, 0x0f, 0x01}, 0},  // sgdt
    {{0x90, 0x0f, 0x01}, 7},  // invlpg
    {{0x90, 0x0f, 0xae}, 1},  // fxrstor
    {{0x90, 0x0f, 0xae}, 4},  // xsave
    {{0x90, 0x0f, 0xae}, 5},  // xrstor
    {{0x90, 0x0f, 0xc7}, 5},  // xsaves group, as far as it is there
    {{0x90, 0x90, 0xff}, 5},  // far jump
    {{0x90, 0x90, 0xff}, 3},  // far call
    {{0x90, 0x90, 0x8b}, 0},  // mov eax, [operand]
    {{0x90, 0x0f, 0xb2}, 4},  // lss esp, [operand]
};
constexpr u8 control_registers[] = {0, 2, 3, 4, 8};

/// Writes instructions to a buffer.
class Assembler {
public:
    explicit Assembler(std::vector<u8>& out) : out_(out) {}

    void bytes(std::span<const u8> bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
    void bytes(std::initializer_list<u8> bytes) { out_.insert(out_.end(), bytes); }
    void word(u32 value) {
        for (unsigned shift = 0; shift < 32; shift += 8) {
            out_.push_back(static_cast<u8>(value >> shift));
        }
    }
    /// mov r32, value; RAX is 0, RCX 1, RDX 2.
    void load(u8 reg, u32 value) {
        bytes({static_cast<u8>(0xb8 + reg)});
        word(value);
    }
    /// mov dword [address], value
    void store(u32 address, u32 value) {
        bytes({0xc7, 0x04, 0x25});
        word(address);
        word(value);
    }

private:
    std::vector<u8>& out_;
};

u64 take_value(Input& input) {
    const u8 how = input.take<u8>();
    constexpr u8 raw = 0xc0;
    u64 value = how >= raw ? input.take<u64>() : values[how % std::size(values)];
    constexpr u8 with_flip = 0x80;
    if ((how & with_flip) != 0) {
        value ^= bit(input.choose(64));
    }
    return value;
}

void add_loads(Input& input, Assembler& out) {
    const u64 value = take_value(input);
    constexpr unsigned x2apic_registers = 0x40;
    const u8 which = input.take<u8>();
    const u32 number = static_cast<u32>(registers[which % std::size(registers)]) +
                       (which >= x2apic_registers ? input.choose(x2apic_registers) : 0);
    out.load(0, static_cast<u32>(value));
    out.load(1, number);
    out.load(2, static_cast<u32>(value >> 32));
}

void add_memory_form(Input& input, Assembler& out) {
    const u64 value = take_value(input);
    out.store(operand_at, static_cast<u32>(value));
    out.store(operand_at + 4, static_cast<u32>(value >> 32));
    const MemoryForm& form = input.choose_from(memory_forms);
    out.bytes(form.opcode);
    out.bytes({static_cast<u8>(0x04 | form.reg << 3), 0x25});
    out.word(operand_at);
}

/// A store into the page tables or descriptor tables.
void add_table_store(Input& input, Assembler& out) {
    constexpr u32 first = layout::gdt;
    constexpr u32 bytes = layout::code - layout::gdt;
    out.store(first + input.take<u16>() * 4U % bytes, static_cast<u32>(take_value(input)));
}

void add_control_register(Input& input, Assembler& out) {
    const u64 value = take_value(input);
    out.load(0, static_cast<u32>(value));
    const u8 which = input.choose_from(control_registers);
    constexpr u8 to = 0x22;
    constexpr u8 from = 0x20;
    const u8 way = input.take<u8>();
    // With RAX's upper half, as far as there is one: mov rax, imm32 sign-extended.
    if (way % 3 == 0) {
        out.bytes({0x48, 0xc7, 0xc0});
        out.word(static_cast<u32>(value));
    }
    out.bytes({0x0f, way % 4 == 3 ? from : to, static_cast<u8>(0xc0 | which << 3)});
}

void add_debug_register(Input& input, Assembler& out) {
    out.load(0, static_cast<u32>(take_value(input)));
    out.bytes({0x0f, 0x23, static_cast<u8>(0xc0 | input.choose(8) << 3)});
}

void add_invpcid(Input& input, Assembler& out) {
    out.store(operand_at, input.take<u16>());
    out.store(operand_at + 4, input.take<u8>());
    out.store(operand_at + 8, static_cast<u32>(take_value(input)));
    out.load(0, input.choose(6));
    out.bytes({0x66, 0x0f, 0x38, 0x82, 0x04, 0x25});
    out.word(operand_at);
}

}  // namespace

std::vector<u8> make_system_program(Input& input, usize most_bytes) {
    constexpr usize longest_step = 64;
    std::vector<u8> program;
    Assembler out{program};
    while (!input.empty() && program.size() + longest_step <= most_bytes) {
        switch (input.choose(7)) {
            case 0:
            case 1:
                add_loads(input, out);
                out.bytes(input.choose_from(plain));
                break;
            case 2:
                add_memory_form(input, out);
                break;
            case 3:
                add_table_store(input, out);
                break;
            case 4:
                add_control_register(input, out);
                break;
            case 5:
                add_debug_register(input, out);
                break;
            default:
                add_invpcid(input, out);
                break;
        }
    }
    return program;
}

}  // namespace ringfence::fuzz
