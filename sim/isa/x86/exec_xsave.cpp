// SPDX-License-Identifier: MIT
// The XSAVE family, XCR0 and PKRU. [intel/vol1]: chapter 13; [intel/vol2]: the instructions
//
// Components: x87, SSE, AVX where the CPU has it, and PKRU where it has protection keys.
#include "arch/x86/xsave.h"

#include <cstring>

#include "sim/isa/x86/binder.h"
#include "sim/isa/x86/operands.h"
#include "sim/isa/x86/system_checks.h"

namespace ringfence::sim::isa::x86 {
namespace {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Xcr0;
using arch::x86::XsaveArea;
using arch::x86::XsaveComponent;
using arch::x86::XsaveHeader;
using cpu::ExceptionVector;
using cpu::FpuState;
using cpu::FxsaveForm;
using cpu::FxsaveImage;
using cpu::Gpr;

using LowHalf = Bitfield<0, 32>;

bool general_protection(Cpu& cpu) {
    return cpu.raise(ExceptionVector::GeneralProtection);
}

u64 edx_eax(const Cpu& cpu) {
    return u64{cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rdx))} << LowHalf::width |
           cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rax));
}

void set_edx_eax(Cpu& cpu, u64 value) {
    cpu.gpr[Gpr::Rax] = LowHalf::get(value);
    cpu.gpr[Gpr::Rdx] = value >> LowHalf::width;
}

bool require_osxsave(Cpu& cpu) {
    return Cr4::osxsave.test(cpu.cr4()) || cpu.raise(ExceptionVector::InvalidOpcode);
}

// XCR0 --------------------------------------------------------------------------------------------

/// The components that are not in their initial configuration. [intel/vol1]: 13.6
u64 components_in_use(const Cpu& cpu) {
    FpuState initial;
    initial.initialize_x87();
    const bool x87 = cpu.fpu.registers != initial.registers || cpu.fpu.control != initial.control ||
                     cpu.fpu.status != initial.status || cpu.fpu.valid != initial.valid ||
                     cpu.fpu.last_instruction_pointer != 0 || cpu.fpu.last_data_pointer != 0 ||
                     cpu.fpu.last_opcode != 0;
    const bool sse = cpu.fpu.xmm != initial.xmm;
    const bool avx = cpu.fpu.upper != initial.upper;
    return (x87 ? Xcr0::x87.mask : 0) | (sse ? Xcr0::sse.mask : 0) | (avx ? Xcr0::avx.mask : 0) |
           (cpu.pkru() != 0 ? Xcr0::pkru.mask : 0);
}

bool xgetbv(Cpu& cpu, const Op& /*op*/) {
    constexpr u32 in_use = 1;
    const u32 index = cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rcx));
    if (!require_osxsave(cpu)) {
        return false;
    }
    if (index == 0) {
        set_edx_eax(cpu, cpu.msr.xcr0);
        return true;
    }
    if (index != in_use || !cpu.model.has(arch::x86::cpuid_feature::xgetbv1)) {
        return general_protection(cpu);
    }
    set_edx_eax(cpu, cpu.msr.xcr0 & components_in_use(cpu));
    return true;
}

bool xsetbv(Cpu& cpu, const Op& /*op*/) {
    if (!require_osxsave(cpu) || !require_cpl0(cpu)) {
        return false;
    }
    const u64 value = edx_eax(cpu);
    const bool avx_alone = Xcr0::avx.test(value) && !Xcr0::sse.test(value);
    if (cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rcx)) != 0 || !Xcr0::x87.test(value) || avx_alone ||
        (value & ~cpu.model.state_components()) != 0) {
        return general_protection(cpu);
    }
    cpu.set_xcr0(value);
    return true;
}

// Areas -------------------------------------------------------------------------------------------

/// An area in memory, and the components that an instruction was asked for.
struct Area {
    VirtualAddress address;
    u64 requested = 0;  ///< RFBM: by EDX:EAX, of those that XCR0 has
    FxsaveForm form = FxsaveForm::Legacy;

