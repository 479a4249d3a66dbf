// SPDX-License-Identifier: MIT
// The guest's physical address space: RAM in one host mapping, device registers, and holes that
// read as all ones. Every store to RAM ends in `store()` or was announced to it, so that decoded
// instructions are dropped when their bytes change.
#pragma once

#include <cstring>
#include <optional>
#include <type_traits>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/types.h"
#include "sim/memory/host_mapping.h"
#include "sim/memory/ram_image.h"

namespace ringfence::sim::memory {

inline constexpr u64 page_size = 4 * kib;
inline constexpr u64 page_offset_mask = page_size - 1;
/// Code is tracked in pieces of this many bytes, 32 to a page.
inline constexpr u64 code_granule = 128;

/// A device's registers in physical memory. `offset` counts from the start of its region; `bytes`
/// is 1, 2, 4 or 8 (16-byte accesses arrive as two of 8).
class MmioDevice {
public:
    virtual ~MmioDevice() = default;
    virtual u64 mmio_read(u64 offset, unsigned bytes) = 0;
    virtual void mmio_write(u64 offset, unsigned bytes, u64 value) = 0;
};

/// The owner of decoded instructions: hears of each store that overlaps a granule marked by
/// `add_code`. Called after the store. It drops what it has decoded there and narrows the marks by
/// `set_code_lines`.
class CodeListener {
public:
    virtual ~CodeListener() = default;
    virtual void code_written(PhysicalAddress first, u64 bytes) = 0;
};

/// Whoever caches "this page may be reached directly" hears when that ends.
class DirectAccessListener {
public:
    virtual ~DirectAccessListener() = default;
    /// Stores to the page must be announced from now on.
    virtual void page_became_code(PhysicalAddress page) = 0;
    /// A device covers RAM, or covers it no more.
    virtual void layout_changed() = 0;
};

/// Whoever watches pages hears of each store to one of them. Called after the store.
class StoreListener {
public:
    virtual ~StoreListener() = default;
    virtual void watched_page_written(PhysicalAddress first, u64 bytes) = 0;
};

/// Where RAM lies: [0, low_end) without [hole_start, hole_end), and, beyond the 32-bit device hole,
/// [4 GiB, high_end).
struct RamLayout {
    static constexpr u64 hole_start = 640 * kib;  ///< video memory and ROMs on a PC
    static constexpr u64 hole_end = 1 * mib;
    static constexpr u64 device_hole_start = 3 * gib;
    static constexpr u64 high_start = 4 * gib;

    u64 low_end;
    u64 high_end;  ///< == high_start when all RAM is low

    static constexpr RamLayout of(u64 ram_bytes) {
        return ram_bytes <= device_hole_start
                   ? RamLayout{ram_bytes, high_start}
                   : RamLayout{device_hole_start, high_start + ram_bytes - device_hole_start};
    }
    /// One past the last byte of RAM.
    [[nodiscard]] constexpr u64 end() const { return high_end > high_start ? high_end : low_end; }
    [[nodiscard]] constexpr bool contains(u64 address) const {
        return address < low_end ? (address < hole_start || address >= hole_end)
                                 : address >= high_start && address < high_end;
    }
};

class PhysicalMemory {
public:
    static constexpr u64 smallest_ram = 1 * mib;
    static constexpr u64 largest_ram = 256 * gib;

    enum class CreateError { BadSize, HostHasNoRoom };
    /// `ram_bytes`: a multiple of 4 KiB from smallest_ram to largest_ram.
    /// RAM holds zeroes, or what `image` (of as much RAM) does.
    static Result<PhysicalMemory, CreateError> create(u64 ram_bytes,
                                                      const RamImage* image = nullptr);

    /// What RAM holds now. The error is one line.
    [[nodiscard]] Result<RamImage, std::string> capture() const;
    /// Whether RAM holds what `image`, of as much RAM, does. False, too, if the host fails.
    [[nodiscard]] bool holds(const RamImage& image) const;

    [[nodiscard]] const RamLayout& layout() const { return layout_; }

    /// Whether the page that holds `address` is RAM.
    [[nodiscard]] bool is_ram(PhysicalAddress address) const {
        return layout_.contains(address.value()) && address.value() / page_size != covered_page_;
    }
    /// Whether a device answers at `address`.
    [[nodiscard]] bool is_device(PhysicalAddress address) const {
        return !is_ram(address) && find_mmio(address) != nullptr;
    }
    /// Whether a device's registers were accessed since they were last to be forgotten.
    [[nodiscard]] bool was_device_accessed() const { return device_accessed_; }
    void forget_device_access() { device_accessed_ = false; }
    /// Whether all of [first, first + bytes) is RAM.
    [[nodiscard]] bool is_ram(PhysicalAddress first, u64 bytes) const;

    /// The host's view of RAM: physical address P is at ram_base() + P. Only for addresses that
    /// `is_ram` accepts.
    [[nodiscard]] u8* ram_base() const { return ram_.data(); }
    [[nodiscard]] u8* host(PhysicalAddress address) const { return ram_.data() + address.value(); }
    /// The inverse of `host`.
    [[nodiscard]] PhysicalAddress physical(const u8* pointer) const {
        return PhysicalAddress{static_cast<u64>(pointer - ram_.data())};
    }

