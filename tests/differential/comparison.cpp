// SPDX-License-Identifier: MIT
#include "tests/differential/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "tests/differential/exclusions.h"

namespace ringfence::differential {

namespace {

constexpr std::array register_names = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                       "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
/// The status flags, TF and DF. The host's kernel owns the others.
constexpr u64 compared_flags = 0xdd5;
/// Linux's TASK_SIZE_MAX.
constexpr u64 first_kernel_address = 0x0000'7fff'ffff'f000;
constexpr u32 protection_bit = 1;
constexpr u64 condition_bits = sim::cpu::x87_status::C0::mask | sim::cpu::x87_status::C2::mask |
                               sim::cpu::x87_status::C3::mask;

class Differences {
public:
    void check(std::string_view name, u64 host, u64 machine, u64 mask = ~u64{0}) {
        if (((host ^ machine) & mask) != 0) {
            lines_.push_back(
                fmt::format("{}: host {:#x}, machine {:#x}", name, host & mask, machine & mask));
        }
    }
    std::vector<std::string> take() { return std::move(lines_); }

private:
    std::vector<std::string> lines_;
};

void compare_exception(Differences& differences, const Outcome& host, const Outcome& machine) {
    differences.check("vector", static_cast<u64>(host.vector), static_cast<u64>(machine.vector));
    if (host.vector == ExceptionVector::PageFault) {
        differences.check("cr2", host.address, machine.address);
        // The host's kernel hides from programs which of its own pages exist.
        const bool hidden = host.address >= first_kernel_address;
        differences.check("error code", host.error_code, machine.error_code,
                          hidden ? ~u64{protection_bit} : ~u64{0});
    } else if (host.vector != ExceptionVector::AlignmentCheck) {
        differences.check("error code", host.error_code, machine.error_code);
    }
}

/// The distance of two 80-bit values of the same sign in units of the last place.
u64 distance(const FxsaveImage::Register& a, const FxsaveImage::Register& b) {
    // Denormal numbers have the last place of the smallest normal ones. [intel/vol1]: 4.8.3.2
    const auto same_scale = [](u16 x, u16 y) {
        const auto scale = [](u16 exponent) {
            return (exponent & 0x7fff) == 0 ? exponent + 1 : +exponent;
        };
        return scale(x) == scale(y);
    };
    if (same_scale(a.sign_exponent, b.sign_exponent)) {
        return std::max(a.significand, b.significand) - std::min(a.significand, b.significand);
    }
    const bool a_larger = a.sign_exponent == b.sign_exponent + 1;
    if (!a_larger && b.sign_exponent != a.sign_exponent + 1) {
        return ~u64{0};
    }
    const u64 large = a_larger ? a.significand : b.significand;
    const u64 small = a_larger ? b.significand : a.significand;
    return (large - (u64{1} << 63)) + (~u64{0} - small) + 1;
}

bool leaves_error(const FxsaveImage& fpu) {
    return sim::cpu::x87_status::ErrorSummary::test(fpu.status);
}

void compare_x87(Differences& differences, const TestCase& test, const FxsaveImage& host,
                 const FxsaveImage& machine) {
    const ZydisMnemonic mnemonic = test.form->mnemonic;
    u64 status_mask = 0xffff & ~excluded(mnemonic, Exclusion::X87Status);
    if (leaves_error(host) && is_excluded(mnemonic, Exclusion::ConditionOnError)) {
        status_mask &= ~condition_bits;
    }
    differences.check("fcw", host.control, machine.control);
    differences.check("fsw", host.status, machine.status, status_mask);
    differences.check("ftw", host.valid, machine.valid);
    if (leaves_error(host) || !is_excluded(ZYDIS_MNEMONIC_INVALID, Exclusion::X87Pointers)) {
        differences.check("fop", host.opcode, machine.opcode);
        // AMD keeps 48 bits of each.
        constexpr u64 kept = low_mask(48);
        differences.check("fip", host.instruction_pointer, machine.instruction_pointer, kept);
        differences.check("fdp", host.data_pointer, machine.data_pointer, kept);
    }
    const u64 tolerance = excluded(mnemonic, Exclusion::X87LastPlace);
    for (usize i = 0; i < host.st.size(); ++i) {
        if (tolerance != 0 && distance(host.st[i], machine.st[i]) <= tolerance) {
            continue;
        }
        differences.check(fmt::format("st({}) significand", i), host.st[i].significand,
                          machine.st[i].significand);
        differences.check(fmt::format("st({}) exponent", i), host.st[i].sign_exponent,
                          machine.st[i].sign_exponent);
    }
}

/// The bits of 64 that lie in elements of 32 or 64 bits that are NaNs.
u64 nan_elements(u64 value, u64 element_bits) {
    constexpr u64 infinity32 = 0x7f80'0000;
    constexpr u64 infinity64 = 0x7ff0'0000'0000'0000;
    u64 nans = 0;
    for (u64 shift = 0; element_bits != 0 && shift < 64; shift += element_bits) {
        const u64 element = low_mask(static_cast<unsigned>(element_bits));
        const u64 magnitude = value >> shift & (element >> 1);
        if (magnitude > (element_bits == 32 ? infinity32 : infinity64)) {
            nans |= element << shift;
        }
    }
    return nans;
}

void compare_vectors(Differences& differences, const TestCase& test, bool faulted,
                     const ProcessorState& host, const ProcessorState& machine) {
    const ZydisMnemonic mnemonic = test.form->mnemonic;
    constexpr u64 mxcsr_flags = 0x3f;
    const bool any_flags = faulted && is_excluded(mnemonic, Exclusion::MxcsrOnFault);
    differences.check("mxcsr", host.fpu.mxcsr, machine.fpu.mxcsr,
                      any_flags ? ~mxcsr_flags : ~u64{0});
    if (is_excluded(mnemonic, Exclusion::VectorResult)) {
        return;
    }
    const u64 element_bits = excluded(mnemonic, Exclusion::NanChoice);
    const auto check = [&](const char* part, usize i, u64 hosts, u64 machines) {
        const u64 any_nan =
            nan_elements(hosts, element_bits) & nan_elements(machines, element_bits);
        differences.check(fmt::format("{}{}", part, i), hosts, machines, ~any_nan);
    };
    for (usize i = 0; i < host.upper.size(); ++i) {
        check("low half of xmm", i, host.fpu.xmm[i].low, machine.fpu.xmm[i].low);
        check("high half of xmm", i, host.fpu.xmm[i].high, machine.fpu.xmm[i].high);
        check("bits 191:128 of ymm", i, host.upper[i].low, machine.upper[i].low);
        check("bits 255:192 of ymm", i, host.upper[i].high, machine.upper[i].high);
    }
}

u64 flags_mask(const TestCase& test, const Outcome& host) {
    const ZydisMnemonic mnemonic = test.form->mnemonic;
    if (leaves_error(host.state.fpu) && is_excluded(mnemonic, Exclusion::ConditionOnError)) {
        return 0;
    }
    if (!host.completed) {
        return is_excluded(mnemonic, Exclusion::FlagsOnFault) ? 0 : compared_flags;
    }
    return compared_flags & ~(test.undefined_flags | excluded(mnemonic, Exclusion::Flags));
}

bool has_prefix(const TestCase& test, u8 wanted) {
    constexpr std::array<u8, 11> prefixes = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                             0x66, 0x67, 0xf0, 0xf2, 0xf3};
    for (const u8 byte : test.instruction()) {
        if (byte == wanted) {
            return true;
        }
        if (std::ranges::find(prefixes, byte) == prefixes.end()) {
            return false;
        }
    }
    return false;
}

bool same_registers(const Outcome& host, const Outcome& machine) {
    const FxsaveImage& a = host.state.fpu;
    const FxsaveImage& b = machine.state.fpu;
    // Everything up to XMM15 but the MXCSR mask, which names the processor.
    return host.state.gpr == machine.state.gpr && host.state.rip == machine.state.rip &&
           host.state.upper == machine.state.upper &&
           std::memcmp(&a, &b, offsetof(FxsaveImage, mxcsr_mask)) == 0 &&
           std::memcmp(&a.st, &b.st, sizeof(FxsaveImage) - offsetof(FxsaveImage, st)) == 0;
}

}  // namespace

