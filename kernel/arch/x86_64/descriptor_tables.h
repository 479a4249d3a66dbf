// SPDX-License-Identifier: MIT
// GDT and TSS in the entry area. The interrupt descriptor tables are in entry_paths.h.
#pragma once

#include "base/address.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

/// Linux's numbers, which programs know. SYSRET takes CS and SS from one base: 32-bit code, data,
/// 64-bit code. [intel/vol2]: SYSRET
inline constexpr u16 kernel_code_selector = 0x10;
inline constexpr u16 kernel_data_selector = 0x18;
inline constexpr u16 user_code32_selector = 0x20 | 3;
inline constexpr u16 user_data_selector = 0x28 | 3;
inline constexpr u16 user_code_selector = 0x30 | 3;
inline constexpr u16 task_selector = 0x40;
/// Of the running program's LDT (ldt.h); empty while it has none.
inline constexpr u16 ldt_selector = 0x50;

inline constexpr u64 timer_vector = 64;
inline constexpr u64 spurious_vector = 255;

/// Stacks that the TSS lists, by the number with which a gate names one. [intel/vol3]: 6.14.5
enum class InterruptStack : u8 {
    Ordinary = 0,
    DoubleFault = 1,
    Nmi = 2,
    MachineCheck = 3,
    Debug = 4
};
[[nodiscard]] InterruptStack interrupt_stack_of(u64 vector);

/// Fills the tables and loads them. The entry area must be mapped.
void load_descriptor_tables();

}  // namespace ringfence::kernel::arch
