// SPDX-License-Identifier: MIT
#include "sim/machine/mp_table.h"

#include <algorithm>
#include <vector>

#include "arch/x86/io_apic.h"
#include "arch/x86/mp_table.h"
#include "arch/x86/msr.h"
#include "base/compiler.h"
#include "sim/devices/platform.h"
#include "sim/machine/boot/guest_space.h"

namespace ringfence::sim::machine {

using arch::x86::MpEntry;
using arch::x86::MpInterrupt;

namespace {

constexpr u8 revision_1_4 = 4;
constexpr u8 processor_apic_id = 0;
constexpr u8 io_apic_id = 1;
constexpr u8 isa_bus = 0;

/// The byte that makes the sum of `bytes`, among which it is 0 so far, a multiple of 256.
u8 checksum_of(std::span<const u8> bytes) {
    u8 sum = 0;
    for (const u8 byte : bytes) {
        sum = static_cast<u8>(sum + byte);
    }
    return static_cast<u8>(-sum);
}

template <typename T>
std::span<const u8> bytes_of(const T& value) {
    return {reinterpret_cast<const u8*>(&value), sizeof value};
}

class Entries {
public:
    template <typename T>
    void add(const T& entry) {
        const auto bytes = bytes_of(entry);
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        ++count_;
    }
    [[nodiscard]] const std::vector<u8>& bytes() const { return bytes_; }
    [[nodiscard]] u16 count() const { return count_; }

private:
    std::vector<u8> bytes_;
    u16 count_ = 0;
};

MpInterrupt isa_interrupt(unsigned irq) {
    return {.type = MpEntry::Interrupt,
            .kind = MpInterrupt::Kind::Vectored,
            .flags = 0,
            .bus = isa_bus,
            .bus_irq = static_cast<u8>(irq),
            .apic_id = io_apic_id,
            .input = static_cast<u8>(devices::io_apic_input(irq))};
}

MpInterrupt local_interrupt(MpInterrupt::Kind kind, u8 pin) {
    return {.type = MpEntry::LocalInterrupt,
            .kind = kind,
            .flags = 0,
            .bus = isa_bus,
            .bus_irq = 0,
            .apic_id = MpInterrupt::every_apic,
            .input = pin};
}

Entries entries_for(const presets::CpuModel& cpu) {
    const arch::x86::CpuidResult identity = cpu.cpuid(arch::x86::cpuid_features, 0);
    Entries entries;
    entries.add(arch::x86::MpProcessor{
        .apic_id = processor_apic_id,
        .apic_version = devices::apic_version(cpu.description().identity.vendor),
        .flags = arch::x86::MpProcessor::enabled | arch::x86::MpProcessor::bootstrap,
        .signature = identity.eax,
        .features = identity.edx,
        .reserved = {}});
    entries.add(arch::x86::MpBus{.id = isa_bus, .name = {'I', 'S', 'A', ' ', ' ', ' '}});
    entries.add(
        arch::x86::MpIoApic{.id = io_apic_id,
                            .version = devices::IoApic::version,
                            .flags = arch::x86::MpIoApic::usable,
                            .address = static_cast<u32>(arch::x86::io_apic_address.value())});
    for (unsigned irq = 0; irq < devices::isa_irq_count; ++irq) {
        if (irq != devices::cascade_irq) {
            entries.add(isa_interrupt(irq));
        }
    }
    entries.add(local_interrupt(MpInterrupt::Kind::External, 0));
    entries.add(local_interrupt(MpInterrupt::Kind::Nmi, 1));
    return entries;
}

}  // namespace

void publish_mp_table(memory::PhysicalMemory& memory, const presets::CpuModel& cpu) {
    const Entries entries = entries_for(cpu);
    arch::x86::MpTableHeader header{
        .signature = {'P', 'C', 'M', 'P'},
        .bytes = static_cast<u16>(sizeof(arch::x86::MpTableHeader) + entries.bytes().size()),
        .revision = revision_1_4,
        .checksum = 0,
        .oem = {'R', 'I', 'N', 'G', 'F', 'N', 'C', 'E'},
        .product = {'M', 'A', 'C', 'H', 'I', 'N', 'E', ' ', ' ', ' ', ' ', ' '},
        .oem_table = 0,
        .oem_table_bytes = 0,
        .entries = entries.count(),
        .local_apic = static_cast<u32>(arch::x86::ApicBase::reset_address().value()),
        .extended_bytes = 0,
        .extended_checksum = 0,
        .reserved = 0};
    // The sum of the sums: checksum_of gives what is missing from each.
    header.checksum = static_cast<u8>(checksum_of(bytes_of(header)) + checksum_of(entries.bytes()));

    const PhysicalAddress pointer_place{boot::low_memory_end};
    const PhysicalAddress table_place = pointer_place + sizeof(arch::x86::MpFloatingPointer);
    arch::x86::MpFloatingPointer pointer{.signature = {'_', 'M', 'P', '_'},
                                         .table = static_cast<u32>(table_place.value()),
                                         .paragraphs = 1,
                                         .revision = revision_1_4,
                                         .checksum = 0,
                                         .features = {}};
    pointer.checksum = checksum_of(bytes_of(pointer));

    const bool fits =
        memory.copy_in(pointer_place, &pointer, sizeof pointer) &&
        memory.copy_in(table_place, &header, sizeof header) &&
        memory.copy_in(table_place + sizeof header, entries.bytes().data(), entries.bytes().size());
    RF_ASSERT(fits);  // every machine has RAM up to 640 KiB
}

}  // namespace ringfence::sim::machine