    [[nodiscard]] VirtualAddress header() const { return address + XsaveArea::header; }
};

enum class Rights : u8 { User, Supervisor };

/// `op.extra`: FxsaveForm. IA32_XSS has no components, so XSAVES and XRSTORS reach no more.
template <Rights rights>
bool find_area(Cpu& cpu, const Op& op, Area& out) {
    if (!require_osxsave(cpu) || (rights == Rights::Supervisor && !require_cpl0(cpu))) {
        return false;
    }
    if (Cr0::ts.test(cpu.cr0())) {
        return cpu.raise(ExceptionVector::DeviceNotAvailable);
    }
    out = {.address = linear_address(cpu, op),
           .requested = edx_eax(cpu) & cpu.msr.xcr0,
           .form = static_cast<FxsaveForm>(op.extra)};
    return out.address.is_aligned(XsaveArea::alignment) || general_protection(cpu);
}

/// Where `component` lies in an area whose XCOMP_BV is `compaction`.
VirtualAddress place_of(const Area& area, const XsaveComponent& component, u64 compaction) {
    const u32 offset = XsaveHeader::compacted.test(compaction)
                           ? arch::x86::xsave_compacted_offset(component.index, compaction)
                           : component.offset;
    return area.address + offset;
}

template <typename T>
bool read_part(Cpu& cpu, const Op& op, VirtualAddress address, T* to, usize count) {
    for (usize i = 0; i < count; ++i) {
        if (!cpu.mmu.read(address + i * sizeof(T), to[i])) {
            return memory_fault(cpu, op);
        }
    }
    return true;
}

template <typename T>
bool write_part(Cpu& cpu, const Op& op, VirtualAddress address, const T* from, usize count) {
    for (usize i = 0; i < count; ++i) {
        if (!cpu.mmu.write(address + i * sizeof(T), from[i])) {
            return memory_fault(cpu, op);
        }
    }
    return true;
}

// Saving ------------------------------------------------------------------------------------------

/// The 8-byte words of an FxsaveImage that belong to the x87 state, without MXCSR and its mask.
constexpr usize pointer_words = 3;
constexpr usize mxcsr_word = 3;
constexpr usize first_register_word = 4;
constexpr usize register_words = 16;
constexpr usize first_xmm_word = first_register_word + register_words;

constexpr usize words_each = 2;

/// Of the low or the upper halves of all vector registers that this mode has. [intel/vol1]: 13.4.1
usize vector_words(const Cpu& cpu) {
    return words_each * (cpu.code64() ? 16 : 8);
}

/// Writes the parts of the FXSAVE area for `components`, and MXCSR if asked to.
bool save_legacy_part(Cpu& cpu, const Op& op, const Area& area, u64 components, bool with_mxcsr) {
    const FxsaveImage image = cpu.fpu.fxsave_image(area.form);
    u64 words[sizeof(image) / sizeof(u64)];
    std::memcpy(words, &image, sizeof(image));
    const auto put = [&](usize first, usize count) {
        return write_part(cpu, op, area.address + first * sizeof(u64), words + first, count);
    };
    if (Xcr0::x87.test(components) &&
        !(put(0, pointer_words) && put(first_register_word, register_words))) {
        return false;
    }
    if (with_mxcsr && !put(mxcsr_word, 1)) {
        return false;
    }
    return !Xcr0::sse.test(components) || put(first_xmm_word, vector_words(cpu));
}

/// `compaction` is the XCOMP_BV that the area has, or will have.
bool save_components(Cpu& cpu, const Op& op, const Area& area, u64 components, bool with_mxcsr,
                     u64 compaction) {
    const auto put = [&](const XsaveComponent& component, const u64* words, usize count) {
        return write_part(cpu, op, place_of(area, component, compaction), words, count);
    };
    u64 upper[sizeof(cpu.fpu.upper) / sizeof(u64)];
    std::memcpy(upper, cpu.fpu.upper.data(), sizeof(upper));
    const u64 pkru = cpu.pkru();
    return save_legacy_part(cpu, op, area, components, with_mxcsr) &&
           (!Xcr0::avx.test(components) || put(arch::x86::xsave_avx, upper, vector_words(cpu))) &&
           (!Xcr0::pkru.test(components) || put(arch::x86::xsave_pkru, &pkru, 1));
}

