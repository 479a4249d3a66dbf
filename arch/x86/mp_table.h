// SPDX-License-Identifier: MIT
// The MP configuration table, by which firmware told of processors and I/O APICs before ACPI.
// [intel/mp]: 4
#pragma once

#include "base/types.h"

namespace ringfence::arch::x86 {

/// What the operating system searches for. [intel/mp]: 4.1
struct MpFloatingPointer {
    char signature[4];  ///< "_MP_"
    u32 table;          ///< physical address
    u8 paragraphs;      ///< its own length, in units of 16 bytes
    u8 revision;        ///< 4: version 1.4
    u8 checksum;        ///< makes the sum of all bytes 0
    u8 features[5];     ///< all 0: there is a table, and the 8259s come in as through a wire
};
static_assert(sizeof(MpFloatingPointer) == 16);

/// [intel/mp]: 4.2
struct MpTableHeader {
    char signature[4];  ///< "PCMP"
    u16 bytes;          ///< of header and entries
    u8 revision;
    u8 checksum;
    char oem[8];  ///< padded with spaces, as all names here
    char product[12];
    u32 oem_table;
    u16 oem_table_bytes;
    u16 entries;
    u32 local_apic;
    u16 extended_bytes;
    u8 extended_checksum;
    u8 reserved;
};
static_assert(sizeof(MpTableHeader) == 44);

/// The first byte of an entry. [intel/mp]: 4.3, table 4-3
enum class MpEntry : u8 { Processor = 0, Bus = 1, IoApic = 2, Interrupt = 3, LocalInterrupt = 4 };

/// [intel/mp]: 4.3.1
struct MpProcessor {
    static constexpr u8 enabled = 1;
    static constexpr u8 bootstrap = 2;

    MpEntry type = MpEntry::Processor;
    u8 apic_id;
    u8 apic_version;
    u8 flags;
    u32 signature;  ///< CPUID leaf 1, EAX
    u32 features;   ///< CPUID leaf 1, EDX
    u32 reserved[2];
};
static_assert(sizeof(MpProcessor) == 20);

/// [intel/mp]: 4.3.2
struct MpBus {
    MpEntry type = MpEntry::Bus;
    u8 id;
    char name[6];
};
static_assert(sizeof(MpBus) == 8);

/// [intel/mp]: 4.3.3
struct MpIoApic {
    static constexpr u8 usable = 1;

    MpEntry type = MpEntry::IoApic;
    u8 id;
    u8 version;
    u8 flags;
    u32 address;
};
static_assert(sizeof(MpIoApic) == 8);

/// An interrupt of a bus, at an input of an I/O APIC or of local ones. [intel/mp]: 4.3.4, 4.3.5
struct MpInterrupt {
    enum class Kind : u8 { Vectored = 0, Nmi = 1, Smi = 2, External = 3 };
    static constexpr u8 every_apic = 0xff;

    MpEntry type = MpEntry::Interrupt;
    Kind kind;
    u16 flags;  ///< 0: polarity and trigger as the bus has them
    u8 bus;
    u8 bus_irq;
    u8 apic_id;
    u8 input;
};
static_assert(sizeof(MpInterrupt) == 8);

}  // namespace ringfence::arch::x86
