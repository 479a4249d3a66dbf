// SPDX-License-Identifier: MIT
// One stub for each vector and design: completes the hardware's frame to error code and vector. The
// IDT is built from the tables at the end (descriptor_tables.cpp).

#include "kernel/arch/x86_64/entry_macros.inc"

        .section .entry_text, "ax", @progbits

.macro TRAP_STUB design:req, vector:req, error:req, path:req
        .balign 16
stub_\design\()_\vector:
        CLEAR_FLAGS
        .ifc    \error, none
        pushq   $0
        .endif
        pushq   $\vector
        jmp     \path\()_\design
        .pushsection .rodata.trap_stubs_\design, "a"
        .quad   \vector
        .quad   stub_\design\()_\vector
        .popsection
.endm

.macro PARANOID_ROW design:req, vector:req
        .pushsection .rodata.trap_stubs_\design, "a"
        .quad   \vector
        .quad   paranoid_\design\()_\vector
        .popsection
.endm

// [intel/vol3]: 6.15. Vectors 64 (timer) and 255 (spurious) are interrupts of the local APIC.
.macro ALL_STUBS design:req
        .pushsection .rodata.trap_stubs_\design, "a"
        .globl  trap_stubs_\design
        .balign 8
trap_stubs_\design:
        .popsection
        TRAP_STUB \design, 0, none, trap
        PARANOID_ROW \design, 1
        PARANOID_ROW \design, 2
        TRAP_STUB \design, 3, none, trap
        TRAP_STUB \design, 4, none, trap
        TRAP_STUB \design, 5, none, trap
        TRAP_STUB \design, 6, none, trap
        TRAP_STUB \design, 7, none, trap
        PARANOID_ROW \design, 8
        TRAP_STUB \design, 9, none, trap
        TRAP_STUB \design, 10, code, trap
        TRAP_STUB \design, 11, code, iret_fault
        TRAP_STUB \design, 12, code, iret_fault
        TRAP_STUB \design, 13, code, iret_fault
        TRAP_STUB \design, 14, code, trap
        TRAP_STUB \design, 16, none, trap
        TRAP_STUB \design, 17, code, trap
        PARANOID_ROW \design, 18
        TRAP_STUB \design, 19, none, trap
        TRAP_STUB \design, 20, none, trap
        TRAP_STUB \design, 21, code, trap
        TRAP_STUB \design, 64, none, trap
        TRAP_STUB \design, 255, none, trap
        .pushsection .rodata.trap_stubs_\design, "a"
        .quad   -1                      // end
        .popsection
.endm

        ALL_STUBS isolated
        ALL_STUBS shared
