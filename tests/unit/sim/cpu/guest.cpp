// SPDX-License-Identifier: MIT
#include "tests/unit/sim/cpu/guest.h"

#include "arch/x86/cpuid.h"
#include "arch/x86/exception_vector.h"
#include "arch/x86/idt_gate.h"
#include "arch/x86/pte_4level.h"
#include "arch/x86/task_state_segment.h"

namespace ringfence::sim {
namespace {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::IdtGate64;
using arch::x86::Pte4Level;
using arch::x86::SegmentDescriptor;
using arch::x86::TaskStateSegment64Offset;
using cpu::Gpr;
using cpu::SegmentRegister;

constexpr u64 ram_bytes = 4 * mib;
constexpr u64 root_table = 0x1000;
constexpr u64 pointer_table = 0x2000;
constexpr u64 directory = 0x3000;
constexpr u64 page_table = 0x4000;
constexpr u64 alias_tables = 0x20'0000;  // beyond what is mapped
constexpr u64 page_bytes = 4 * kib;
constexpr u64 handler_stride = 16;
constexpr u8 hlt_opcode = 0xf4;

constexpr u64 index_of(u64 address, unsigned level) {
    return address >> (12 + (level - 1) * 9) & 511;
}

memory::PhysicalMemory create_memory() {
    auto memory = memory::PhysicalMemory::create(ram_bytes);
    RF_ASSERT(memory.ok());
    return std::move(memory).value();
}

presets::CpuModel create_model(const Guest::Extras& extras) {
    namespace f = arch::x86::cpuid_feature;
    presets::CpuDescription description;
    description.name = "test";
    description.brand = "test";
    description.identity = {.vendor = extras.vendor, .family = 6, .model = 0x2c};
    description.clock_hz = 1'000'000'000;
    description.arch_capabilities = extras.arch_capabilities;
    description.features = {f::fpu,       f::tsc,        f::msr,    f::pae,   f::cmpxchg8b, f::cmov,
                            f::pge,       f::fxsr,       f::sse,    f::sse2,  f::syscall,   f::nx,
                            f::long_mode, f::cmpxchg16b, f::popcnt, f::lahf64};
    description.features.insert(description.features.end(), extras.features.begin(),
                                extras.features.end());
    return {std::move(description), {}};
}

}  // namespace

Guest::Guest(const Extras& extras)
    : model_(create_model(extras)),
      memory_(create_memory()),
      cpu({.memory = memory_,
           .ports = *this,
           .pins = pins,
           .interrupts = *this,
           .clock = clock,
           .recorder = recorder_,
           .model = model_}),
      engine(cpu, memory_) {
    recorder_.add(*this);
    build_tables();
    build_descriptors();
    cpu.set_efer(Efer::lme.mask | Efer::lma.mask | Efer::nxe.mask | Efer::sce.mask);
    bool ok = cpu.set_cr3(root_table);
    ok = ok && cpu.set_cr4(Cr4::pae.mask | Cr4::osfxsr.mask);
    ok =
        ok && cpu.set_cr0(Cr0::pe.mask | Cr0::pg.mask | Cr0::wp.mask | Cr0::ne.mask | Cr0::et.mask);
    RF_ASSERT(ok);
    roots.clear();
}

Guest::~Guest() = default;

void Guest::build_tables() {
    constexpr u64 pointer = Pte4Level::present.mask | Pte4Level::writable.mask |
                            Pte4Level::user.mask | Pte4Level::accessed.mask;
    write(root_table, pointer_table | pointer);
    write(pointer_table, directory | pointer);
    write(directory, page_table | pointer);
    for (u64 i = 0; i < 512; ++i) {
        const u64 address = i * page_bytes;
        const bool supervisor = address < code || address == kernel_stack_page;
        write(page_table + i * sizeof(u64),
              address | (pointer & ~(supervisor ? Pte4Level::user.mask : 0)));
    }
}

void Guest::build_descriptors() {
    const u64 descriptors[] = {0,
                               SegmentDescriptor::flat_code64(0),
                               SegmentDescriptor::flat_data(0),
                               SegmentDescriptor::flat_data(3),
                               SegmentDescriptor::flat_code64(3),
                               SegmentDescriptor::tss_low(tss, 103),
                               SegmentDescriptor::tss_high(tss)};
    for (usize i = 0; i < std::size(descriptors); ++i) {
        write(gdt + i * sizeof(u64), descriptors[i]);
    }
    cpu.gdtr = {.base = gdt, .limit = sizeof(descriptors) - 1};
    write(tss + TaskStateSegment64Offset::rsp(0), kernel_stack);
    write(tss + TaskStateSegment64Offset::ist(1), ist_stack);
    cpu.task.selector = tss_selector;
    cpu.task.usable = true;
    cpu.task.limit = 103;
    cpu.task.base = tss;
    for (u64 vector = 0; vector < arch::x86::vector_count; ++vector) {
        const u64 handler = handlers + vector * handler_stride;
        write(handler, hlt_opcode);
        const auto gate =
            IdtGate64::make(handler, kernel_cs, arch::x86::SystemSegmentType::InterruptGate, 3, 0);
        write(idt + vector * sizeof(gate), gate);
    }
    cpu.idtr = {.base = idt, .limit = 0xfff};
}

void Guest::load(std::span<const u8> bytes, u64 address) {
    for (usize i = 0; i < bytes.size(); ++i) {
        write(address + i, bytes[i]);
    }
}

void Guest::start(u64 address, unsigned cpl) {
    const auto segment = [](u16 selector, u64 descriptor) {
        return cpu::Segment{
            .selector = selector, .usable = true, .limit = ~u32{0}, .descriptor = descriptor};
    };
    const bool user = cpl == 3;
    cpu.set_segment(SegmentRegister::Cs,
                    segment(user ? user_cs : kernel_cs, SegmentDescriptor::flat_code64(cpl)), 0);
    cpu.set_segment(SegmentRegister::Ss,
                    segment(user ? user_ss : kernel_ss, SegmentDescriptor::flat_data(cpl)), 0);
    cpu.set_cpl(cpl);
    cpu.gpr[Gpr::Rsp] = user ? user_stack : kernel_stack;
    cpu.halted = false;
    cpu.rip = address;
}

cpu::StopReason Guest::run(u64 instructions) {
    return engine.run(retired() + instructions);
}

std::optional<Trap> Guest::trap() {
    const u64 offset = cpu.rip - handlers;
    if (!cpu.halted || offset >= arch::x86::vector_count * handler_stride) {
        return std::nullopt;
    }
    Trap found;
    found.vector = static_cast<u8>(offset / handler_stride);
    u64 frame = cpu.gpr[Gpr::Rsp];
    const auto vector = static_cast<arch::x86::ExceptionVector>(found.vector);
    if (arch::x86::pushes_error_code(vector)) {
        found.error_code = read<u64>(frame);
        frame += sizeof(u64);
    }
    found.rip = read<u64>(frame);
    found.cs = read<u16>(frame + 8);
    found.rflags = read<u64>(frame + 16);
    found.rsp = read<u64>(frame + 24);
    return found;
}

void Guest::change_page(u64 address, u64 clear_bits, u64 set_bits) {
    const u64 place = page_table + address / page_bytes * sizeof(u64);
    write(place, (read<u64>(place) & ~clear_bits) | set_bits);
    cpu.mmu.invlpg(VirtualAddress{address});
}

void Guest::unmap(u64 address) {
    change_page(address, Pte4Level::present.mask);
}

void Guest::make_read_only(u64 address) {
    change_page(address, Pte4Level::writable.mask);
}

void Guest::make_supervisor(u64 address) {
    change_page(address, Pte4Level::user.mask);
}

void Guest::make_accessed(u64 address) {
    change_page(address, 0, Pte4Level::accessed.mask);
}

void Guest::make_unaccessed(u64 address) {
    change_page(address, Pte4Level::accessed.mask);
}

void Guest::make_writable_at_once(u64 address) {
    change_page(address, 0, Pte4Level::accessed.mask | Pte4Level::dirty.mask);
}

bool Guest::is_accessed(u64 address) {
    return Pte4Level::accessed.test(entry_of(address));
}

bool Guest::is_dirty(u64 address) {
    return Pte4Level::dirty.test(entry_of(address));
}

u64 Guest::entry_of(u64 address) {
    return read<u64>(page_table + address / page_bytes * sizeof(u64));
}

void Guest::map_alias(u64 alias, u64 address) {
    constexpr u64 rights = Pte4Level::present.mask | Pte4Level::writable.mask |
                           Pte4Level::accessed.mask | Pte4Level::dirty.mask;
    u64 table = root_table;
    for (unsigned level = 4; level > 1; --level) {
        const u64 next = alias_tables + (4 - level) * page_bytes;
        write(table + index_of(alias, level) * sizeof(u64), next | rights);
        table = next;
    }
    write(table + index_of(alias, 1) * sizeof(u64), address | rights);
}

void Guest::use_ist(u8 vector, unsigned number) {
    const u64 place = idt + vector * sizeof(IdtGate64);
    write(place, IdtGate64::ist.set(read<u64>(place), number));
}

u32 Guest::read(u16 /*port*/, unsigned /*bytes*/) {
    ++port_reads;
    return ~u32{0};
}

/// A port that any program may poke: the interrupt line goes up.
void Guest::write(u16 /*port*/, unsigned /*bytes*/, u32 value) {
    pins.interrupt = value != 0;
    port_bytes.push_back(static_cast<u8>(value));
}

u8 Guest::acknowledge_interrupt() {
    ++acknowledged;
    pins.interrupt = false;
    return device_vector;
}

/// Of the controller's registers there is only IA32_APIC_BASE, which takes any value.
std::optional<u64> Guest::read_register(u32 msr) {
    const bool known = static_cast<arch::x86::Msr>(msr) == arch::x86::Msr::IA32_APIC_BASE;
    return known ? std::optional{apic_base} : std::nullopt;
}

bool Guest::write_register(u32 msr, u64 value) {
    const bool known = static_cast<arch::x86::Msr>(msr) == arch::x86::Msr::IA32_APIC_BASE;
    apic_base = known ? value : apic_base;
    return known;
}

void Guest::unimplemented_instruction(const observe::Executed& event) {
    unimplemented.push_back(event.rip.value());
}

}  // namespace ringfence::sim
