// SPDX-License-Identifier: MIT
// A bare 32-bit guest for tests of the processor outside long mode: paging off, a GDT, a TSS, and
// an IDT in which the handler of each vector halts at an address of its own.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "arch/x86/idt_gate.h"
#include "arch/x86/segment_descriptor.h"
#include "arch/x86/selector_error_code.h"
#include "sim/cpu/cpu.h"
#include "sim/isa/x86/engine.h"
#include "sim/memory/physical_memory.h"
#include "sim/memory/testing/bare_interrupt_controller.h"

namespace ringfence::sim {

/// What a handler that halted found on its stack.
struct LegacyTrap {
    u8 vector = 0;
    u32 error_code = 0;  ///< 0 for vectors without one
    u32 eip = 0;
    u16 cs = 0;
    u32 eflags = 0;
    // Only if the privilege level changed.
    u32 esp = 0;
    u16 ss = 0;
};

class LegacyGuest final : private memory::PortBus, private memory::BareInterruptController {
public:
    // Physical and linear addresses.
    static constexpr u32 gdt = 0x1000;
    static constexpr u32 idt = 0x2000;
    static constexpr u32 tss = 0x3000;
    static constexpr u32 handlers = 0x4000;
    static constexpr u32 code = 0x1'0000;
    static constexpr u32 data = 0x2'0000;
    static constexpr u32 kernel_stack = 0x4'0000;
    static constexpr u32 inner_stack = 0x4'8000;  ///< for CPL 0, in the TSS
    static constexpr u32 user_stack = 0x5'0000;

    static constexpr u16 kernel_cs = 0x08;
    static constexpr u16 kernel_ss = 0x10;
    static constexpr u16 user_cs = 0x18 | 3;
    static constexpr u16 user_ss = 0x20 | 3;
    static constexpr u16 tss_selector = 0x28;
    /// The selectors from here to gdt_end are a test's own.
    static constexpr u16 free_selector = 0x30;
    static constexpr u16 gdt_end = 0x100;

    // In real mode.
    static constexpr u16 real_cs = code / 16;
    static constexpr u16 real_sp = 0x8000;

    LegacyGuest();
    ~LegacyGuest() override;

    void set_descriptor(u16 selector, u64 descriptor) {
        write(gdt + align_down(selector, sizeof(u64)), descriptor);
    }
    [[nodiscard]] u64 descriptor(u16 selector) {
        return read<u64>(gdt + align_down(selector, sizeof(u64)));
    }
    void set_gate(u8 vector, u64 gate) { write(idt + vector * sizeof(gate), gate); }
    /// The handler's address in the gates that are there at first.
    static constexpr u32 handler(u8 vector) { return handlers + vector * 16U; }

    /// Puts `bytes` at `address`.
    void load(const std::vector<u8>& bytes, u32 address = code);
    /// Starts there, at CPL 0 or 3, and runs until something halts.
    cpu::StopReason run(unsigned cpl = 0, u32 address = code);
    /// Starts in real mode at `code`, which is paragraph 1000H, with all segments there and SP =
    /// 8000H. Handlers of the vector table halt: see real_trap().
    cpu::StopReason run_real();
    /// The vector whose handler halted; nothing if none did.
    [[nodiscard]] std::optional<u8> real_trap() const;

    /// The handler that halted; nothing if none did. `inner`: it was entered from CPL 3.
    [[nodiscard]] std::optional<LegacyTrap> trap(bool inner = false);

    template <typename T>
    [[nodiscard]] T read(u64 address) {
        return memory_.read<T>(PhysicalAddress{address});
    }
    template <typename T>
    void write(u64 address, T value) {
        memory_.write(PhysicalAddress{address}, value);
    }
    [[nodiscard]] u32 reg(cpu::Gpr r) const { return static_cast<u32>(cpu.gpr[r]); }
    [[nodiscard]] u16 selector(cpu::SegmentRegister which) const {
        return cpu.segment(which).selector;
    }

    memory::InterruptPins pins;
    memory::Clock clock;
    std::vector<u64> unimplemented;  ///< addresses

private:
    u32 read(u16 /*port*/, unsigned /*bytes*/) override { return ~u32{0}; }
    void write(u16 /*port*/, unsigned /*bytes*/, u32 /*value*/) override {}
    u8 acknowledge_interrupt() override { return device_vector; }

    static constexpr u8 device_vector = 0x40;

    memory::PhysicalMemory memory_;
    observe::Recorder recorder_;
    presets::CpuModel model_;

public:
    cpu::Cpu cpu;
    isa::x86::Engine engine;
};

}  // namespace ringfence::sim
