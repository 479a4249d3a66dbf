// SPDX-License-Identifier: MIT
#include "sim/cpu/memory_type_ranges.h"

#include "base/compiler.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::cpu {

using arch::x86::fixed_mtrr_index;
using arch::x86::Msr;
using arch::x86::MtrrBase;
using arch::x86::MtrrCapabilities;
using arch::x86::MtrrDefault;
using arch::x86::MtrrMask;
using Type = arch::x86::Pat::Type;

namespace {

constexpr u64 everywhere(Type type) {
    constexpr u64 each_byte = 0x0101'0101'0101'0101;
    return static_cast<u64>(type) * each_byte;
}

bool are_memory_types(u64 value) {
    using Entry = Bitfield<0, 8>;
    for (unsigned shift = 0; shift < 64; shift += Entry::width) {
        if (!arch::x86::is_memory_type(Entry::get(value >> shift))) {
            return false;
        }
    }
    return true;
}

/// What fits a register of a frame's bits and `others`.
bool fits(u64 value, u64 others, const MemoryTypeRanges::Shape& shape) {
    const u64 frames = MtrrBase::frame.mask & low_mask(shape.physical_address_bits);
    return (value & ~(frames | others)) == 0;
}

bool is_valid_default(u64 value) {
    return (value & ~MtrrDefault::defined) == 0 &&
           arch::x86::is_memory_type(MtrrDefault::type.get(value));
}

}  // namespace

std::optional<MemoryTypeRanges::Place> MemoryTypeRanges::place_of(Msr msr, const Shape& shape) {
    const u32 number = static_cast<u32>(msr) - static_cast<u32>(Msr::IA32_MTRR_PHYSBASE0);
    return number < 2 * shape.ranges ? std::optional{Place{number / 2, number % 2 != 0}}
                                     : std::nullopt;
}

std::optional<u64> MemoryTypeRanges::read(Msr msr, const Shape& shape) const {
    if (shape.ranges == 0) {
        return std::nullopt;
    }
    if (msr == Msr::IA32_MTRRCAP) {
        return MtrrCapabilities::ranges.make(shape.ranges) | MtrrCapabilities::fixed.mask |
               MtrrCapabilities::write_combining.mask;
    }
    if (msr == Msr::IA32_MTRR_DEF_TYPE) {
        return default_type_;
    }
    if (const auto index = fixed_mtrr_index(msr)) {
        return fixed_[*index];
    }
    if (const auto place = place_of(msr, shape)) {
        return place->is_mask ? masks_[place->range] : bases_[place->range];
    }
    return std::nullopt;
}

bool MemoryTypeRanges::write(Msr msr, u64 value, const Shape& shape) {
    const auto keep = [value](bool accepted, u64& where) {
        where = accepted ? value : where;
        return accepted;
    };
    if (shape.ranges == 0) {
        return false;
    }
    if (msr == Msr::IA32_MTRR_DEF_TYPE) {
        return keep(is_valid_default(value), default_type_);
    }
    if (const auto index = fixed_mtrr_index(msr)) {
        return keep(are_memory_types(value), fixed_[*index]);
    }
    const auto place = place_of(msr, shape);
    if (!place) {
        return false;
    }
    if (place->is_mask) {
        return keep(fits(value, MtrrMask::valid.mask, shape), masks_[place->range]);
    }
    const bool has_type = arch::x86::is_memory_type(MtrrBase::type.get(value));
    return keep(has_type && fits(value, MtrrBase::type.mask, shape), bases_[place->range]);
}

void MemoryTypeRanges::set_up(PhysicalAddress devices, const Shape& shape) {
    // From 640 KiB on there is video memory, from 768 KiB on there are ROMs.
    constexpr unsigned first_of_video = 2;
    constexpr unsigned first_of_roms = 3;
    for (unsigned i = 0; i < fixed_.size(); ++i) {
        fixed_[i] = everywhere(i < first_of_video  ? Type::WriteBack
                               : i < first_of_roms ? Type::Uncacheable
                                                   : Type::WriteProtected);
    }
    const u64 bytes = 4 * gib - devices.value();
    RF_ASSERT((bytes & (bytes - 1)) == 0 && shape.ranges > 0);  // one range can hold it
    bases_[0] = devices.value() | MtrrBase::type.make(static_cast<u64>(Type::Uncacheable));
    masks_[0] = (low_mask(shape.physical_address_bits) & ~(bytes - 1)) | MtrrMask::valid.mask;
    default_type_ = MtrrDefault::type.make(static_cast<u64>(Type::WriteBack)) |
                    MtrrDefault::fixed_enabled.mask | MtrrDefault::enabled.mask;
}

void MemoryTypeRanges::visit_state(state::Visitor& visitor) {
    visitor.field("default_type", default_type_, MtrrDefault::defined);
    visitor.field("fixed", fixed_);
    visitor.field("bases", bases_);
    visitor.field("masks", masks_);
}

}  // namespace ringfence::sim::cpu
