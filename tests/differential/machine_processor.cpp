// SPDX-License-Identifier: MIT
#include "tests/differential/machine_processor.h"

#include <cstring>

#include "arch/x86/pte_4level.h"

namespace ringfence::differential {

namespace {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::Pte4Level;
using arch::x86::SegmentDescriptor;
using arch::x86::Xcr0;
using sim::cpu::SegmentRegister;

constexpr u64 ram_bytes = 4 * mib;
// Physical places of the tables and of the sandbox's pages.
constexpr u64 root_table = 0x10'0000;
constexpr u64 pointer_table = 0x10'1000;
constexpr u64 directory = 0x10'2000;
constexpr u64 code_table = 0x10'3000;
constexpr u64 data_table = 0x10'4000;
constexpr u64 code_frame = 0x20'0000;
constexpr u64 data_frame = 0x21'0000;
constexpr u64 read_only_frame = 0x22'0000;

constexpr u64 index_of(u64 address, unsigned level) {
    return address >> (12 + 9 * (level - 1)) & 511;
}

constexpr u64 table_entry(u64 address) {
    return address | Pte4Level::present.mask | Pte4Level::writable.mask | Pte4Level::user.mask |
           Pte4Level::accessed.mask;
}

sim::memory::PhysicalMemory create_memory() {
    auto memory = sim::memory::PhysicalMemory::create(ram_bytes);
    RF_ASSERT(memory.ok());
    return std::move(memory).value();
}

}  // namespace

sim::presets::CpuModel model_with(arch::x86::Vendor vendor,
                                  std::vector<arch::x86::CpuidFeature> features) {
    sim::presets::CpuDescription description;
    description.name = "differential";
    description.brand = "differential";
    description.identity = {.vendor = vendor, .family = 6, .model = 0x2c};
    description.clock_hz = 1'000'000'000;
    description.features = std::move(features);
    return {std::move(description), {}};
}

MachineProcessor::MachineProcessor(sim::presets::CpuModel model, const ReadOnlyImage& read_only)
    : model_(std::move(model)),
      memory_(create_memory()),
      cpu_({.memory = memory_,
            .ports = *this,
            .pins = pins_,
            .interrupts = *this,
            .clock = clock_,
            .recorder = recorder_,
            .model = model_}),
      engine_(cpu_, memory_) {
    recorder_.add(*this);
    map_sandbox(read_only);
    enter_user_mode();
}

MachineProcessor::~MachineProcessor() = default;

void MachineProcessor::map_sandbox(const ReadOnlyImage& read_only) {
    const auto put = [this](u64 table, u64 index, u64 entry) {
        memory_.write(PhysicalAddress{table + 8 * index}, entry);
    };
    put(root_table, 0, table_entry(pointer_table));
    put(pointer_table, 0, table_entry(directory));
    put(directory, index_of(code_base, 2), table_entry(code_table));
    put(directory, index_of(data_base, 2), table_entry(data_table));
    const u64 readable = Pte4Level::present.mask | Pte4Level::user.mask | Pte4Level::accessed.mask;
    for (u64 offset = 0; offset < code_bytes; offset += page_bytes) {
        put(code_table, index_of(code_base + offset, 1), (code_frame + offset) | readable);
    }
    for (u64 offset = 0; offset < data_bytes; offset += page_bytes) {
        put(data_table, index_of(data_base + offset, 1),
            (data_frame + offset) | readable | Pte4Level::writable.mask | Pte4Level::dirty.mask |
                Pte4Level::nx.mask);
    }
    put(data_table, index_of(read_only_page, 1), read_only_frame | readable | Pte4Level::nx.mask);
    std::memset(memory_.host(PhysicalAddress{code_frame}), filler, code_bytes);
    std::memcpy(memory_.host(PhysicalAddress{read_only_frame}), read_only.data(), page_bytes);
}

void MachineProcessor::enter_user_mode() {
    cpu_.set_efer(Efer::lme.mask | Efer::nxe.mask | Efer::sce.mask | Efer::lma.mask);
    bool ok = cpu_.set_cr3(root_table);
    ok = ok &&
         cpu_.set_cr4(Cr4::pae.mask | Cr4::osfxsr.mask | Cr4::osxmmexcpt.mask | Cr4::osxsave.mask);
    cpu_.set_xcr0(Xcr0::x87.mask | Xcr0::sse.mask | Xcr0::avx.mask);
    ok = ok && cpu_.set_cr0(Cr0::pe.mask | Cr0::pg.mask | Cr0::wp.mask | Cr0::ne.mask |
                            Cr0::mp.mask | Cr0::am.mask | Cr0::et.mask);
    RF_ASSERT(ok);
    constexpr u64 flat = SegmentDescriptor::present.mask | SegmentDescriptor::code_or_data.mask |
                         SegmentDescriptor::dpl.make(3) | SegmentDescriptor::accessed.mask |
                         SegmentDescriptor::writable.mask | SegmentDescriptor::granularity.mask;
    const sim::cpu::Segment code{
        .selector = 0x33,
        .usable = true,
        .limit = ~u32{0},
        .descriptor = flat | SegmentDescriptor::code.mask | SegmentDescriptor::long_mode.mask};
    const sim::cpu::Segment stack{.selector = 0x2b,
                                  .usable = true,
                                  .limit = ~u32{0},
                                  .descriptor = flat | SegmentDescriptor::default_big.mask};
    const sim::cpu::Segment null{};
    cpu_.set_segment(SegmentRegister::Cs, code, 0);
    cpu_.set_segment(SegmentRegister::Ss, stack, 0);
    for (const auto which :
         {SegmentRegister::Ds, SegmentRegister::Es, SegmentRegister::Fs, SegmentRegister::Gs}) {
        cpu_.set_segment(which, null, 0);
    }
    cpu_.set_cpl(3);
    // No IDT: the exception is reported, its delivery fails, and the registers stay as it found
    // them.
    cpu_.idtr = {};
}

DataImage& MachineProcessor::data() {
    return *reinterpret_cast<DataImage*>(memory_.host(PhysicalAddress{data_frame}));
}

void MachineProcessor::write_code(u64 address, std::span<const u8> bytes) {
    for (usize i = 0; i < bytes.size(); ++i) {
        memory_.write(PhysicalAddress{code_frame + (address - code_base) + i}, bytes[i]);
    }
}

void MachineProcessor::load_state(const ProcessorState& state) {
    for (unsigned i = 0; i < state.gpr.size(); ++i) {
        cpu_.gpr[static_cast<sim::cpu::Gpr>(i)] = state.gpr[i];
    }
    cpu_.rip = state.rip;
    // Interrupts are enabled in the host's process.
    cpu_.set_rflags(state.rflags | arch::x86::Rflags::interrupt.mask);
    cpu_.fpu.load_fxsave_image(state.fpu, sim::cpu::FxsaveForm::Wide, 16);
    cpu_.fpu.upper = state.upper;
}

ProcessorState MachineProcessor::save_state() const {
    ProcessorState state;
    for (unsigned i = 0; i < state.gpr.size(); ++i) {
        state.gpr[i] = cpu_.gpr[static_cast<sim::cpu::Gpr>(i)];
    }
    state.rip = cpu_.rip;
    state.rflags = cpu_.rflags();
    state.fpu = cpu_.fpu.fxsave_image(sim::cpu::FxsaveForm::Wide);
    state.upper = cpu_.fpu.upper;
    return state;
}

Outcome MachineProcessor::run(const ProcessorState& before, std::span<const u8> instruction) {
    write_code(before.rip, instruction);
    load_state(before);
    outcome_ = {};
    unimplemented_ = false;
    engine_.run(recorder_.counters.total_instructions() + 1);
    outcome_.state = save_state();
    cpu_.shutdown = false;
    constexpr std::array<u8, 15> fillers = [] {
        std::array<u8, 15> bytes{};
        bytes.fill(filler);
        return bytes;
    }();
    write_code(before.rip, std::span{fillers}.first(instruction.size()));
    return outcome_;
}

void MachineProcessor::exception(const sim::observe::ExceptionEvent& event) {
    outcome_.completed = false;
    outcome_.vector = static_cast<ExceptionVector>(event.vector);
    outcome_.error_code = event.error_code;
    outcome_.address = event.address.value();
}
void MachineProcessor::unimplemented_instruction(const sim::observe::Executed&) {
    unimplemented_ = true;
}
u32 MachineProcessor::read(u16, unsigned) {
    return ~u32{0};
}
void MachineProcessor::write(u16, unsigned, u32) {}
u8 MachineProcessor::acknowledge_interrupt() {
    return 0;
}

}  // namespace ringfence::differential