/// Whether all of the area that the requested components need can be written.
bool can_write(Cpu& cpu, const Op& op, const Area& area, u32 bytes) {
    return cpu.mmu.probe_write(area.address, bytes) || memory_fault(cpu, op);
}

/// In the standard format MXCSR comes with the SSE and with the AVX state. [intel/vol1]: 13.5.2
bool has_mxcsr(const Area& area) {
    return (area.requested & (Xcr0::sse.mask | Xcr0::avx.mask)) != 0;
}

enum class Skip : u8 { Nothing, InitialState };

/// XSAVE, and XSAVEOPT, which leaves out what is in its initial state.
template <Skip skip>
bool xsave(Cpu& cpu, const Op& op) {
    Area area;
    u64 state;
    if (!find_area<Rights::User>(cpu, op, area) ||
        !can_write(cpu, op, area, arch::x86::xsave_bytes(area.requested)) ||
        !read_part(cpu, op, area.header(), &state, 1)) {
        return false;
    }
    const u64 in_use = components_in_use(cpu);
    const u64 saved = skip == Skip::InitialState ? area.requested & in_use : area.requested;
    state = (state & ~area.requested) | (in_use & area.requested);
    return save_components(cpu, op, area, saved, has_mxcsr(area), 0) &&
           write_part(cpu, op, area.header(), &state, 1);
}

/// XSAVEC and XSAVES.
template <Rights rights>
bool xsave_compacted(Cpu& cpu, const Op& op) {
    Area area;
    if (!find_area<rights>(cpu, op, area) ||
        !can_write(cpu, op, area, arch::x86::xsave_compacted_bytes(area.requested))) {
        return false;
    }
    u64 in_use = components_in_use(cpu);
    if (cpu.fpu.mxcsr != cpu::mxcsr::reset_value) {
        in_use |= Xcr0::sse.mask;
    }
    const u64 saved = area.requested & in_use;
    const u64 header[] = {saved, area.requested | XsaveHeader::compacted.mask};
    return save_components(cpu, op, area, saved, Xcr0::sse.test(saved), header[1]) &&
           write_part(cpu, op, area.header(), header, std::size(header));
}

// Restoring ---------------------------------------------------------------------------------------

bool is_zero(const u64 (&words)[6]) {
    for (const u64 word : words) {
        if (word != 0) {
            return false;
        }
    }
    return true;
}

/// [intel/vol1]: 13.8.1, 13.8.2, 13.12
bool is_valid(const Cpu& cpu, const XsaveHeader& header) {
    constexpr u64 compacted = XsaveHeader::compacted.mask;
    if ((header.compaction & compacted) == 0) {
        // Bytes 23:8 of the header must be zero; those behind are not looked at.
        return (header.state & ~cpu.msr.xcr0) == 0 && header.compaction == 0 &&
               header.reserved[0] == 0;
    }
    return (header.compaction & ~(cpu.msr.xcr0 | compacted)) == 0 &&
           (header.state & ~header.compaction) == 0 && is_zero(header.reserved);
}

/// What was read of an area, before anything is loaded.
struct Loaded {
    XsaveHeader header;
    FxsaveImage image;
    u64 upper[words_each * 16] = {};
    u64 pkru = 0;
};

/// Whether MXCSR is read: from a compacted area with SSE state, from a standard one even if that is
/// in its initial state. [intel/vol1]: 13.8.1, 13.8.2
bool loads_mxcsr(const Area& area, const XsaveHeader& header) {
    return XsaveHeader::compacted.test(header.compaction)
               ? Xcr0::sse.test(area.requested & header.state)
               : has_mxcsr(area);
}

