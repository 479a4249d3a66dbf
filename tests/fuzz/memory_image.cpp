// SPDX-License-Identifier: MIT
#include "tests/fuzz/memory_image.h"

#include <cstring>
#include <span>
#include <vector>

#include "arch/x86/exception_vector.h"
#include "arch/x86/idt_gate.h"
#include "arch/x86/pte_2level.h"
#include "arch/x86/pte_4level.h"
#include "arch/x86/segment_descriptor.h"
#include "arch/x86/task_state_segment.h"
#include "base/compiler.h"

namespace ringfence::fuzz {
namespace {

using namespace layout;  // NOLINT(google-build-using-namespace): this file's own vocabulary
using arch::x86::Gate;
using arch::x86::IdtGate64;
using arch::x86::Pte2Level;
using arch::x86::Pte4Level;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using arch::x86::TaskStateSegment32;
using arch::x86::TaskStateSegment64;

constexpr u64 page_bytes = 4 * kib;
constexpr unsigned idt_vectors = 256;
constexpr u16 tss_limit = 0x1ff;  ///< the I/O permission bitmap behind it permits all ports it has
constexpr u16 bitmap_offset = sizeof(TaskStateSegment32);

// Each skips a byte of what it interrupted: inc [stack]; iret. Some drop an error code before.
constexpr u8 skip64[] = {0x48, 0xff, 0x04, 0x24, 0x48, 0xcf};
constexpr u8 skip64_error[] = {0x48, 0x83, 0xc4, 0x08, 0x48, 0xff, 0x04, 0x24, 0x48, 0xcf};
constexpr u8 skip32[] = {0xff, 0x04, 0x24, 0xcf};
constexpr u8 skip32_error[] = {0x83, 0xc4, 0x04, 0xff, 0x04, 0x24, 0xcf};
/// push bp; mov bp, sp; inc word [bp+2]; pop bp; iret
constexpr u8 skip16[] = {0x55, 0x89, 0xe5, 0xff, 0x46, 0x02, 0x5d, 0xcf};

constexpr u32 handler64 = handlers;
constexpr u32 handler64_error = handlers + 0x20;
constexpr u32 handler32 = handlers + 0x40;
constexpr u32 handler32_error = handlers + 0x60;

class Image {
public:
    template <typename T>
    void put(u64 address, const T& value) {
        std::memcpy(bytes_.data() + address, &value, sizeof(T));
    }
    void fill(u64 address, u64 bytes, u8 value) {
        std::memset(bytes_.data() + address, value, bytes);
    }
    [[nodiscard]] std::span<const u8> bytes() const { return bytes_; }

private:
    std::vector<u8> bytes_ = std::vector<u8>(end);
};

void put_handlers(Image& image) {
    image.put(real_handler, skip16);
    image.put(handler64, skip64);
    image.put(handler64_error, skip64_error);
    image.put(handler32, skip32);
    image.put(handler32_error, skip32_error);
    for (unsigned vector = 0; vector < idt_vectors; ++vector) {
        const bool error =
            vector < arch::x86::vector_count &&
            arch::x86::pushes_error_code(static_cast<arch::x86::ExceptionVector>(vector));
        image.put(u64{vector} * sizeof(u32), static_cast<u32>(real_handler));
        image.put(legacy_idt + vector * sizeof(u64),
                  Gate::make(error ? handler32_error : handler32, selector::code32,
                             SystemSegmentType::InterruptGate, 3));
        image.put(long_idt + vector * sizeof(IdtGate64),
                  IdtGate64::make(error ? handler64_error : handler64, selector::code64,
                                  SystemSegmentType::InterruptGate, 3, vector % 8 == 2 ? 1 : 0));
    }
    constexpr auto double_fault = static_cast<u64>(arch::x86::ExceptionVector::DoubleFault);
    image.put(legacy_idt + double_fault * sizeof(u64),
              Gate::make(0, selector::other_tss, SystemSegmentType::TaskGate, 3));
}

constexpr u64 without_big(u64 descriptor) {
    return descriptor &
           ~(SegmentDescriptor::default_big.mask | SegmentDescriptor::granularity.mask);
}
/// As large as RAM: what lies beyond takes time only.
constexpr u64 within_ram(u64 descriptor) {
    const u64 last = ram_bytes / page_bytes - 1;
    return SegmentDescriptor::limit_high.set(SegmentDescriptor::limit_low.set(descriptor, last), 0);
}

void put_descriptors(Image& image) {
    const auto at = [](u16 selector) { return gdt + align_down(selector, sizeof(u64)); };
    constexpr u64 busy = SegmentDescriptor::type.make(2);
    constexpr u64 ldt_descriptor =
        SegmentDescriptor::limit_low.make(ldt_bytes - 1) | SegmentDescriptor::base_low.make(ldt) |
        SegmentDescriptor::type.make(static_cast<u64>(SystemSegmentType::Ldt)) |
        SegmentDescriptor::present.mask;
    for (const unsigned privilege : {0U, 3U}) {
        const u64 code32 = within_ram(SegmentDescriptor::flat_code32(privilege));
        const u64 data32 = within_ram(SegmentDescriptor::flat_data(privilege));
        image.put(at(privilege == 0 ? selector::code32 : selector::user_code32), code32);
        image.put(at(privilege == 0 ? selector::stack : selector::user_stack), data32);
        image.put(at(privilege == 0 ? selector::code16 : selector::user_code16),
                  without_big(code32));
        image.put(at(privilege == 0 ? selector::stack16 : selector::user_stack16),
                  without_big(data32));
        image.put(at(privilege == 0 ? selector::code64 : selector::user_code64),
                  SegmentDescriptor::flat_code64(privilege));
    }
    image.put(at(selector::legacy_tss), SegmentDescriptor::tss_low(legacy_tss, tss_limit) | busy);
    image.put(at(selector::long_tss), SegmentDescriptor::tss_low(long_tss, tss_limit) | busy);
    image.put(at(selector::other_tss), SegmentDescriptor::tss_low(other_tss, tss_limit));
    image.put(at(selector::call_gate32),
              Gate::make(code, selector::code32, SystemSegmentType::CallGate, 3, 2));
    image.put(at(selector::task_gate),
              Gate::make(0, selector::other_tss, SystemSegmentType::TaskGate, 3));
    image.put(at(selector::ldt), ldt_descriptor);
    image.put(at(selector::call_gate64),
              Gate::make(code, selector::code64, SystemSegmentType::CallGate, 3));
    image.put(ldt, SegmentDescriptor::flat_data(3));
    image.put(ldt + sizeof(u64), SegmentDescriptor::flat_code32(3));
}

void put_tasks(Image& image) {
    TaskStateSegment32 task{};
    task.inner_stacks[0] = {.esp = static_cast<u32>(kernel_stack), .ss = selector::stack};
    task.io_map_base = bitmap_offset;
    image.put(legacy_tss, task);
    task.cr3 = static_cast<u32>(two_level_directory);
    task.eip = static_cast<u32>(code);
    task.registers[4] = static_cast<u32>(kernel_stack);
    for (u32& segment : task.segments) {
        segment = selector::stack;
    }
    task.segments[1] = selector::code32;
    image.put(other_tss, task);
    TaskStateSegment64 long_task{};
    long_task.rsp[0] = kernel_stack;
    long_task.ist[0] = ist_stack;
    long_task.io_map_base = bitmap_offset;
    image.put(long_tss, long_task);
}

/// The rights of a page, in the bits that all formats share.
u64 rights_of(u64 address) {
    u64 rights = Pte4Level::present.mask | Pte4Level::writable.mask | Pte4Level::accessed.mask;
    rights |= address >= code ? Pte4Level::user.mask : Pte4Level::global.mask;
    switch (address) {
        case absent_page:
            return rights & ~Pte4Level::present.mask;
        case read_only_page:
            return rights & ~Pte4Level::writable.mask;
        case supervisor_page:
            return rights & ~Pte4Level::user.mask;
        default:
            return rights;
    }
}

void put_page_tables(Image& image) {
    constexpr u64 pointer =
        Pte4Level::present.mask | Pte4Level::writable.mask | Pte4Level::user.mask;
    image.put(pml4, long_pdpt | pointer);
    image.put(long_pdpt, long_directory | pointer);
    image.put(long_directory, long_table | pointer);
    image.put(long_directory + sizeof(u64), pointer | Pte4Level::page_size.mask);
    const auto index = [](u64 address, unsigned level) {
        return address >> (12 + 9 * (level - 1)) & 511;
    };
    image.put(pml4 + index(kernel_alias, 4) * sizeof(u64), long_pdpt | pointer);
    image.put(long_pdpt + index(kernel_alias, 3) * sizeof(u64),
              long_directory | Pte4Level::present.mask | Pte4Level::writable.mask);
    image.put(pae_pdpt, pae_directory | Pte4Level::present.mask);
    image.put(pae_directory, pae_table | pointer);
    image.put(two_level_directory, static_cast<u32>(two_level_table | pointer));
    for (u64 address = 0; address < end; address += page_bytes) {
        const u64 number = address / page_bytes;
        const u64 entry = address | rights_of(address);
        const u64 no_execute = address == no_execute_page ? Pte4Level::nx.mask : 0;
        image.put(long_table + number * sizeof(u64), entry | no_execute);
        image.put(pae_table + number * sizeof(u64), entry | no_execute);
        image.put(two_level_table + number * sizeof(u32), static_cast<u32>(entry));
    }
}

}  // namespace

sim::memory::RamImage make_memory_image() {
    constexpr u8 hlt = 0xf4;
    Image image;
    image.fill(code, code_bytes, hlt);
    put_handlers(image);
    put_descriptors(image);
    put_tasks(image);
    put_page_tables(image);
    auto ram = sim::memory::RamImage::create(ram_bytes);
    RF_ASSERT(ram.ok());
    const auto bytes = image.bytes();
    for (u64 chunk = 0; chunk * ram.value().size_of(0) < bytes.size(); ++chunk) {
        const u64 size = ram.value().size_of(chunk);
        RF_ASSERT(ram.value().put(chunk, bytes.subspan(chunk * size, size)));
    }
    return std::move(ram).value();
}

}  // namespace ringfence::fuzz
