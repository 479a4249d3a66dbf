// SPDX-License-Identifier: MIT
// The vDSO's image (vdso/vdso.cpp), as the kernel gives it to programs.

        .section .rodata.vdso_image, "a", @progbits
        .balign 16
        .globl  __vdso_image_start
        .globl  __vdso_image_end
__vdso_image_start:
        .incbin "ringfence-vdso.so"
__vdso_image_end:
