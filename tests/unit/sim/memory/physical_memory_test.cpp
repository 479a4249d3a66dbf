// SPDX-License-Identifier: MIT
#include "sim/memory/physical_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringfence::sim::memory {
namespace {

PhysicalMemory make(u64 bytes) {
    auto memory = PhysicalMemory::create(bytes);
    EXPECT_TRUE(memory.ok());
    return std::move(memory).value();
}

TEST(PhysicalMemory, RefusesSizesThatMakeNoSense) {
    for (const u64 bytes : {u64{0}, 1 * mib - 4 * kib, 16 * mib + 1, 256 * gib + 4 * kib}) {
        const auto memory = PhysicalMemory::create(bytes);
        ASSERT_FALSE(memory.ok()) << bytes;
        EXPECT_EQ(memory.error(), PhysicalMemory::CreateError::BadSize);
    }
    EXPECT_TRUE(PhysicalMemory::create(1 * mib).ok());
}

TEST(PhysicalMemory, StartsZeroedAndKeepsWhatIsWritten) {
    auto memory = make(16 * mib);
    EXPECT_EQ(memory.read<u64>(PhysicalAddress{2 * mib}), 0U);
    memory.write<u32>(PhysicalAddress{2 * mib + 3}, 0xdead'beef);
    EXPECT_EQ(memory.read<u64>(PhysicalAddress{2 * mib}), 0x00de'adbe'ef00'0000U);
    EXPECT_EQ(memory.physical(memory.host(PhysicalAddress{5 * mib})).value(), 5 * mib);
}

TEST(PhysicalMemory, HolesReadAsAllOnesAndLoseStores) {
    auto memory = make(16 * mib);
    for (const u64 hole : {u64{0xa'0000}, u64{0xf'ffff}, 16 * mib, 3 * gib, 5 * gib, ~u64{0}}) {
        const PhysicalAddress address{hole};
        EXPECT_FALSE(memory.is_ram(address));
        memory.write<u8>(address, 0x12);
        EXPECT_EQ(memory.read<u8>(address), 0xff) << hole;
    }
    EXPECT_TRUE(memory.is_ram(PhysicalAddress{0x9'ffff}));
    EXPECT_TRUE(memory.is_ram(PhysicalAddress{0x10'0000}));
}

TEST(PhysicalMemory, PutsTheRestOfLargeMemoryAbove4Gib) {
    auto memory = make(4 * gib);
    EXPECT_TRUE(memory.is_ram(PhysicalAddress{3 * gib - 1}));
    EXPECT_FALSE(memory.is_ram(PhysicalAddress{3 * gib}));
    EXPECT_TRUE(memory.is_ram(PhysicalAddress{4 * gib}));
    EXPECT_TRUE(memory.is_ram(PhysicalAddress{5 * gib - 1}));
    EXPECT_FALSE(memory.is_ram(PhysicalAddress{5 * gib}));
    memory.write<u64>(PhysicalAddress{5 * gib - 8}, 42);
    EXPECT_EQ(memory.read<u64>(PhysicalAddress{5 * gib - 8}), 42U);
}

TEST(PhysicalMemory, RangesMayNotTouchHolesNorWrap) {
    auto memory = make(4 * gib);
    EXPECT_TRUE(memory.is_ram(PhysicalAddress{1 * mib}, 3 * gib - 1 * mib));
    EXPECT_FALSE(memory.is_ram(PhysicalAddress{1 * mib}, 3 * gib - 1 * mib + 1));
    EXPECT_FALSE(memory.is_ram(PhysicalAddress{0x9'fff0}, 0x20));
    EXPECT_FALSE(memory.is_ram(PhysicalAddress{0x9'fff0}, 1 * mib));
    EXPECT_FALSE(memory.is_ram(PhysicalAddress{~u64{0} - 8}, 64));
    EXPECT_TRUE(memory.is_ram(PhysicalAddress{~u64{0}}, 0));
}

TEST(PhysicalMemory, CopiesAcrossPagesOrNotAtAll) {
    auto memory = make(16 * mib);
    std::vector<u8> bytes(3 * page_size + 17);
    for (usize i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<u8>(i * 7);
    }
    ASSERT_TRUE(memory.copy_in(PhysicalAddress{2 * mib + 100}, bytes.data(), bytes.size()));
    std::vector<u8> back(bytes.size());
    ASSERT_TRUE(memory.copy_out(back.data(), PhysicalAddress{2 * mib + 100}, back.size()));
    EXPECT_EQ(back, bytes);
    EXPECT_FALSE(memory.copy_in(PhysicalAddress{16 * mib - 4}, bytes.data(), 8));
    EXPECT_EQ(memory.read<u32>(PhysicalAddress{16 * mib - 4}), 0U);
    EXPECT_TRUE(memory.copy_in(PhysicalAddress{0}, nullptr, 0));
}

class FakeDevice final : public MmioDevice {
public:
    u64 mmio_read(u64 offset, unsigned bytes) override {
        accesses.push_back({offset, bytes, 0});
        return 0x0807'0605'0403'0201 + offset;
    }
    void mmio_write(u64 offset, unsigned bytes, u64 value) override {
        accesses.push_back({offset, bytes, value});
    }
    struct Access {
        u64 offset;
        unsigned bytes;
        u64 value;
    };
    std::vector<Access> accesses;
};

TEST(PhysicalMemory, RoutesDeviceRegistersByOffsetAndWidth) {
    auto memory = make(16 * mib);
    FakeDevice device;
    memory.add_mmio(PhysicalAddress{0xfee0'0000}, page_size, device);
    EXPECT_EQ(memory.read<u16>(PhysicalAddress{0xfee0'0010}), 0x0211U);
    memory.write<u32>(PhysicalAddress{0xfee0'00b0}, 77);
    struct Wide {
        u64 low, high;
    };
    memory.write(PhysicalAddress{0xfee0'0020}, Wide{1, 2});
    ASSERT_EQ(device.accesses.size(), 4U);
    EXPECT_EQ(device.accesses[0].bytes, 2U);
    EXPECT_EQ(device.accesses[1].offset, 0xb0U);
    EXPECT_EQ(device.accesses[1].value, 77U);
    EXPECT_EQ(device.accesses[3].offset, 0x28U) << "16 bytes are two accesses of 8";
    EXPECT_EQ(device.accesses[3].value, 2U);
    EXPECT_EQ(memory.read<u32>(PhysicalAddress{0xfee0'1000}), ~u32{0}) << "the next page is a hole";
}

class Recorder final : public CodeListener, public DirectAccessListener {
public:
    void code_written(PhysicalAddress first, u64 bytes) override {
        written.push_back({first.value(), bytes});
    }
    void page_became_code(PhysicalAddress page) override { pages.push_back(page.value()); }
    void layout_changed() override { ++layout_changes; }
    std::vector<std::pair<u64, u64>> written;
    std::vector<u64> pages;
    unsigned layout_changes = 0;
};

TEST(PhysicalMemory, AMovedDeviceHidesWhatIsThere) {
    auto memory = make(16 * mib);
    FakeDevice device;
    FakeDevice other;
    Recorder recorder;
    memory.set_code_listener(&recorder);
    memory.set_direct_access_listener(&recorder);
    memory.add_mmio(PhysicalAddress{0xfec0'0000}, page_size, other);
    memory.add_mmio(PhysicalAddress{0xfee0'0000}, page_size, device);

    const PhysicalAddress ram{2 * mib};
    memory.write<u8>(ram + 3, 0x55);
    memory.add_code(ram, 1);
    memory.move_mmio(device, ram);
    EXPECT_EQ(recorder.layout_changes, 1U);
    EXPECT_EQ(recorder.written.size(), 1U) << "what was decoded there is out of reach";
    EXPECT_EQ(memory.read<u8>(ram + 3), 0x04U) << "byte 0 of the device's register 3";
    EXPECT_TRUE(memory.is_device(ram));
    EXPECT_FALSE(memory.is_ram(ram - 8, 16));
    EXPECT_TRUE(memory.is_ram(ram - 8, 8));
    EXPECT_EQ(memory.read<u32>(PhysicalAddress{0xfee0'0000}), ~u32{0}) << "where it was";

    memory.move_mmio(device, PhysicalAddress{0xfec0'0000});
    EXPECT_EQ(memory.read<u8>(ram + 3), 0x55U) << "RAM keeps its bytes";
    other.accesses.clear();
    (void)memory.read<u32>(PhysicalAddress{0xfec0'0000});
    EXPECT_TRUE(other.accesses.empty()) << "the moved device answers";

    memory.move_mmio(device, std::nullopt);
    (void)memory.read<u32>(PhysicalAddress{0xfec0'0000});
    EXPECT_EQ(other.accesses.size(), 1U);
    EXPECT_EQ(memory.read<u32>(PhysicalAddress{0}), 0U) << "nowhere is not address 0";
}

TEST(CodeTracking, LinesCoverExactlyTheirGranules) {
    EXPECT_EQ(PhysicalMemory::lines_of(PhysicalAddress{0x1000}, 1), 1U);
    EXPECT_EQ(PhysicalMemory::lines_of(PhysicalAddress{0x107f}, 1), 1U);
    EXPECT_EQ(PhysicalMemory::lines_of(PhysicalAddress{0x107f}, 2), 3U);
    EXPECT_EQ(PhysicalMemory::lines_of(PhysicalAddress{0x1000}, 4096), ~u32{0});
    EXPECT_EQ(PhysicalMemory::lines_of(PhysicalAddress{0x1fff}, 1), 1U << 31);
}

TEST(CodeTracking, EveryWriterIsAnnounced) {
    auto memory = make(16 * mib);
    Recorder recorder;
    memory.set_code_listener(&recorder);
    memory.set_direct_access_listener(&recorder);
    const PhysicalAddress code{2 * mib + 0x100};
    memory.add_code(code, 20);
    memory.add_code(code + 0x80, 20);
    EXPECT_EQ(recorder.pages, std::vector<u64>{2 * mib}) << "once for each page";

    memory.write<u8>(code + 19, 1);
    memory.write<u8>(code + 0x7f, 1);  // same granule
    memory.write<u8>(code - 1, 1);     // the granule before
    memory.write<u64>(code - 4, 1);    // runs into it
    const u8 byte = 0;
    ASSERT_TRUE(memory.copy_in(code, &byte, 1));
    memory.announce_store(code, 4);
    EXPECT_EQ(recorder.written.size(), 5U);
    EXPECT_EQ(recorder.written[2].first, code.value() - 4);
    EXPECT_EQ(recorder.written[2].second, 8U);
}

TEST(CodeTracking, HolesAreNotTracked) {
    auto memory = make(16 * mib);
    const PhysicalAddress hole{0xffff'fff0};
    memory.add_code(hole, 8);
    memory.set_code_lines(hole.align_down(page_size), 0);
    EXPECT_EQ(memory.read<u8>(hole), 0xffU);
}

TEST(CodeTracking, ClearedMarksAreSilentAndMayComeBack) {
    auto memory = make(16 * mib);
    Recorder recorder;
    memory.set_code_listener(&recorder);
    memory.set_direct_access_listener(&recorder);
    memory.add_code(PhysicalAddress{2 * mib}, 1);
    memory.set_code_lines(PhysicalAddress{2 * mib}, 0);
    EXPECT_FALSE(memory.page_has_code(PhysicalAddress{2 * mib + 5}));
    memory.write<u8>(PhysicalAddress{2 * mib}, 1);
    EXPECT_TRUE(recorder.written.empty());
    memory.add_code(PhysicalAddress{2 * mib}, 1);
    EXPECT_EQ(recorder.pages.size(), 2U);
}

}  // namespace
}  // namespace ringfence::sim::memory
