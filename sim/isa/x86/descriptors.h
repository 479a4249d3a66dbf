// SPDX-License-Identifier: MIT
// Reading segment descriptors from the GDT and the LDT, and the checks that loads of segment
// registers share.
#pragma once

#include "arch/x86/segment_descriptor.h"
#include "arch/x86/selector_error_code.h"
#include "sim/isa/x86/op.h"

namespace ringfence::sim::isa::x86 {

using arch::x86::SegmentDescriptor;
using arch::x86::Selector;
using arch::x86::SelectorErrorCode;

/// The error code that names `selector`.
constexpr u32 selector_error(u16 selector) {
    return SelectorErrorCode::of_selector(selector);
}

// Kinds of descriptors, all but those of system segments. [intel/vol3]: 3.4.5.1

[[nodiscard]] constexpr bool is_code(u64 descriptor) {
    return SegmentDescriptor::code_or_data.test(descriptor) &&
           SegmentDescriptor::code.test(descriptor);
}
[[nodiscard]] constexpr bool is_writable_data(u64 descriptor) {
    return SegmentDescriptor::code_or_data.test(descriptor) &&
           !SegmentDescriptor::code.test(descriptor) &&
           SegmentDescriptor::writable.test(descriptor);
}
/// Data, or code that may be read.
[[nodiscard]] constexpr bool is_readable(u64 descriptor) {
    return SegmentDescriptor::code_or_data.test(descriptor) &&
           (!SegmentDescriptor::code.test(descriptor) ||
            SegmentDescriptor::readable.test(descriptor));
}
/// Whether privilege lets a data segment register hold `selector` with this descriptor, which is
/// readable. [intel/vol3]: 5.6
[[nodiscard]] bool may_use_data(const Cpu& cpu, u16 selector, u64 descriptor);

/// Where the descriptor of `selector` lies, or nothing if it is outside its table.
/// [intel/vol3]: 3.5.1
[[nodiscard]] bool locate_descriptor(const Cpu& cpu, u16 selector, unsigned bytes,
                                     VirtualAddress& out);

/// Reads the first 8 bytes of a descriptor. Outside its table: `outside` with the selector as error
/// code. False: cpu.pending is set.
[[nodiscard]] bool read_descriptor(
    Cpu& cpu, u16 selector, u64& out,
    cpu::ExceptionVector outside = cpu::ExceptionVector::GeneralProtection);

/// Sets the accessed bit in the table and in `descriptor`, if it is clear.
[[nodiscard]] bool mark_accessed(Cpu& cpu, u16 selector, u64& descriptor);

/// A loaded segment register. The descriptor is present and of a right type.
[[nodiscard]] cpu::Segment make_segment(u16 selector, u64 descriptor);
/// What a null selector leaves in a data segment register.
[[nodiscard]] cpu::Segment null_segment(u16 selector);

/// MOV, POP, LDS and kin, for ES, SS, DS, FS and GS: all checks, then the load.
/// [intel/vol2]: MOV, "Loading a segment register"
[[nodiscard]] bool load_data_segment(Cpu& cpu, cpu::SegmentRegister which, u16 selector);

/// After a return to an outer level: data segments that CPL may no longer use become null.
/// [intel/vol2]: RET, IRET
void drop_inner_data_segments(Cpu& cpu);

/// Whether `address` is canonical in the current paging mode. [intel/vol1]: 3.3.7.1
[[nodiscard]] bool is_canonical(const Cpu& cpu, u64 address);

}  // namespace ringfence::sim::isa::x86
