// SPDX-License-Identifier: MIT
// Guest programs for the processor's tests, as data: NAME and NAME_end are labels in programs.h.
    .intel_syntax noprefix

    .macro program name
    .globl program_\name
program_\name:
    .endm
    .macro end_program name
    .globl program_\name\()_end
program_\name\()_end:
    .endm

    .section .rodata

// Sums 1 to 1000 into rax, with flags that cross blocks.
program sum
    xor eax, eax
    mov ecx, 1000
1:  add rax, rcx
    dec rcx
    jnz 1b
    hlt
end_program sum

// Replaces the immediate of the instruction that follows the store at once.
program patch_next
    mov byte ptr [rip + 1f + 1], 7
1:  mov eax, 1
    hlt
end_program patch_next

// A loop that rewrites its own increment in the middle: 1 + 2 + 3 + 4 + 5.
program patch_loop
    xor eax, eax
    mov ecx, 5
1:  add eax, 1
    inc byte ptr [rip + 1b + 2]
    dec ecx
    jnz 1b
    hlt
end_program patch_loop

// Copies rcx bytes from rsi to rdi.
program copy
    rep movsb
    hlt
end_program copy

// Interrupts on, one instruction in the shadow, then the interrupt.
program sti_shadow
    mov al, 1
    out 0x80, al
    xor ebx, ebx
    sti
    inc ebx
    inc ebx
    hlt
end_program sti_shadow

program sti_hlt
    mov al, 1
    out 0x80, al
    sti
    hlt
end_program sti_hlt

// Five increments, for single steps and for cuts.
program increments
    inc rax
    inc rax
    inc rax
    inc rax
    inc rax
    hlt
end_program increments

program divide_by_zero
    xor edx, edx
    mov eax, 1
    xor ecx, ecx
    div ecx
    hlt
end_program divide_by_zero

// A mix of calls, branches, memory and string instructions, for comparing ways to run it.
program mix
    xor eax, eax
    mov ecx, 40
    mov rdi, 0x20000
1:  call 2f
    mov [rdi + rcx * 8], rax
    add rax, [rdi + rcx * 8]
    test cl, 3
    jz 3f
    shl rax, 3
    sbb rbx, rax
3:  dec ecx
    jnz 1b
    mov ecx, 320
    mov rsi, rdi
    add rdi, 0x400
    rep movsb
    hlt
2:  add rax, rcx
    ror rax, 7
    ret
end_program mix

// SYSCALL to the code behind, which comes back once.
program system_call
    mov eax, 1
    syscall
    hlt
end_program system_call

program system_call_entry
    add eax, 1
    sysretq
end_program system_call_entry

// Pushes a frame for CPL 3 and goes there: rip in rbx, rsp in rbp.
program iret_to_user
    push 0x1b
    push rbp
    push 0x202
    push 0x23
    push rbx
    iretq
end_program iret_to_user

program iret
    iretq
end_program iret

program push_rax
    push rax
    hlt
end_program push_rax

program load_word
    mov ax, [rsi]
    hlt
end_program load_word

// rsi and rdi are odd, rcx is zero.
program aligned_accesses
    mov al, [rsi]
    mov ax, [rsi + 1]
    mov eax, [rsi + 3]
    lea rax, [rsi]
    rep movsq
    movups xmm0, [rsi]
    push rax
    hlt
end_program aligned_accesses

program int3
    int3
    hlt
end_program int3

program clear_interrupts
    cli
    hlt
end_program clear_interrupts

program undefined
    ud2
end_program undefined

// Fifteen bytes are the longest instruction; this one has sixteen.
program too_long
    .fill 15, 1, 0x66
    .byte 0x90
end_program too_long

program lock_mov
    .byte 0xf0
    mov [rax], ecx
end_program lock_mov

// AVX is hidden, so this is an undefined instruction; it is not reported as missing.
program hidden_feature
    pshufb xmm0, xmm1
end_program hidden_feature

// POPCNT of a source, with the flag result in al.
program set_flags
    push 0x8d5
    popfq
    lahf
    seto al
    hlt
end_program set_flags
