// SPDX-License-Identifier: MIT
#include "sim/memory/physical_memory.h"

#include <algorithm>

#include "base/compiler.h"

namespace ringfence::sim::memory {

namespace {

constexpr u8 hole_byte = 0xff;

/// Device accesses are at most this wide.
constexpr unsigned widest_mmio = 8;

/// The marks of a page of which every store is announced.
constexpr u32 all_lines = ~u32{0};

bool all_zero(std::span<const u8> bytes) {
    return bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace

Result<PhysicalMemory, PhysicalMemory::CreateError> PhysicalMemory::create(u64 ram_bytes,
                                                                           const RamImage* image) {
    if (ram_bytes < smallest_ram || ram_bytes > largest_ram || !is_aligned(ram_bytes, page_size)) {
        return Error{CreateError::BadSize};
    }
    const RamLayout layout = RamLayout::of(ram_bytes);
    const u64 span = layout.end();
    RF_ASSERT(image == nullptr || image->end() == span);
    auto ram = HostMapping::create(span);
    auto code_lines = HostMapping::create(align_up(span / page_size * sizeof(u32), page_size));
    if (!ram || !code_lines || (image != nullptr && !image->show_in(*ram))) {
        return Error{CreateError::HostHasNoRoom};
    }
    return PhysicalMemory{std::move(*ram), std::move(*code_lines), layout};
}

PhysicalMemory::PhysicalMemory(HostMapping ram, HostMapping code_lines, RamLayout layout)
    : ram_(std::move(ram)),
      code_lines_mapping_(std::move(code_lines)),
      code_lines_(reinterpret_cast<u32*>(code_lines_mapping_.data())),
      layout_(layout) {}

Result<RamImage, std::string> PhysicalMemory::capture() const {
    RF_TRY_ASSIGN(image, RamImage::create(layout_.end()));
    const std::vector<bool> with_data = ram_.parts_with_data(RamImage::chunk_bytes);
    for (u64 chunk = 0; chunk < image.chunk_count(); ++chunk) {
        const u64 first = chunk * RamImage::chunk_bytes;
        if (!with_data[chunk] || !layout_.contains(first)) {
            continue;
        }
        const std::span<const u8> bytes{ram_.data() + first, image.size_of(chunk)};
        if (!all_zero(bytes) && !image.put(chunk, bytes)) {
            return Error{std::string{"memory: the host has no room for a copy of RAM"}};
        }
    }
    return image;
}

bool PhysicalMemory::holds(const RamImage& image) const {
    const std::vector<bool> with_data = ram_.parts_with_data(RamImage::chunk_bytes);
    std::vector<u8> wanted;
    auto put = image.chunks().begin();
    for (u64 chunk = 0; chunk < image.chunk_count(); ++chunk) {
        const bool is_put = put != image.chunks().end() && *put == chunk;
        put += is_put ? 1 : 0;
        const u64 first = chunk * RamImage::chunk_bytes;
        if (!layout_.contains(first) || (!is_put && !with_data[chunk])) {
            continue;
        }
        const std::span<const u8> now{ram_.data() + first, image.size_of(chunk)};
        wanted.assign(now.size(), 0);
        if ((is_put && !image.get(chunk, wanted)) || !std::ranges::equal(now, wanted)) {
            return false;
        }
    }
    return true;
}

bool PhysicalMemory::is_ram(PhysicalAddress first, u64 bytes) const {
    const u64 start = first.value();
    if (bytes == 0 || start + bytes < start) {
        return bytes == 0;
    }
    const u64 end = start + bytes;
    const auto within = [&](u64 from, u64 to) { return start >= from && end <= to; };
    const bool hidden =
        covered_page_ >= start / page_size && covered_page_ <= (end - 1) / page_size;
    return !hidden && (within(0, std::min(layout_.low_end, RamLayout::hole_start)) ||
                       within(RamLayout::hole_end, layout_.low_end) ||
                       within(RamLayout::high_start, layout_.high_end));
}

const PhysicalMemory::MmioRegion* PhysicalMemory::find_mmio(PhysicalAddress address) const {
    const auto found = std::ranges::find_if(mmio_, [&](const MmioRegion& region) {
        return address.value() - region.base < region.bytes;
    });
    return found == mmio_.end() ? nullptr : &*found;
}

void PhysicalMemory::load(PhysicalAddress address, void* out, unsigned bytes) {
    RF_ASSERT(address.offset_in(page_size) + bytes <= page_size);
    if (RF_LIKELY(is_ram(address))) {
        std::memcpy(out, host(address), bytes);
        return;
    }
    const MmioRegion* const region = find_mmio(address);
    if (region == nullptr) {
        std::memset(out, hole_byte, bytes);
        return;
    }
    device_accessed_ = true;
    for (unsigned done = 0; done < bytes; done += widest_mmio) {
        const unsigned piece = std::min(bytes - done, widest_mmio);
        const u64 value = region->device->mmio_read(address.value() - region->base + done, piece);
        std::memcpy(static_cast<u8*>(out) + done, &value, piece);
    }
}

void PhysicalMemory::fetch(PhysicalAddress address, void* out, unsigned bytes) {
    RF_ASSERT(address.offset_in(page_size) + bytes <= page_size);
    if (RF_LIKELY(is_ram(address))) {
        std::memcpy(out, host(address), bytes);
    } else {
        std::memset(out, hole_byte, bytes);
    }
}

void PhysicalMemory::store(PhysicalAddress address, const void* from, unsigned bytes) {
    RF_ASSERT(address.offset_in(page_size) + bytes <= page_size);
    if (RF_LIKELY(is_ram(address))) {
        std::memcpy(host(address), from, bytes);
        announce_store(address, bytes);
        return;
    }
    const MmioRegion* const region = find_mmio(address);
    device_accessed_ = device_accessed_ || region != nullptr;
    for (unsigned done = 0; region != nullptr && done < bytes; done += widest_mmio) {
        const unsigned piece = std::min(bytes - done, widest_mmio);
        u64 value = 0;
        std::memcpy(&value, static_cast<const u8*>(from) + done, piece);
        region->device->mmio_write(address.value() - region->base + done, piece, value);
    }
}

bool PhysicalMemory::copy_in(PhysicalAddress to, const void* from, u64 bytes) {
    if (!is_ram(to, bytes)) {
        return false;
    }
    const u8* source = static_cast<const u8*>(from);
    while (bytes > 0) {
        const u64 piece = std::min(bytes, page_size - to.offset_in(page_size));
        store(to, source, static_cast<unsigned>(piece));
        to += piece;
        source += piece;
        bytes -= piece;
    }
    return true;
}

bool PhysicalMemory::copy_out(void* to, PhysicalAddress from, u64 bytes) const {
    if (!is_ram(from, bytes)) {
        return false;
    }
    if (bytes > 0) {
        std::memcpy(to, host(from), bytes);
    }
    return true;
}

void PhysicalMemory::add_mmio(PhysicalAddress base, u64 bytes, MmioDevice& device) {
    RF_ASSERT(base.is_aligned(page_size) && is_aligned(bytes, page_size) && !is_ram(base));
    mmio_.push_back({base.value(), bytes, &device});
}

void PhysicalMemory::move_mmio(MmioDevice& device, std::optional<PhysicalAddress> base) {
    RF_ASSERT(!base || base->is_aligned(page_size));
    const auto region = std::ranges::find(mmio_, &device, &MmioRegion::device);
    RF_ASSERT(region != mmio_.end() && region->bytes <= page_size);
    if (region->bytes != 0 && region->base / page_size == covered_page_) {
        covered_page_ = no_page;
    }
    *region = base ? MmioRegion{base->value(), page_size, &device} : MmioRegion{0, 0, &device};
    std::rotate(mmio_.begin(), region, region + 1);  // it answers before those that were there
    if (base && is_ram(*base)) {
        if (page_has_code(*base)) {
            notify_written(*base, page_size);
        }
        covered_page_ = base->value() / page_size;
    }
    if (direct_access_listener_ != nullptr) {
        direct_access_listener_->layout_changed();
    }
}

void PhysicalMemory::add_code(PhysicalAddress first, u64 bytes) {
    RF_ASSERT(bytes > 0 && first.offset_in(page_size) + bytes <= page_size);
    if (!layout_.contains(first.value())) {
        return;
    }
    u32& lines = code_lines_[first.value() / page_size];
    const bool was_data = lines == 0;
    lines |= lines_of(first, bytes);
    if (was_data && direct_access_listener_ != nullptr) {
        direct_access_listener_->page_became_code(first.align_down(page_size));
    }
}

void PhysicalMemory::set_code_lines(PhysicalAddress page, u32 lines) {
    if (!layout_.contains(page.value())) {
        return;
    }
    u32& current = code_lines_[page.value() / page_size];
    const bool was_data = current == 0;
    current = is_watched(page) ? all_lines : lines;
    if (was_data && lines != 0 && direct_access_listener_ != nullptr) {
        direct_access_listener_->page_became_code(page.align_down(page_size));
    }
}

void PhysicalMemory::watch_page(PhysicalAddress address) {
    RF_ASSERT(layout_.contains(address.value()));
    watched_.resize(layout_.end() / page_size);
    watched_[address.value() / page_size] = true;
    set_code_lines(address.align_down(page_size), all_lines);
}

/// What was decoded of the page is dropped: its own marks are not known any more.
void PhysicalMemory::unwatch_page(PhysicalAddress address) {
    if (!is_watched(address)) {
        return;
    }
    const PhysicalAddress page = address.align_down(page_size);
    watched_[page.value() / page_size] = false;
    set_code_lines(page, 0);
    if (code_listener_ != nullptr) {
        code_listener_->code_written(page, page_size);
    }
}

void PhysicalMemory::notify_written(PhysicalAddress first, u64 bytes) {
    if (code_listener_ != nullptr) {
        code_listener_->code_written(first, bytes);
    }
    if (store_listener_ != nullptr && is_watched(first)) {
        store_listener_->watched_page_written(first, bytes);
    }
}

}  // namespace ringfence::sim::memory