bool read_area(Cpu& cpu, const Op& op, const Area& area, Loaded& out) {
    u64 words[sizeof(FxsaveImage) / sizeof(u64)] = {};
    const u64 held = area.requested & out.header.state;
    const auto take = [&](usize first, usize count) {
        return read_part(cpu, op, area.address + first * sizeof(u64), words + first, count);
    };
    if (Xcr0::x87.test(held) &&
        !(take(0, pointer_words) && take(first_register_word, register_words))) {
        return false;
    }
    if (loads_mxcsr(area, out.header) && !take(mxcsr_word, 1)) {
        return false;
    }
    if (Xcr0::sse.test(held) && !take(first_xmm_word, vector_words(cpu))) {
        return false;
    }
    std::memcpy(&out.image, words, sizeof(out.image));
    const auto take_component = [&](const XsaveComponent& component, u64* to, usize count) {
        return read_part(cpu, op, place_of(area, component, out.header.compaction), to, count);
    };
    return (!Xcr0::avx.test(held) ||
            take_component(arch::x86::xsave_avx, out.upper, vector_words(cpu))) &&
           (!Xcr0::pkru.test(held) || take_component(arch::x86::xsave_pkru, &out.pkru, 1));
}

void load_x87(Cpu& cpu, const Area& area, const Loaded& loaded) {
    if (Xcr0::x87.test(loaded.header.state)) {
        FxsaveImage image = loaded.image;
        image.mxcsr = cpu.fpu.mxcsr;
        cpu.fpu.load_fxsave_image(image, area.form, 0);
        return;
    }
    FpuState initial;
    initial.initialize_x87();
    initial.xmm = cpu.fpu.xmm;
    initial.upper = cpu.fpu.upper;
    initial.mxcsr = cpu.fpu.mxcsr;
    cpu.fpu = initial;
}

void load_sse(Cpu& cpu, const Loaded& loaded) {
    const usize count = vector_words(cpu) / words_each;
    for (usize i = 0; i < count; ++i) {
        cpu.fpu.xmm[i] = Xcr0::sse.test(loaded.header.state) ? loaded.image.xmm[i] : cpu::Xmm{};
    }
}

/// What is not held is zero in `loaded`, as is the initial state.
void load_avx(Cpu& cpu, const Loaded& loaded) {
    std::memcpy(cpu.fpu.upper.data(), loaded.upper, vector_words(cpu) * sizeof(u64));
}

void load_mxcsr(Cpu& cpu, const Area& area, const Loaded& loaded) {
    if (loads_mxcsr(area, loaded.header)) {
        cpu.fpu.mxcsr = loaded.image.mxcsr;
    } else if (Xcr0::sse.test(area.requested)) {
        cpu.fpu.mxcsr = cpu::mxcsr::reset_value;
    }
}

enum class Formats : u8 { Any, Compacted };

/// XRSTOR, and XRSTORS, which takes compacted areas alone.
template <Rights rights, Formats formats>
bool xrstor(Cpu& cpu, const Op& op) {
    Area area;
    Loaded loaded;
    u64 header[sizeof(XsaveHeader) / sizeof(u64)];
    if (!find_area<rights>(cpu, op, area) ||
        !read_part(cpu, op, area.header(), header, std::size(header))) {
        return false;
    }
    std::memcpy(&loaded.header, header, sizeof(header));
    const bool compacted = XsaveHeader::compacted.test(loaded.header.compaction);
    if (!is_valid(cpu, loaded.header) || (formats == Formats::Compacted && !compacted)) {
        return general_protection(cpu);
    }
    if (!read_area(cpu, op, area, loaded)) {
        return false;
    }
    if (loads_mxcsr(area, loaded.header) && (loaded.image.mxcsr & ~cpu::mxcsr::writable) != 0) {
        return general_protection(cpu);
    }
    if (Xcr0::x87.test(area.requested)) {
        load_x87(cpu, area, loaded);
    }
    if (Xcr0::sse.test(area.requested)) {
        load_sse(cpu, loaded);
    }
    if (Xcr0::avx.test(area.requested)) {
        load_avx(cpu, loaded);
    }
    load_mxcsr(cpu, area, loaded);
    if (Xcr0::pkru.test(area.requested)) {
        cpu.set_pkru(static_cast<u32>(loaded.pkru));
    }
    return true;
}

