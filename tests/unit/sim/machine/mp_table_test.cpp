// SPDX-License-Identifier: MIT
#include "sim/machine/mp_table.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>
#include <vector>

#include "arch/x86/mp_table.h"
#include "sim/presets/preset_file.h"

namespace ringfence::sim::machine {
namespace {

using namespace arch::x86;  // NOLINT(google-build-using-namespace): the table's layout

class MpTableTest : public ::testing::Test {
protected:
    MpTableTest() {
        auto cpu = presets::find_preset("skylake-sp");
        EXPECT_TRUE(cpu.ok());
        publish_mp_table(memory_, cpu.value());
    }
    std::vector<u8> bytes(u64 address, u64 count) {
        std::vector<u8> out(count);
        EXPECT_TRUE(memory_.copy_out(out.data(), PhysicalAddress{address}, count));
        return out;
    }
    static u8 sum(const std::vector<u8>& bytes) {
        u8 total = 0;
        for (const u8 byte : bytes) {
            total = static_cast<u8>(total + byte);
        }
        return total;
    }
    static memory::PhysicalMemory make_memory() {
        auto memory = memory::PhysicalMemory::create(16 * mib);
        EXPECT_TRUE(memory.ok());
        return std::move(memory).value();
    }
    template <typename T>
    T at(u64 address) {
        return memory_.read<T>(PhysicalAddress{address});
    }

    memory::PhysicalMemory memory_ = make_memory();
};

/// As an operating system searches: the last kilobyte of 640, on multiples of 16.
constexpr u64 searched_from = 639 * kib;

TEST_F(MpTableTest, IsWhereKernelsLookAndAddsUp) {
    const auto pointer = at<MpFloatingPointer>(searched_from);
    EXPECT_EQ(std::string_view(pointer.signature, 4), "_MP_");
    EXPECT_EQ(sum(bytes(searched_from, sizeof pointer)), 0);
    EXPECT_EQ(pointer.paragraphs, 1);
    const auto header = at<MpTableHeader>(pointer.table);
    EXPECT_EQ(std::string_view(header.signature, 4), "PCMP");
    EXPECT_EQ(sum(bytes(pointer.table, header.bytes)), 0);
    EXPECT_EQ(header.local_apic, 0xfee0'0000U);
    EXPECT_LE(pointer.table + header.bytes, 640 * kib);
}

TEST_F(MpTableTest, ListsOneProcessorOneIoApicAndTheIsaLines) {
    const u64 table = at<MpFloatingPointer>(searched_from).table;
    const auto header = at<MpTableHeader>(table);
    u64 place = table + sizeof header;
    const auto processor = at<MpProcessor>(place);
    EXPECT_EQ(processor.type, MpEntry::Processor);
    EXPECT_EQ(processor.flags, MpProcessor::enabled | MpProcessor::bootstrap);
    EXPECT_EQ(processor.apic_version, 0x15);
    EXPECT_EQ(processor.signature, 0x0005'0654U);
    place += sizeof processor;
    const auto bus = at<MpBus>(place);
    EXPECT_EQ(bus.type, MpEntry::Bus);
    EXPECT_EQ(std::string_view(bus.name, 6), "ISA   ");
    place += sizeof bus;
    const auto io_apic = at<MpIoApic>(place);
    EXPECT_EQ(io_apic.type, MpEntry::IoApic);
    EXPECT_EQ(io_apic.address, 0xfec0'0000U);
    place += sizeof io_apic;
    for (unsigned irq = 0; irq < 16; ++irq) {
        if (irq == 2) {
            continue;
        }
        const auto interrupt = at<MpInterrupt>(place);
        EXPECT_EQ(interrupt.type, MpEntry::Interrupt);
        EXPECT_EQ(interrupt.bus_irq, irq);
        EXPECT_EQ(interrupt.apic_id, io_apic.id);
        EXPECT_EQ(interrupt.input, irq == 0 ? 2 : irq);
        place += sizeof interrupt;
    }
    EXPECT_EQ(at<MpInterrupt>(place).kind, MpInterrupt::Kind::External);
    EXPECT_EQ(at<MpInterrupt>(place + sizeof(MpInterrupt)).kind, MpInterrupt::Kind::Nmi);
    EXPECT_EQ(at<MpInterrupt>(place + sizeof(MpInterrupt)).input, 1);
    place += 2 * sizeof(MpInterrupt);
    EXPECT_EQ(place, table + header.bytes);
    EXPECT_EQ(header.entries, 3 + 15 + 2);
}

}  // namespace
}  // namespace ringfence::sim::machine
