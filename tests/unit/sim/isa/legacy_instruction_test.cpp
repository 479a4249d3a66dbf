// SPDX-License-Identifier: MIT
// Instructions that only exist outside 64-bit mode. Expected values are worked out from the
// manual's operations. [intel/vol2]: AAA, AAS, AAD, AAM, DAA, DAS, BOUND
#include "arch/x86/rflags.h"
#include "tests/unit/sim/isa/legacy_guest.h"

namespace ringfence::sim {
namespace {

using arch::x86::Rflags;
using cpu::Gpr;
using cpu::StopReason;

constexpr u64 cf = Rflags::cf.mask;
constexpr u64 af = Rflags::af.mask;

struct DecimalCase {
    const char* name;
    std::vector<u8> code;
    u16 ax;
    u64 flags;
    u16 expected_ax;
    u64 expected_flags;  ///< of CF and AF
};

class Decimal : public testing::TestWithParam<DecimalCase> {};

TEST_P(Decimal, adjusts) {
    LegacyGuest guest;
    std::vector<u8> code = GetParam().code;
    code.push_back(0xf4);
    guest.load(code);
    guest.cpu.gpr[Gpr::Rax] = 0xabcd'0000 | GetParam().ax;
    guest.cpu.set_rflags(GetParam().flags);
    ASSERT_EQ(guest.run(), StopReason::Halted);
    ASSERT_FALSE(guest.trap());
    EXPECT_EQ(guest.reg(Gpr::Rax), 0xabcd'0000U | GetParam().expected_ax);
    EXPECT_EQ(guest.cpu.rflags() & (cf | af), GetParam().expected_flags);
}

const std::vector<u8> aaa{0x37};
const std::vector<u8> aas{0x3f};
const std::vector<u8> daa{0x27};
const std::vector<u8> das{0x2f};

INSTANTIATE_TEST_SUITE_P(
    All, Decimal,
    testing::Values(DecimalCase{"aaa_digit", aaa, 0x0109, 0, 0x0109, 0},
                    DecimalCase{"aaa_carry", aaa, 0x010b, 0, 0x0201, cf | af},
                    DecimalCase{"aaa_into_ah", aaa, 0x01ff, 0, 0x0305, cf | af},
                    DecimalCase{"aaa_by_af", aaa, 0x0101, af, 0x0207, cf | af},
                    DecimalCase{"aaa_clears_cf", aaa, 0x0101, cf, 0x0101, 0},
                    DecimalCase{"aas_borrow", aas, 0x020b, 0, 0x0105, cf | af},
                    DecimalCase{"aas_through_ah", aas, 0x0201, af, 0x000b, cf | af},
                    DecimalCase{"daa_none", daa, 0x0042, 0, 0x0042, 0},
                    DecimalCase{"daa_low", daa, 0x000b, 0, 0x0011, af},
                    DecimalCase{"daa_high", daa, 0x00a2, 0, 0x0002, cf},
                    DecimalCase{"daa_both", daa, 0x009b, 0, 0x0001, cf | af},
                    DecimalCase{"daa_by_cf", daa, 0x0012, cf, 0x0072, cf},
                    DecimalCase{"das_low", das, 0x002f, 0, 0x0029, af},
                    DecimalCase{"das_borrow", das, 0x0003, af, 0x00fd, cf | af},
                    DecimalCase{"das_by_cf", das, 0x0072, cf, 0x0012, cf},
                    DecimalCase{"aam", {0xd4, 10}, 0x0163, 0, 0x0909, 0},
                    DecimalCase{"aam_base_7", {0xd4, 7}, 0x0014, 0, 0x0206, 0},
                    DecimalCase{"aad", {0xd5, 10}, 0x0403, 0, 0x002b, 0},
                    DecimalCase{"aad_wraps", {0xd5, 0x80}, 0x0305, 0, 0x0085, 0},
                    DecimalCase{"salc_set", {0xd6}, 0x1234, cf, 0x12ff, cf},
                    DecimalCase{"salc_clear", {0xd6}, 0x1234, af, 0x1200, af}),
    [](const auto& info) { return info.param.name; });

TEST(Decimal, sets_sign_zero_and_parity_by_al) {
    LegacyGuest guest;
    guest.load({0xd4, 10, 0xf4});  // aam; hlt
    guest.cpu.gpr[Gpr::Rax] = 20;
    ASSERT_EQ(guest.run(), StopReason::Halted);
    EXPECT_EQ(guest.cpu.rflags() & Rflags::status, Rflags::zf.mask | Rflags::pf.mask);
}

TEST(Decimal, base_zero_is_a_divide_error) {
    LegacyGuest guest;
    guest.load({0xd4, 0});
    ASSERT_EQ(guest.run(), StopReason::Halted);
    ASSERT_TRUE(guest.trap());
    EXPECT_EQ(guest.trap()->vector, 0U);
}

struct BoundCase {
    const char* name;
    bool wide;
    u32 index;
    bool inside;
};

class Bound : public testing::TestWithParam<BoundCase> {};

TEST_P(Bound, holds_a_signed_index_between_its_operands) {
    LegacyGuest guest;
    constexpr u8 bound_range = 5;
    std::vector<u8> code{0x62, 0x06, 0xf4};  // bound %eax, (%esi); hlt
    if (!GetParam().wide) {
        code.insert(code.begin(), 0x66);
        guest.write<i16>(LegacyGuest::data, -5);
        guest.write<i16>(LegacyGuest::data + 2, 7);
    } else {
        guest.write<i32>(LegacyGuest::data, -5);
        guest.write<i32>(LegacyGuest::data + 4, 7);
    }
    guest.load(code);
    guest.cpu.gpr[Gpr::Rsi] = LegacyGuest::data;
    guest.cpu.gpr[Gpr::Rax] = GetParam().index;
    ASSERT_EQ(guest.run(), StopReason::Halted);
    const auto trap = guest.trap();
    ASSERT_EQ(trap.has_value(), !GetParam().inside);
    if (trap) {
        EXPECT_EQ(trap->vector, bound_range);
        EXPECT_EQ(trap->eip, LegacyGuest::code) << "a fault";
    }
}

INSTANTIATE_TEST_SUITE_P(All, Bound,
                         testing::Values(BoundCase{"lower", true, static_cast<u32>(-5), true},
                                         BoundCase{"below", true, static_cast<u32>(-6), false},
                                         BoundCase{"upper", true, 7, true},
                                         BoundCase{"above", true, 8, false},
                                         BoundCase{"words_lower", false, 0x0001'fffb, true},
                                         BoundCase{"words_above", false, 0xffff'0008, false}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace ringfence::sim
