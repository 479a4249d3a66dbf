// SPDX-License-Identifier: MIT
// The kernel's half of the address space; kernel.ld draws the whole map.
#pragma once

#include "base/address.h"
#include "base/types.h"

/// Defined by kernel.ld; the address is the value.
extern "C" {
extern const ringfence::u8 __kernel_base[], __direct_map[], __kernel_stacks[], __device_registers[];
extern const ringfence::u8 __image_start_physical[], __image_end_physical[];
extern const ringfence::u8 __text_start[], __text_end[];
extern const ringfence::u8 __rodata_start[], __rodata_end[];
extern const ringfence::u8 __data_start[], __data_end[];
extern const ringfence::u8 __entry_text_start[], __entry_text_end[];
extern const ringfence::u8 __exit_text_start[], __exit_text_end[];
extern const ringfence::u8 __gate_text_start[], __gate_text_end[], __gates_load[];
extern const ringfence::u8 __cpu_state_start[], __cpu_state_end[], __cpu_state_load[];
extern const ringfence::u8 __entry_load[], __entry_region_start[], __entry_area[];
}

namespace ringfence::kernel::arch {

/// kernel.ld's __kernel_base before it is moved.
inline constexpr VirtualAddress linked_kernel_base{0xffff'ffff'8000'0000};

/// What the boot tables map of the image, from physical address 0: kernel.ld holds the image to it.
inline constexpr u64 boot_image_limit = 8 * mib;

/// The upper half of the canonical addresses.
inline constexpr VirtualAddress kernel_half_start{0xffff'8000'0000'0000};

/// A symbol of kernel.ld that is moved at boot, as an immediate operand: that is where relocation
/// writes its value, so that to know it costs no access to memory.
template <const u8* symbol>
[[nodiscard]] VirtualAddress moved_address() {
    u64 address;
    asm("movabsq %1, %0" : "=r"(address) : "i"(symbol));
    return VirtualAddress{address};
}

/// All RAM, at this distance from its physical addresses.
inline VirtualAddress direct_map_start() {
    return moved_address<__direct_map>();
}
inline VirtualAddress kernel_stacks_start() {
    return moved_address<__kernel_stacks>();
}
inline VirtualAddress device_registers_start() {
    return moved_address<__device_registers>();
}
/// The image lies at this distance from where it is loaded.
inline VirtualAddress kernel_base() {
    return moved_address<__kernel_base>();
}

/// Root entries 0 to 255 are the user half.
inline constexpr unsigned user_root_entries = 256;
inline constexpr unsigned root_entries = 512;

/// The bytes of physical memory at `address`; all RAM is mapped.
template <typename T = u8>
T* direct_map(PhysicalAddress address) {
    return reinterpret_cast<T*>(direct_map_start().value() + address.value());
}
inline PhysicalAddress direct_map_frame(const void* pointer) {
    return PhysicalAddress{reinterpret_cast<u64>(pointer) - direct_map_start().value()};
}

/// A symbol of kernel.ld as the address that it is.
inline VirtualAddress symbol_address(const u8* symbol) {
    return VirtualAddress{reinterpret_cast<u64>(symbol)};
}

}  // namespace ringfence::kernel::arch