    /// As `load`, for the processor's decoder: code that is in no RAM reads as all ones, and no
    /// device hears of it.
    void fetch(PhysicalAddress address, void* out, unsigned bytes);

    /// A load by the processor or a device; must not cross a page. Holes read as all ones.
    template <typename T>
    [[nodiscard]] T read(PhysicalAddress address) {
        static_assert(std::is_trivially_copyable_v<T>);
        T value;
        load(address, &value, sizeof(T));
        return value;
    }
    /// A store by the processor or a device; must not cross a page. Stores to holes are lost.
    template <typename T>
    void write(PhysicalAddress address, const T& value) {
        static_assert(std::is_trivially_copyable_v<T>);
        store(address, &value, sizeof(T));
    }

    /// As `read` and `write`, for any size up to the end of the page.
    void load(PhysicalAddress address, void* out, unsigned bytes);
    void store(PhysicalAddress address, const void* from, unsigned bytes);

    /// Copies into RAM, across pages; false (and nothing copied) unless all of it is RAM. For
    /// loaders and devices that master the bus.
    [[nodiscard]] bool copy_in(PhysicalAddress to, const void* from, u64 bytes);
    [[nodiscard]] bool copy_out(void* to, PhysicalAddress from, u64 bytes) const;

    /// `base` and `bytes` are page-aligned and lie in a hole; the device outlives this object.
    void add_mmio(PhysicalAddress base, u64 bytes, MmioDevice& device);
    /// Moves a device of one page to another page, where it hides what there is, RAM too; or to
    /// nowhere. One device at a time may hide RAM.
    void move_mmio(MmioDevice& device, std::optional<PhysicalAddress> base);

    // Watched pages -------------------------------------------------------------------------------

    /// The listener outlives this object, or is taken back with null.
    void set_store_listener(StoreListener* listener) { store_listener_ = listener; }
    /// From now on the listener hears of stores to the page of `address`, which is RAM. The guest
    /// notices nothing.
    void watch_page(PhysicalAddress address);
    void unwatch_page(PhysicalAddress address);

    // Code tracking -------------------------------------------------------------------------------

    void set_code_listener(CodeListener* listener) { code_listener_ = listener; }
    void set_direct_access_listener(DirectAccessListener* listener) {
        direct_access_listener_ = listener;
    }

    /// Marks the granules of [first, first + bytes) as decoded; they lie in one page. What is not
    /// RAM is not tracked: a hole does not change.
    void add_code(PhysicalAddress first, u64 bytes);
    /// Replaces the marks of one page: bit i stands for its i-th granule.
    void set_code_lines(PhysicalAddress page, u32 lines);
    [[nodiscard]] u32 code_lines(PhysicalAddress address) const {
        return code_lines_[address.value() / page_size];
    }
    [[nodiscard]] bool page_has_code(PhysicalAddress address) const {
        return code_lines(address) != 0;
    }
    /// The marks that [first, first + bytes), within one page, would set.
    static constexpr u32 lines_of(PhysicalAddress first, u64 bytes) {
        const u64 from = first.offset_in(page_size) / code_granule;
        const u64 to = (first.offset_in(page_size) + bytes - 1) / code_granule;
        return low_mask<u32>(static_cast<unsigned>(to - from + 1)) << from;
    }
    /// Says that RAM was written through a host pointer. Cheap when there is no code.
    void announce_store(PhysicalAddress first, u64 bytes) {
        if (RF_UNLIKELY((code_lines(first) & lines_of(first, bytes)) != 0)) {
            notify_written(first, bytes);
        }
    }

private:
    static constexpr u64 no_page = ~u64{0};
    struct MmioRegion {
        u64 base;
        u64 bytes;  ///< 0: nowhere
        MmioDevice* device;
    };

    PhysicalMemory(HostMapping ram, HostMapping code_lines, RamLayout layout);
    void notify_written(PhysicalAddress first, u64 bytes);
    [[nodiscard]] bool is_watched(PhysicalAddress address) const {
        return !watched_.empty() && watched_[address.value() / page_size];
    }
    [[nodiscard]] const MmioRegion* find_mmio(PhysicalAddress address) const;

    HostMapping ram_;
    HostMapping code_lines_mapping_;
    u32* code_lines_;  ///< one word for each page below the end of RAM; all ones if it is watched
    std::vector<bool> watched_;  ///< empty until a page is watched; then by page
    RamLayout layout_;
    std::vector<MmioRegion> mmio_;  ///< the first one that holds an address answers
    u64 covered_page_ = no_page;    ///< the page of RAM that a device hides
    bool device_accessed_ = false;
    CodeListener* code_listener_ = nullptr;
    StoreListener* store_listener_ = nullptr;
    DirectAccessListener* direct_access_listener_ = nullptr;
};

}  // namespace ringfence::sim::memory
