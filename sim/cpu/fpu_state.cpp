// SPDX-License-Identifier: MIT
#include "sim/cpu/fpu_state.h"

#include <algorithm>

namespace ringfence::sim::cpu {

namespace {

using PointerOffset = Bitfield<0, 32>;
using OpcodeBits = Bitfield<0, 11, u16>;

enum class Tag : u8 { Valid, Zero, Special, Empty };

Tag tag_of(const Float80& value) {
    constexpr u16 exponent_mask = low_mask<u16>(15);
    const u16 exponent = value.sign_exponent & exponent_mask;
    if (exponent == 0 && value.significand == 0) {
        return Tag::Zero;
    }
    const bool integer_bit = (value.significand & bit(63)) != 0;
    return exponent == 0 || exponent == exponent_mask || !integer_bit ? Tag::Special : Tag::Valid;
}

}  // namespace

void FpuState::initialize_x87() {
    control = x87_control::init_value;
    status = 0;
    valid = 0;
    last_instruction_pointer = 0;
    last_data_pointer = 0;
    last_opcode = 0;
}

u16 FpuState::full_tags() const {
    unsigned tags = 0;
    for (unsigned i = 0; i < 8; ++i) {
        const Tag tag = (valid >> i & 1) != 0 ? tag_of(registers[i]) : Tag::Empty;
        tags |= static_cast<unsigned>(tag) << (2 * i);
    }
    return static_cast<u16>(tags);
}

void FpuState::set_full_tags(u16 tags) {
    unsigned result = 0;
    for (unsigned i = 0; i < 8; ++i) {
        const bool empty = (tags >> (2 * i) & 3) == static_cast<unsigned>(Tag::Empty);
        result |= (empty ? 0u : 1u) << i;
    }
    valid = static_cast<u8>(result);
}

void FpuState::update_error_summary() {
    const unsigned unmasked =
        x87_status::Flags::get(status) & ~unsigned{x87_control::Masks::get(control)};
    const u16 pending = unmasked != 0 ? 1 : 0;
    status = x87_status::ErrorSummary::set(status, pending);
    status = x87_status::Busy::set(status, pending);
}

FxsaveImage FpuState::fxsave_image(FxsaveForm form) const {
    FxsaveImage image{};
    image.control = control;
    image.status = status;
    image.valid = valid;
    image.opcode = last_opcode;
    const bool wide = form == FxsaveForm::Wide;
    image.instruction_pointer =
        wide ? last_instruction_pointer : PointerOffset::get(last_instruction_pointer);
    image.data_pointer = wide ? last_data_pointer : PointerOffset::get(last_data_pointer);
    image.mxcsr = mxcsr;
    image.mxcsr_mask = mxcsr::writable;
    for (unsigned i = 0; i < 8; ++i) {
        const Float80& value = registers[physical(i)];
        image.st[i] = {value.significand, value.sign_exponent, {}};
    }
    image.xmm = xmm;
    return image;
}

void FpuState::load_fxsave_image(const FxsaveImage& image, FxsaveForm form, unsigned xmm_count) {
    control = (image.control & x87_control::writable) | x87_control::always_set;
    status = image.status;
    valid = image.valid;
    last_opcode = OpcodeBits::get(image.opcode);
    const bool wide = form == FxsaveForm::Wide;
    last_instruction_pointer =
        wide ? image.instruction_pointer : PointerOffset::get(image.instruction_pointer);
    last_data_pointer = wide ? image.data_pointer : PointerOffset::get(image.data_pointer);
    for (unsigned i = 0; i < 8; ++i) {
        registers[physical(i)] = {image.st[i].significand, image.st[i].sign_exponent};
    }
    update_error_summary();
    mxcsr = image.mxcsr;
    std::copy_n(image.xmm.begin(), xmm_count, xmm.begin());
}

X87Environment FpuState::environment() const {
    constexpr u16 ones = 0xffff;
    return {.control = control,
            .reserved_2 = ones,
            .status = status,
            .reserved_6 = ones,
            .tags = full_tags(),
            .reserved_10 = ones,
            .instruction_pointer = static_cast<u32>(last_instruction_pointer),
            .code_selector = 0,
            .opcode = last_opcode,
            .data_pointer = static_cast<u32>(last_data_pointer),
            .data_selector = 0,
            .reserved_26 = ones};
}

X87Environment16 FpuState::environment16() const {
    return {.control = control,
            .status = status,
            .tags = full_tags(),
            .instruction_pointer = static_cast<u16>(last_instruction_pointer),
            .code_selector = 0,
            .data_pointer = static_cast<u16>(last_data_pointer),
            .data_selector = 0};
}

void FpuState::load_environment(const X87Environment& image) {
    control = (image.control & x87_control::writable) | x87_control::always_set;
    status = image.status;
    set_full_tags(image.tags);
    last_instruction_pointer = image.instruction_pointer;
    last_opcode = OpcodeBits::get(image.opcode);
    last_data_pointer = image.data_pointer;
    update_error_summary();
}

void FpuState::load_environment(const X87Environment16& image) {
    control = (image.control & x87_control::writable) | x87_control::always_set;
    status = image.status;
    set_full_tags(image.tags);
    last_instruction_pointer = image.instruction_pointer;
    last_data_pointer = image.data_pointer;
    update_error_summary();
}

Float80Image FpuState::register_image(unsigned i) const {
    const Float80& value = registers[physical(i)];
    return {value.significand, value.sign_exponent};
}

void FpuState::load_register(unsigned i, const Float80Image& image) {
    registers[physical(i)] = {image.significand, image.sign_exponent};
}

}  // namespace ringfence::sim::cpu
