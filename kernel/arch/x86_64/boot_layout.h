// SPDX-License-Identifier: MIT
// Where the kernel's half of the address space starts: at places that are drawn anew at each boot
// (KASLR), unless the command line says `nokaslr`. What moves, and how far apart the places are:
//
//   the image          within its GiB below the entry region, by 4 KiB (18 bits)
//   all RAM            within 64 TiB, by 1 GiB (16 bits)
//   kernel stacks      within 32 TiB, by 4 KiB (32 bits)
//   device registers   within 32 TiB, by 4 KiB (32 bits)
//
// The entry region does not move: a program can find it by its own traps, and nothing of it that
// the program could read by speculation depends on these places.
#pragma once

#include <string_view>

#include "base/address.h"
#include "base/types.h"

namespace ringfence::kernel::arch {

/// `nokaslr` leaves everything at its linked address. `kaslr_seed=TEXT` adds to what the places are
/// drawn from, for loaders that know more of chance than the machine does; programs are not shown
/// it.
inline constexpr std::string_view kaslr_seed_option = "kaslr_seed";

/// What is added to the addresses that the linker gave, modulo 2^64.
struct Displacements {
    u64 image;
    u64 direct_map;
    u64 kernel_stacks;
    u64 device_registers;
};

/// Draws the places and maps image and RAM there in the boot tables, beside where they are. Runs
/// before relocation, at the image's linked address, and once; nothing of the kernel has been set
/// up. `start_info`: the loader's, physical.
extern "C" void choose_layout(u32 start_info);

/// Rewrites what the image's code and data hold of the places by `displacements`. Runs where it was
/// loaded, in the boot tables' identity mapping, and calls nothing.
extern "C" void relocate_image();

/// How far each region lies from its linked address; zero without KASLR. At an address that never
/// moves, so that whoever looks from outside can find names for the kernel's addresses.
extern "C" Displacements layout_displacements;  // of boot.S

}  // namespace ringfence::kernel::arch
