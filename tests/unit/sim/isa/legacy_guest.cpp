// SPDX-License-Identifier: MIT
#include "tests/unit/sim/isa/legacy_guest.h"

#include "arch/x86/cpuid.h"
#include "arch/x86/task_state_segment.h"

namespace ringfence::sim {
namespace {

using arch::x86::Gate;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using arch::x86::TaskStateSegment32;
using cpu::Gpr;
using cpu::SegmentRegister;

constexpr u8 hlt_opcode = 0xf4;

memory::PhysicalMemory create_memory() {
    auto memory = memory::PhysicalMemory::create(4 * mib);
    RF_ASSERT(memory.ok());
    return std::move(memory).value();
}

presets::CpuModel create_model() {
    namespace f = arch::x86::cpuid_feature;
    presets::CpuDescription description;
    description.name = "test";
    description.brand = "test";
    description.identity = {.vendor = arch::x86::Vendor::Intel, .family = 6, .model = 0x2c};
    description.clock_hz = 1'000'000'000;
    description.features = {f::fpu,  f::tsc, f::msr,  f::pae, f::pse,  f::cmpxchg8b,
                            f::cmov, f::pge, f::fxsr, f::sse, f::sse2, f::sysenter,
                            f::vme,  f::de,  f::apic, f::nx,  f::mmx,  f::long_mode};
    return {std::move(description), {}};
}

cpu::Segment loaded(u16 selector, u64 descriptor) {
    return {.selector = selector,
            .usable = true,
            .limit = SegmentDescriptor::limit(descriptor),
            .descriptor = descriptor};
}

}  // namespace

LegacyGuest::LegacyGuest()
    : memory_(create_memory()),
      model_(create_model()),
      cpu({.memory = memory_,
           .ports = *this,
           .pins = pins,
           .interrupts = *this,
           .clock = clock,
           .recorder = recorder_,
           .model = model_}),
      engine(cpu, memory_) {
    const bool accepted = cpu.set_cr0(arch::x86::Cr0::pe.mask | arch::x86::Cr0::et.mask);
    RF_ASSERT(accepted);
    set_descriptor(kernel_cs, SegmentDescriptor::flat_code32(0));
    set_descriptor(kernel_ss, SegmentDescriptor::flat_data(0));
    set_descriptor(user_cs, SegmentDescriptor::flat_code32(3));
    set_descriptor(user_ss, SegmentDescriptor::flat_data(3));
    constexpr u64 busy = SegmentDescriptor::type.make(2);
    set_descriptor(tss_selector,
                   SegmentDescriptor::tss_low(tss, sizeof(TaskStateSegment32) - 1) | busy);
    cpu.gdtr = {.base = gdt, .limit = gdt_end - 1};
    TaskStateSegment32 task{};
    task.inner_stacks[0] = {.esp = inner_stack, .ss = kernel_ss};
    write(tss, task);
    static_cast<cpu::Segment&>(cpu.task) = loaded(tss_selector, descriptor(tss_selector));
    cpu.task.base = tss;
    for (unsigned vector = 0; vector < arch::x86::vector_count; ++vector) {
        write(handler(static_cast<u8>(vector)), hlt_opcode);
        set_gate(static_cast<u8>(vector), Gate::make(handler(static_cast<u8>(vector)), kernel_cs,
                                                     SystemSegmentType::InterruptGate, 3));
    }
    cpu.idtr = {.base = idt, .limit = arch::x86::vector_count * sizeof(u64) - 1};
}

LegacyGuest::~LegacyGuest() = default;

void LegacyGuest::load(const std::vector<u8>& bytes, u32 address) {
    for (usize i = 0; i < bytes.size(); ++i) {
        write(address + i, bytes[i]);
    }
}

cpu::StopReason LegacyGuest::run(unsigned cpl, u32 address) {
    const bool user = cpl == 3;
    const u16 stack = user ? user_ss : kernel_ss;
    const u16 code_selector = user ? user_cs : kernel_cs;
    cpu.set_segment(SegmentRegister::Cs, loaded(code_selector, descriptor(code_selector)), 0);
    for (const auto which : {SegmentRegister::Ss, SegmentRegister::Ds, SegmentRegister::Es,
                             SegmentRegister::Fs, SegmentRegister::Gs}) {
        cpu.set_segment(which, loaded(stack, descriptor(stack)), 0);
    }
    cpu.set_cpl(cpl);
    cpu.gpr[Gpr::Rsp] = user ? user_stack : kernel_stack;
    cpu.halted = false;
    cpu.rip = address;
    return engine.run(recorder_.counters.total_instructions() + 100'000);
}

cpu::StopReason LegacyGuest::run_real() {
    const bool accepted = cpu.set_cr0(arch::x86::Cr0::et.mask);
    RF_ASSERT(accepted);
    for (u16 vector = 0; vector < arch::x86::vector_count; ++vector) {
        write<u16>(vector * 4U, static_cast<u16>(handler(static_cast<u8>(vector))));
        write<u16>(vector * 4U + 2, 0);
    }
    cpu.idtr = {.base = 0, .limit = 0x3ff};
    for (unsigned i = 0; i < cpu::segment_register_count; ++i) {
        const cpu::Segment segment{.selector = real_cs,
                                   .usable = true,
                                   .limit = 0xffff,
                                   .descriptor = SegmentDescriptor::paragraphs(0)};
        cpu.set_segment(static_cast<SegmentRegister>(i), segment, code);
    }
    cpu.set_cpl(0);
    cpu.gpr[Gpr::Rsp] = real_sp;
    cpu.halted = false;
    cpu.rip = 0;
    return engine.run(recorder_.counters.total_instructions() + 100'000);
}

std::optional<u8> LegacyGuest::real_trap() const {
    const u64 offset = cpu.rip - 1 - handlers;
    const bool in_handler = cpu.segment(SegmentRegister::Cs).selector == 0 && cpu.halted &&
                            offset < arch::x86::vector_count * 16 && offset % 16 == 0;
    return in_handler ? std::optional{static_cast<u8>(offset / 16)} : std::nullopt;
}

std::optional<LegacyTrap> LegacyGuest::trap(bool inner) {
    const u64 offset = cpu.rip - 1 - handlers;
    if (!cpu.halted || offset >= arch::x86::vector_count * 16 || offset % 16 != 0) {
        return std::nullopt;
    }
    LegacyTrap found;
    found.vector = static_cast<u8>(offset / 16);
    u64 frame = cpu.gpr[Gpr::Rsp];
    if (arch::x86::pushes_error_code(static_cast<arch::x86::ExceptionVector>(found.vector))) {
        found.error_code = read<u32>(frame);
        frame += sizeof(u32);
    }
    found.eip = read<u32>(frame);
    found.cs = read<u16>(frame + 4);
    found.eflags = read<u32>(frame + 8);
    if (inner) {
        found.esp = read<u32>(frame + 12);
        found.ss = read<u16>(frame + 16);
    }
    return found;
}

}  // namespace ringfence::sim
