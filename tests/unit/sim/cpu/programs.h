// SPDX-License-Identifier: MIT
// The guest programs of programs.S.
#pragma once

#include <span>

#include "base/types.h"

namespace ringfence::sim {

extern "C" {
extern const u8 program_sum[], program_sum_end[];
extern const u8 program_patch_next[], program_patch_next_end[];
extern const u8 program_patch_loop[], program_patch_loop_end[];
extern const u8 program_copy[], program_copy_end[];
extern const u8 program_sti_shadow[], program_sti_shadow_end[];
extern const u8 program_sti_hlt[], program_sti_hlt_end[];
extern const u8 program_increments[], program_increments_end[];
extern const u8 program_divide_by_zero[], program_divide_by_zero_end[];
extern const u8 program_mix[], program_mix_end[];
extern const u8 program_system_call[], program_system_call_end[];
extern const u8 program_system_call_entry[], program_system_call_entry_end[];
extern const u8 program_iret_to_user[], program_iret_to_user_end[];
extern const u8 program_iret[], program_iret_end[];
extern const u8 program_push_rax[], program_push_rax_end[];
extern const u8 program_load_word[], program_load_word_end[];
extern const u8 program_aligned_accesses[], program_aligned_accesses_end[];
extern const u8 program_int3[], program_int3_end[];
extern const u8 program_clear_interrupts[], program_clear_interrupts_end[];
extern const u8 program_undefined[], program_undefined_end[];
extern const u8 program_too_long[], program_too_long_end[];
extern const u8 program_lock_mov[], program_lock_mov_end[];
extern const u8 program_hidden_feature[], program_hidden_feature_end[];
extern const u8 program_set_flags[], program_set_flags_end[];
}

namespace programs {
inline std::span<const u8> sum() {
    return {program_sum, program_sum_end};
}
inline std::span<const u8> patch_next() {
    return {program_patch_next, program_patch_next_end};
}
inline std::span<const u8> patch_loop() {
    return {program_patch_loop, program_patch_loop_end};
}
inline std::span<const u8> copy() {
    return {program_copy, program_copy_end};
}
inline std::span<const u8> sti_shadow() {
    return {program_sti_shadow, program_sti_shadow_end};
}
inline std::span<const u8> sti_hlt() {
    return {program_sti_hlt, program_sti_hlt_end};
}
inline std::span<const u8> increments() {
    return {program_increments, program_increments_end};
}
inline std::span<const u8> divide_by_zero() {
    return {program_divide_by_zero, program_divide_by_zero_end};
}
inline std::span<const u8> mix() {
    return {program_mix, program_mix_end};
}
inline std::span<const u8> system_call() {
    return {program_system_call, program_system_call_end};
}
inline std::span<const u8> system_call_entry() {
    return {program_system_call_entry, program_system_call_entry_end};
}
inline std::span<const u8> iret_to_user() {
    return {program_iret_to_user, program_iret_to_user_end};
}
inline std::span<const u8> iret() {
    return {program_iret, program_iret_end};
}
inline std::span<const u8> push_rax() {
    return {program_push_rax, program_push_rax_end};
}
inline std::span<const u8> load_word() {
    return {program_load_word, program_load_word_end};
}
inline std::span<const u8> aligned_accesses() {
    return {program_aligned_accesses, program_aligned_accesses_end};
}
inline std::span<const u8> int3() {
    return {program_int3, program_int3_end};
}
inline std::span<const u8> clear_interrupts() {
    return {program_clear_interrupts, program_clear_interrupts_end};
}
inline std::span<const u8> undefined() {
    return {program_undefined, program_undefined_end};
}
inline std::span<const u8> too_long() {
    return {program_too_long, program_too_long_end};
}
inline std::span<const u8> lock_mov() {
    return {program_lock_mov, program_lock_mov_end};
}
inline std::span<const u8> hidden_feature() {
    return {program_hidden_feature, program_hidden_feature_end};
}
inline std::span<const u8> set_flags() {
    return {program_set_flags, program_set_flags_end};
}
}  // namespace programs

}  // namespace ringfence::sim
