// SPDX-License-Identifier: MIT
#include "sim/isa/x86/segmentation.h"

namespace ringfence::sim::isa::x86 {

using arch::x86::SegmentDescriptor;
using cpu::ExceptionVector;
using cpu::Segment;
using cpu::SegmentRegister;

namespace {

bool type_permits(u64 descriptor, SegmentAccess access) {
    const bool code = SegmentDescriptor::code.test(descriptor);
    if (access == SegmentAccess::Read) {
        return !code || SegmentDescriptor::readable.test(descriptor);
    }
    return !code && SegmentDescriptor::writable.test(descriptor);
}

/// Expand-down segments hold the offsets beyond their limit. [intel/vol3]: 5.3
bool limit_permits(const Segment& segment, u64 first, u64 last) {
    const u64 descriptor = segment.descriptor;
    const bool expands_down = !SegmentDescriptor::code.test(descriptor) &&
                              SegmentDescriptor::expand_down.test(descriptor);
    if (!expands_down) {
        return last <= segment.limit;
    }
    const u64 top = low_mask(SegmentDescriptor::default_big.test(descriptor) ? 32 : 16);
    return first > segment.limit && last <= top;
}

}  // namespace

bool segment_permits(const Cpu& cpu, SegmentRegister which, u64 offset, u64 bytes,
                     SegmentAccess access) {
    const Segment& segment = cpu.segment(which);
    if (cpu.protected_mode() && (!segment.usable || !type_permits(segment.descriptor, access))) {
        return false;
    }
    return limit_permits(segment, offset, offset + bytes - 1);
}

bool segmented_address(Cpu& cpu, SegmentRegister which, u64 offset, u64 bytes, SegmentAccess access,
                       VirtualAddress& out) {
    if (cpu.code64()) {
        out = VirtualAddress{offset};
        return true;
    }
    if (!segment_permits(cpu, which, offset, bytes, access)) {
        return cpu.raise(which == SegmentRegister::Ss ? ExceptionVector::StackFault
                                                      : ExceptionVector::GeneralProtection);
    }
    out = VirtualAddress{static_cast<u32>(cpu.gpr.base(which) + offset)};
    return true;
}

}  // namespace ringfence::sim::isa::x86
