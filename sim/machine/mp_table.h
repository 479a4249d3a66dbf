// SPDX-License-Identifier: MIT
// The table by which a kernel without ACPI finds the APICs.
#pragma once

#include "sim/memory/physical_memory.h"
#include "sim/presets/cpu_model.h"

namespace ringfence::sim::machine {

/// Writes it to the last kilobyte of conventional memory, where kernels look and which memory maps
/// call the BIOS's: one processor, one I/O APIC, the ISA bus. `cpu` has a local APIC.
void publish_mp_table(memory::PhysicalMemory& memory, const presets::CpuModel& cpu);

}  // namespace ringfence::sim::machine