std::vector<std::string> compare(const TestCase& test, const Outcome& host,
                                 const Outcome& machine) {
    const ZydisMnemonic mnemonic = test.form->mnemonic;
    const bool host_only = !host.completed && machine.completed;
    const bool machine_only = host.completed && !machine.completed;
    if ((machine_only && is_excluded(mnemonic, Exclusion::MachineFault)) ||
        (host_only && is_excluded(mnemonic, Exclusion::HostFault)) ||
        (test.undefined_result && is_excluded(mnemonic, Exclusion::Everything))) {
        return {};
    }
    const Outcome& completed = host.completed ? host : machine;
    if (host_only != machine_only && leaves_error(completed.state.fpu) &&
        is_excluded(mnemonic, Exclusion::ErrorBeforeStore)) {
        return {};
    }
    Differences differences;
    differences.check("completed", host.completed ? 1 : 0, machine.completed ? 1 : 0);
    if (!host.completed && !machine.completed && !is_excluded(mnemonic, Exclusion::FaultOrder)) {
        compare_exception(differences, host, machine);
    }
    differences.check("rflags", host.state.rflags, machine.state.rflags, flags_mask(test, host));
    if (same_registers(host, machine)) {
        return differences.take();
    }
    differences.check("rip", host.state.rip, machine.state.rip);
    const bool short_addresses =
        has_prefix(test, 0x67) && is_excluded(mnemonic, Exclusion::ShortAddresses);
    const bool low_half = short_addresses || is_excluded(mnemonic, Exclusion::UpperHalf);
    const u64 mask = low_half ? low_mask(32) : ~u64{0};
    for (usize i = 0; i < host.state.gpr.size(); ++i) {
        differences.check(register_names[i], host.state.gpr[i], machine.state.gpr[i], mask);
    }
    if (host.completed || !is_excluded(mnemonic, Exclusion::X87OnFault)) {
        compare_x87(differences, test, host.state.fpu, machine.state.fpu);
    }
    if (host.completed || !is_excluded(mnemonic, Exclusion::VectorOnFault)) {
        compare_vectors(differences, test, !host.completed, host.state, machine.state);
    }
    return differences.take();
}

