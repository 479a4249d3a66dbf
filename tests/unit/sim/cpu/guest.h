// SPDX-License-Identifier: MIT
// A bare 64-bit guest for tests of the processor: flat page tables, a GDT, a TSS, and an IDT in
// which the handler of each vector halts at an address of its own.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/cpu/cpu.h"
#include "sim/isa/x86/engine.h"
#include "sim/memory/physical_memory.h"
#include "sim/memory/testing/bare_interrupt_controller.h"

namespace ringfence::sim {

/// What the first handler found.
struct Trap {
    u8 vector = 0;
    u64 error_code = 0;  ///< 0 for vectors without one
    u64 rip = 0;
    u16 cs = 0;
    u64 rflags = 0;
    u64 rsp = 0;
};

class Guest : private memory::PortBus,
              public memory::BareInterruptController,
              private observe::Observer {
public:
    // Linear addresses, which are physical ones too. Pages below `code` and the kernel's stack are
    // supervisor pages, all others user pages; all are writable and executable.
    static constexpr u64 gdt = 0x5000;
    static constexpr u64 idt = 0x6000;
    static constexpr u64 tss = 0x7000;
    static constexpr u64 handlers = 0x8000;
    static constexpr u64 code = 0x1'0000;
    static constexpr u64 data = 0x2'0000;
    static constexpr u64 kernel_stack_page = 0x3'f000;
    static constexpr u64 kernel_stack = 0x4'0000;
    static constexpr u64 user_stack = 0x5'0000;
    static constexpr u64 ist_stack = 0x6'0000;

    static constexpr u16 kernel_cs = 0x08;
    static constexpr u16 kernel_ss = 0x10;
    static constexpr u16 user_ss = 0x18 | 3;
    static constexpr u16 user_cs = 0x20 | 3;
    static constexpr u16 tss_selector = 0x28;

    static constexpr u8 device_vector = 0x40;

    /// What the guest's CPU has beyond the least that it can do with.
    struct Extras {
        std::vector<arch::x86::CpuidFeature> features;
        arch::x86::Vendor vendor = arch::x86::Vendor::Intel;
        u64 arch_capabilities = 0;
    };

    Guest() : Guest(Extras{}) {}
    explicit Guest(const Extras& extras);
    ~Guest() override;

    /// Puts `bytes` at `address` and starts there, at CPL 0 or 3.
    void load(std::span<const u8> bytes, u64 address = code);
    void start(u64 address, unsigned cpl);

    /// Runs until a handler (or the program) halts, or `instructions` more have retired.
    cpu::StopReason run(u64 instructions = 1'000'000);
    /// The exception or interrupt whose handler halted last; nothing if none did.
    [[nodiscard]] std::optional<Trap> trap();

    /// Takes rights from the page at `address`.
    void unmap(u64 address);
    void make_read_only(u64 address);
    void make_supervisor(u64 address);
    /// The page's accessed and dirty flags; it begins as accessed and not dirty.
    void make_accessed(u64 address);
    void make_unaccessed(u64 address);
    void make_writable_at_once(u64 address);  ///< accessed and dirty
    [[nodiscard]] bool is_accessed(u64 address);
    [[nodiscard]] bool is_dirty(u64 address);
    /// Shows the page at `address` (below 2 MiB) at `alias` as well, in a table of its own.
    void map_alias(u64 alias, u64 address);
    /// Selects an IST stack for a vector.
    void use_ist(u8 vector, unsigned number);

    template <typename T>
    [[nodiscard]] T read(u64 address) {
        return memory_.read<T>(PhysicalAddress{address});
    }
    template <typename T>
    void write(u64 address, T value) {
        memory_.write(PhysicalAddress{address}, value);
    }
    u64& reg(cpu::Gpr r) { return cpu.gpr[r]; }
    [[nodiscard]] u64 retired() const { return recorder_.counters.total_instructions(); }
    [[nodiscard]] const observe::Counters& counters() const { return recorder_.counters; }

    memory::InterruptPins pins;
    memory::Clock clock;
    unsigned acknowledged = 0;
    unsigned port_reads = 0;
    u64 apic_base = 0xfee0'0900;
    std::vector<u8> port_bytes;             ///< low bytes of what was written to ports
    std::vector<observe::RootWrite> roots;  ///< written to CR3 by the program
    std::vector<u64> unimplemented;         ///< addresses
    std::vector<observe::TransactionAbort> aborts;

private:
    u32 read(u16 port, unsigned bytes) override;
    void write(u16 port, unsigned bytes, u32 value) override;
    u8 acknowledge_interrupt() override;
    std::optional<u64> read_register(u32 msr) override;
    bool write_register(u32 msr, u64 value) override;
    void unimplemented_instruction(const observe::Executed& event) override;
    void root_write(const observe::RootWrite& event) override { roots.push_back(event); }
    void transaction_abort(const observe::TransactionAbort& event) override {
        aborts.push_back(event);
    }

    void build_tables();
    void build_descriptors();
    void change_page(u64 address, u64 clear_bits, u64 set_bits = 0);
    [[nodiscard]] u64 entry_of(u64 address);

    observe::Recorder recorder_;
    presets::CpuModel model_;

protected:
    memory::PhysicalMemory memory_;

public:
    cpu::Cpu cpu;
    isa::x86::Engine engine;
};

}  // namespace ringfence::sim
