// SPDX-License-Identifier: MIT
// The kernel's half of the address space; kernel.ld draws the whole map.
#pragma once

#include "base/address.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

/// All RAM, at this distance from its physical addresses.
inline constexpr VirtualAddress direct_map_start{0xffff'8000'0000'0000};
inline constexpr VirtualAddress kernel_stacks_start{0xffff'a000'0000'0000};
inline constexpr VirtualAddress device_registers_start{0xffff'b000'0000'0000};
/// The image is linked at this distance from where it is loaded.
inline constexpr VirtualAddress kernel_base{0xffff'ffff'8000'0000};

/// Root entries 0 to 255 are the user half.
inline constexpr unsigned user_root_entries = 256;
inline constexpr unsigned root_entries = 512;

/// The bytes of physical memory at `address`; all RAM is mapped.
template <typename T = u8>
T* direct_map(PhysicalAddress address) {
    return reinterpret_cast<T*>(direct_map_start.value() + address.value());
}
inline PhysicalAddress direct_map_frame(const void* pointer) {
    return PhysicalAddress{reinterpret_cast<u64>(pointer) - direct_map_start.value()};
}

/// A symbol of kernel.ld as the address that it is.
inline VirtualAddress symbol_address(const u8* symbol) {
    return VirtualAddress{reinterpret_cast<u64>(symbol)};
}

}  // namespace ringfence::kernel::arch

/// Defined by kernel.ld; the address is the value.
extern "C" {
extern const ringfence::u8 __image_start_physical[], __image_end_physical[];
extern const ringfence::u8 __text_start[], __text_end[];
extern const ringfence::u8 __rodata_start[], __rodata_end[];
extern const ringfence::u8 __data_start[], __data_end[];
extern const ringfence::u8 __entry_text_start[], __entry_text_end[];
extern const ringfence::u8 __exit_text_start[], __exit_text_end[];
extern const ringfence::u8 __entry_load[], __entry_region_start[], __entry_area[];
}
