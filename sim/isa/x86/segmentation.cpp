// SPDX-License-Identifier: MIT
#include "sim/isa/x86/segmentation.h"

namespace ringfence::sim::isa::x86 {

using arch::x86::SegmentDescriptor;
using cpu::ExceptionVector;
using cpu::Segment;
using cpu::SegmentRegister;

bool type_permits(u64 descriptor, SegmentAccess access) {
    const bool code = SegmentDescriptor::code.test(descriptor);
    if (access == SegmentAccess::Read) {
        return !code || SegmentDescriptor::readable.test(descriptor);
    }
    return !code && SegmentDescriptor::writable.test(descriptor);
}

bool limit_permits(const Segment& segment, u64 offset, u64 bytes) {
    const u64 last = offset + (bytes == 0 ? 0 : bytes - 1);
    const u64 descriptor = segment.descriptor;
    const bool expands_down = !SegmentDescriptor::code.test(descriptor) &&
                              SegmentDescriptor::expand_down.test(descriptor);
    if (!expands_down) {
        return last <= segment.limit;
    }
    const u64 top = low_mask(SegmentDescriptor::default_big.test(descriptor) ? 32 : 16);
    return offset > segment.limit && last <= top;
}

bool segment_permits(const Cpu& cpu, SegmentRegister which, u64 offset, u64 bytes,
                     SegmentAccess access) {
    const Segment& segment = cpu.segment(which);
    if (cpu.protected_mode() && (!segment.usable || !type_permits(segment.descriptor, access))) {
        return false;
    }
    return limit_permits(segment, offset, bytes);
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
