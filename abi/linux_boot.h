// SPDX-License-Identifier: MIT
// Linux's x86 boot protocol: the header of a bzImage, and the "zero page" that a boot loader hands
// to the kernel. [linux/boot]
//
// At the 64-bit entry: long mode with the first 4 GiB mapped one to one, CS = 10H and DS = ES = SS
// = 18H flat, interrupts off, RSI = physical address of BootParameters. At the 32-bit entry: paging
// off, the same selectors, EBP = EDI = EBX = 0, ESI = that address.
#pragma once

#include "base/bits.h"
#include "base/types.h"

namespace ringfence::abi::linux_boot {

inline constexpr u16 boot_flag = 0xaa55;
inline constexpr u32 header_magic = 0x53726448;  ///< "HdrS"
inline constexpr u16 code_selector = 0x10;
inline constexpr u16 data_selector = 0x18;
/// A bzImage's 64-bit entry point lies so far into its protected-mode code.
inline constexpr u64 entry_64_offset = 0x200;
inline constexpr u64 sector_bytes = 512;
/// What `setup_sects` = 0 stands for.
inline constexpr u8 default_setup_sectors = 4;
inline constexpr u8 undefined_loader = 0xff;
inline constexpr u16 normal_video_mode = 0xffff;

struct LoadFlags {
    static constexpr Flag<0, u8> loaded_high{};  ///< the protected-mode code belongs at 1 MiB
};
struct ExtendedLoadFlags {
    static constexpr Flag<0, u16> kernel_64{};  ///< there is a 64-bit entry point
};

/// At 1f1H of a bzImage and of the zero page.
struct [[gnu::packed]] SetupHeader {
    u8 setup_sects;  ///< real-mode sectors after the first
    u16 root_flags;
    u32 syssize;
    u16 ram_size;
    u16 vid_mode;
    u16 root_dev;
    u16 boot_flag;
    u8 jump;
    u8 header_end;  ///< the header ends at 202H + this
    u32 header;     ///< header_magic
    u16 version;    ///< major in the high byte
    u32 realmode_swtch;
    u16 start_sys_seg;
    u16 kernel_version;
    u8 type_of_loader;
    u8 loadflags;
    u16 setup_move_size;
    u32 code32_start;
    u32 ramdisk_image;
    u32 ramdisk_size;
    u32 bootsect_kludge;
    u16 heap_end_ptr;
    u8 ext_loader_ver;
    u8 ext_loader_type;
    u32 cmd_line_ptr;
    u32 initrd_addr_max;  ///< the last byte that an initramfs may have
    u32 kernel_alignment;
    u8 relocatable_kernel;
    u8 min_alignment;
    u16 xloadflags;
    u32 cmdline_size;  ///< bytes of the longest command line, without its NUL
    u32 hardware_subarch;
    u64 hardware_subarch_data;
    u32 payload_offset;  ///< of the compressed kernel, from the protected-mode code
    u32 payload_length;
    u64 setup_data;  ///< the first of a list of SetupData, or 0
    u64 pref_address;
    u32 init_size;  ///< memory that the kernel needs from where it runs
    u32 handover_offset;
    u32 kernel_info_offset;
};
inline constexpr u64 header_offset = 0x1f1;
inline constexpr u64 header_end_base = 0x202;
static_assert(header_offset + sizeof(SetupHeader) == 0x26c);

enum class E820Type : u32 { Ram = 1, Reserved = 2 };

struct [[gnu::packed]] E820Entry {
    u64 address;
    u64 size;
    E820Type type;
};
static_assert(sizeof(E820Entry) == 20);

struct [[gnu::packed]] BootParameters {
    u8 before_e820_entries[0x1e8];
    u8 e820_entries;
    u8 before_header[8];
    SetupHeader header;
    u8 before_e820_table[0x2d0 - 0x26c];
    E820Entry e820_table[128];
    u8 rest[0x1000 - 0xcd0];
};
static_assert(sizeof(BootParameters) == 4096);

inline constexpr u32 setup_rng_seed = 9;  ///< SetupData::type: a seed of the random number pool

/// `length` bytes of data follow.
struct SetupData {
    u64 next;
    u32 type;
    u32 length;
};
static_assert(sizeof(SetupData) == 16);

}  // namespace ringfence::abi::linux_boot
