// SPDX-License-Identifier: MIT
// A manifest of three parts for tests.
#pragma once

#include "audit/manifest.h"

namespace ringfence::audit {

inline constexpr VirtualAddress text_page{0xffff'ffff'ff00'0000};
inline constexpr VirtualAddress tss_page{0xffff'ffff'ff20'2000};
inline constexpr VirtualAddress stack_page{0xffff'ffff'ff20'5000};
inline constexpr VirtualAddress secret_page{0xffff'8000'0123'4000};
inline constexpr u64 page_bytes = 4 * kib;

inline Manifest sample_manifest() {
    Manifest manifest;
    manifest.name = "a kernel";
    manifest.pair_bit = page_bytes;
    const auto add = [&](const char* name, VirtualAddress start, bool writable, bool executable) {
        Part part;
        part.name = name;
        part.start = start;
        part.bytes = page_bytes;
        part.writable = writable;
        part.executable = executable;
        manifest.parts.push_back(part);
    };
    add("text", text_page, false, true);
    add("TSS", tss_page, false, false);
    add("stack", stack_page, true, false);
    manifest.private_frames.push_back({"the image", PhysicalAddress{0x20'0000}, 0x10'0000});
    return manifest;
}

}  // namespace ringfence::audit
