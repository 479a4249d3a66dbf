// SPDX-License-Identifier: MIT
#include "kernel/arch/x86_64/boot_layout.h"

/// Made by embed_relocations.py: lists of fields, each its length and then their physical
/// addresses. In this order: addresses in the image of 8 bytes and of 4, which are sign-extended;
/// distances of 4 bytes from the image to what stays; addresses in the direct map, the kernel
/// stacks and the device registers.
extern "C" const ringfence::u32 relocations[];

namespace ringfence::kernel::arch {

namespace {

template <typename Word>
[[gnu::always_inline]] inline const u32* add(const u32* list, u64 displacement) {
    const u32* fields = list + 1;
    const u32* end = fields + *list;
    for (; fields != end; ++fields) {
        // Fields of instructions lie unaligned.
        struct [[gnu::packed, gnu::may_alias]] Field {
            Word value;
        };
        auto* field = reinterpret_cast<Field*>(u64{*fields});
        field->value = static_cast<Word>(field->value + displacement);
    }
    return end;
}

}  // namespace

[[gnu::section(".boot.text")]] void relocate_image() {
    const Displacements by = layout_displacements;
    const u32* list = relocations;
    list = add<u64>(list, by.image);
    list = add<u32>(list, by.image);
    list = add<u32>(list, -by.image);
    list = add<u64>(list, by.direct_map);
    list = add<u64>(list, by.kernel_stacks);
    add<u64>(list, by.device_registers);
}

}  // namespace ringfence::kernel::arch