// PKRU --------------------------------------------------------------------------------------------

/// [intel/vol2]: RDPKRU, WRPKRU
bool require_pke(Cpu& cpu) {
    if (!Cr4::pke.test(cpu.cr4())) {
        return cpu.raise(ExceptionVector::InvalidOpcode);
    }
    return cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rcx)) == 0 || general_protection(cpu);
}

bool rdpkru(Cpu& cpu, const Op& /*op*/) {
    if (!require_pke(cpu)) {
        return false;
    }
    set_edx_eax(cpu, cpu.pkru());
    return true;
}

bool wrpkru(Cpu& cpu, const Op& /*op*/) {
    if (!require_pke(cpu)) {
        return false;
    }
    if (cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rdx)) != 0) {
        return general_protection(cpu);
    }
    cpu.set_pkru(cpu.gpr.get<u32>(cpu::slot_of(Gpr::Rax)));
    return true;
}

// Binders -----------------------------------------------------------------------------------------

template <auto semantics, FxsaveForm form>
bool bind_area(const Instruction& in, OpBuilder& out) {
    out.memory(in, in.operand(0), XsaveArea::extended);
    out.op.extra = static_cast<u8>(form);
    return out.straight<semantics>();
}

template <auto semantics>
bool bind_straight(const Instruction& /*in*/, OpBuilder& out) {
    return out.straight<semantics>();
}

constexpr auto legacy = FxsaveForm::Legacy;
constexpr auto wide = FxsaveForm::Wide;

constexpr BinderRow rows[] = {
    {ZYDIS_MNEMONIC_XGETBV, bind_straight<xgetbv>},
    {ZYDIS_MNEMONIC_XSETBV, bind_straight<xsetbv>},
    {ZYDIS_MNEMONIC_XSAVE, bind_area<xsave<Skip::Nothing>, legacy>},
    {ZYDIS_MNEMONIC_XSAVE64, bind_area<xsave<Skip::Nothing>, wide>},
    {ZYDIS_MNEMONIC_XSAVEOPT, bind_area<xsave<Skip::InitialState>, legacy>},
    {ZYDIS_MNEMONIC_XSAVEOPT64, bind_area<xsave<Skip::InitialState>, wide>},
    {ZYDIS_MNEMONIC_XSAVEC, bind_area<xsave_compacted<Rights::User>, legacy>},
    {ZYDIS_MNEMONIC_XSAVEC64, bind_area<xsave_compacted<Rights::User>, wide>},
    {ZYDIS_MNEMONIC_XSAVES, bind_area<xsave_compacted<Rights::Supervisor>, legacy>},
    {ZYDIS_MNEMONIC_XSAVES64, bind_area<xsave_compacted<Rights::Supervisor>, wide>},
    {ZYDIS_MNEMONIC_XRSTOR, bind_area<xrstor<Rights::User, Formats::Any>, legacy>},
    {ZYDIS_MNEMONIC_XRSTOR64, bind_area<xrstor<Rights::User, Formats::Any>, wide>},
    {ZYDIS_MNEMONIC_XRSTORS, bind_area<xrstor<Rights::Supervisor, Formats::Compacted>, legacy>},
    {ZYDIS_MNEMONIC_XRSTORS64, bind_area<xrstor<Rights::Supervisor, Formats::Compacted>, wide>},
    {ZYDIS_MNEMONIC_RDPKRU, bind_straight<rdpkru>},
    {ZYDIS_MNEMONIC_WRPKRU, bind_straight<wrpkru>},
};

}  // namespace

std::span<const BinderRow> xsave_rows() {
    return rows;
}

}  // namespace ringfence::sim::isa::x86