std::vector<std::string> compare_memory(const TestCase& test, bool faulted, const DataImage& host,
                                        const DataImage& machine) {
    const bool excluded_result =
        (test.undefined_result && is_excluded(test.form->mnemonic, Exclusion::Everything)) ||
        (faulted && is_excluded(test.form->mnemonic, Exclusion::FaultOrder));
    if (excluded_result || std::memcmp(host.data(), machine.data(), host.size()) == 0) {
        return {};
    }
    const bool ignores_mask = is_excluded(test.form->mnemonic, Exclusion::MxcsrMask);
    auto [a, b] = std::mismatch(host.begin(), host.end(), machine.begin());
    // The third byte of MXCSR_MASK, in an image that is 16-byte aligned.
    if (ignores_mask && (a - host.begin()) % 16 == 14) {
        std::tie(a, b) = std::mismatch(a + 1, host.end(), b + 1);
    }
    if (a == host.end()) {
        return {};
    }
    const u64 address = data_base + static_cast<u64>(a - host.begin());
    return {fmt::format("memory at {:#x}: host {:#x}, machine {:#x}", address, *a, *b)};
}

std::string describe(const TestCase& test) {
    std::string text = test.form->name + "\n  bytes:";
    for (const u8 byte : test.instruction()) {
        text += fmt::format(" {:02x}", byte);
    }
    ZydisDisassembledInstruction disassembled;
    if (ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, test.state.rip,
                                           test.bytes.data(), test.length, &disassembled))) {
        text += fmt::format("\n  at {:#x}: {}", test.state.rip, disassembled.text);
    }
    text += fmt::format("\n  rflags {:#x}", test.state.rflags);
    for (usize i = 0; i < test.state.gpr.size(); ++i) {
        text += fmt::format("{}{} {:#x}", i % 4 == 0 ? "\n  " : ", ", register_names[i],
                            test.state.gpr[i]);
    }
    const FxsaveImage& fpu = test.state.fpu;
    text += fmt::format("\n  mxcsr {:#x}, fcw {:#x}, fsw {:#x}, valid {:#x}", fpu.mxcsr,
                        fpu.control, fpu.status, fpu.valid);
    for (usize i = 0; i < fpu.st.size(); ++i) {
        text += fmt::format("\n  st({}) {:04x}:{:016x}", i, fpu.st[i].sign_exponent,
                            fpu.st[i].significand);
    }
    for (usize i = 0; i < fpu.xmm.size(); ++i) {
        const Xmm& upper = test.state.upper[i];
        text += fmt::format("\n  ymm{} {:016x}:{:016x}:{:016x}:{:016x}", i, upper.high, upper.low,
                            fpu.xmm[i].high, fpu.xmm[i].low);
    }
    return text + "\n";
}

}  // namespace ringfence::differential
