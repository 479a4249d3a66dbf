// SPDX-License-Identifier: MIT
// The APIC's timer against the time-stamp counter: rates, modes, changes while it runs, and the
// TSC deadline. Also the counter's own registers. [intel/vol3]: 11.5.4, 18.17
#include <initializer_list>

#include "arch/x86/cr4.h"
#include "tests/system/guest/apic_access.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::ApicLvt;
using arch::x86::ApicSpuriousVector;
using arch::x86::ApicTimerMode;
using arch::x86::Cr4;
using arch::x86::ExceptionVector;
using arch::x86::Msr;
namespace feature = arch::x86::cpuid_feature;

constexpr u64 vector = 0x60;
constexpr u32 by_1 = 0b1011;
constexpr u32 deadline_msr = static_cast<u32>(Msr::IA32_TSC_DEADLINE);
constexpr u32 adjust_msr = static_cast<u32>(Msr::IA32_TSC_ADJUST);

void set_mode(ApicTimerMode mode) {
    apic(ApicRegister::LvtTimer) =
        static_cast<u32>(vector) | ApicLvt::timer_mode.make(static_cast<u32>(mode));
}
void start(u32 count) {
    apic(ApicRegister::TimerInitialCount) = count;
}
u32 count() {
    return apic(ApicRegister::TimerCurrentCount);
}
void stop() {
    start(0);
    let_in();
    apic(ApicRegister::LvtTimer) = ApicLvt::masked.mask | static_cast<u32>(vector);
}

void test_one_shot() {
    Group group("one-shot: counts down, interrupts once, stays at 0");
    apic(ApicRegister::TimerDivide) = by_1;
    set_mode(ApicTimerMode::OneShot);
    start(20'000);
    u32 before = 20'000;
    for (unsigned i = 0; i < 20; ++i) {
        const u32 now = count();
        group.expect(now <= before, [&] { out << Hex{before} << " then " << Hex{now}; });
        before = now;
    }
    group.expect(let_in(1).are(vector), [] { out << "no interrupt"; });
    group.expect_equal("count", count(), 0);
    group.expect_equal("initial count", apic(ApicRegister::TimerInitialCount), 20'000);
    group.expect(let_in().count == 0, [] { out << "it came again"; });
    stop();
}

void test_periodic() {
    Group group("periodic: interrupts again and again");
    apic(ApicRegister::TimerDivide) = by_1;
    set_mode(ApicTimerMode::Periodic);
    start(50'000);
    group.expect(let_in(3).count >= 3, [] { out << "not three times"; });
    const u32 now = count();
    group.expect(now > 0 && now <= 50'000, [&] { out << "count " << Hex{now}; });
    stop();
    group.expect(let_in().count == 0, [] { out << "0 does not stop it"; });
}

/// Time-stamp ticks until `ticks` of the divided clock have passed.
u64 time_of(u32 divide, u32 ticks) {
    apic(ApicRegister::TimerDivide) = divide;
    start(ticks);
    const u64 before = read_time_stamp();
    while (count() != 0) {
    }
    return read_time_stamp() - before;
}

void test_divisors() {
    Group group("each divisor slows the count by as much");
    apic(ApicRegister::LvtTimer) = ApicLvt::masked.mask | static_cast<u32>(vector);
    const u64 unit = time_of(by_1, 64'000);
    struct Row {
        u32 code, divisor;
    };
    for (const Row& row : {Row{0b0000, 2},
                           {0b0001, 4},
                           {0b0010, 8},
                           {0b0011, 16},
                           {0b1000, 32},
                           {0b1001, 64},
                           {0b1010, 128}}) {
        const u64 time = time_of(row.code, 64'000 / row.divisor);
        group.expect(time > unit - unit / 8 && time < unit + unit / 8, [&] {
            out << "by " << row.divisor << ": " << Hex{time} << ", not " << Hex{unit};
        });
    }
    stop();
}

/// Waits until the count is in [first, end), but not for ever.
void wait_for_count(u32 first, u32 end) {
    constexpr unsigned patience = 20'000'000;
    for (unsigned i = 0; i < patience; ++i) {
        const u32 now = count();
        if (now >= first && now < end) {
            return;
        }
    }
}

void test_mode_changes() {
    Group group("one-shot and periodic: the count goes on");
    constexpr u32 initial = 40'000;
    apic(ApicRegister::TimerDivide) = by_1;
    set_mode(ApicTimerMode::OneShot);
    start(initial);
    wait_for_count(1, initial / 2);
    set_mode(ApicTimerMode::Periodic);
    u32 now = count();
    group.expect(now != 0 && now < initial / 2, [&] { out << "to periodic: " << Hex{now}; });
    wait_for_count(initial / 2, initial);
    group.expect(let_in(1).are(vector), [] { out << "no interrupt at the end of the period"; });
    wait_for_count(1, initial / 2);
    set_mode(ApicTimerMode::OneShot);
    now = count();
    group.expect(now != 0 && now < initial / 2, [&] { out << "to one-shot: " << Hex{now}; });
    group.expect(let_in(1).are(vector), [] { out << "no interrupt at the end"; });
    set_mode(ApicTimerMode::Periodic);
    group.expect_equal("what has run out does not start again", count(), 0);
    stop();
}

void test_masked() {
    Group group("masked: counts, and tells nobody");
    apic(ApicRegister::TimerDivide) = by_1;
    apic(ApicRegister::LvtTimer) = ApicLvt::masked.mask | static_cast<u32>(vector);
    start(1000);
    while (count() != 0) {
    }
    set_mode(ApicTimerMode::OneShot);
    group.expect(let_in().count == 0, [] { out << "it came after all"; });
    stop();
}

// TSC deadline ------------------------------------------------------------------------------------

bool has_deadline(Group& group) {
    if (cpu_has(feature::tsc_deadline)) {
        return true;
    }
    group.skip("no TSC-deadline mode");
    return false;
}
u64 deadline() {
    return read_msr(Msr::IA32_TSC_DEADLINE);
}
void set_deadline(u64 value) {
    write_msr(Msr::IA32_TSC_DEADLINE, value);
}

void test_deadline() {
    Group group("TSC deadline: not before, and once");
    if (!has_deadline(group)) {
        return;
    }
    set_mode(ApicTimerMode::TscDeadline);
    const u64 when = read_time_stamp() + 100'000;
    set_deadline(when);
    group.expect_equal("armed", deadline(), when);
    group.expect(let_in(1).are(vector), [] { out << "it never came"; });
    const u64 now = read_time_stamp();
    group.expect(now >= when && now < when + 10'000, [&] { out << "at " << Hex{now - when}; });
    group.expect_equal("disarmed", deadline(), 0);
    set_deadline(read_time_stamp());
    group.expect(let_in(1).are(vector), [] { out << "the past"; });
    set_deadline(read_time_stamp() + 20'000);
    set_deadline(0);
    const u64 later = read_time_stamp() + 40'000;
    while (read_time_stamp() < later) {
    }
    group.expect(let_in().count == 0, [] { out << "0 does not disarm it"; });
}

void test_deadline_registers() {
    Group group("TSC deadline: the other modes' registers are idle");
    if (!has_deadline(group)) {
        return;
    }
    set_mode(ApicTimerMode::TscDeadline);
    start(100'000);
    group.expect_equal("current count", count(), 0);
    set_deadline(~u64{0});
    set_mode(ApicTimerMode::OneShot);
    group.expect_equal("one-shot mode", deadline(), 0);
    set_deadline(read_time_stamp() + 1000);
    group.expect_equal("ignored", deadline(), 0);
    set_mode(ApicTimerMode::TscDeadline);
    group.expect_equal("disarmed by the change", deadline(), 0);
    set_mode(ApicTimerMode::OneShot);
    stop();
}

void test_without_deadline() {
    Group group("IA32_TSC_DEADLINE exists with its feature only");
    const bool has = cpu_has(feature::tsc_deadline);
    group.expect(msr_read_faults(deadline_msr) != has, [] { out << "read"; });
    group.expect(msr_write_faults(deadline_msr, 0) != has, [] { out << "write"; });
}

void test_deadline_follows_the_counter() {
    Group group("TSC deadline: setting the counter moves it");
    if (!has_deadline(group)) {
        return;
    }
    set_mode(ApicTimerMode::TscDeadline);
    set_deadline(read_time_stamp() + (u64{1} << 40));
    write_msr(Msr::IA32_TIME_STAMP_COUNTER, read_time_stamp() + (u64{1} << 41));
    group.expect(let_in(1).are(vector), [] { out << "the counter has passed it"; });
    write_msr(Msr::IA32_TIME_STAMP_COUNTER, read_time_stamp() - (u64{1} << 41));
    set_mode(ApicTimerMode::OneShot);
    stop();
}

// The counter -------------------------------------------------------------------------------------

void test_counter() {
    Group group("the time-stamp counter can be set");
    constexpr u64 value = u64{5} << 40;
    write_msr(Msr::IA32_TIME_STAMP_COUNTER, value);
    const u64 now = read_time_stamp();
    group.expect(now >= value && now < value + (u64{1} << 32), [&] { out << "got " << Hex{now}; });
    group.expect(read_msr(Msr::IA32_TIME_STAMP_COUNTER) >= now, [] { out << "RDMSR runs behind"; });
    write_msr(Msr::IA32_TIME_STAMP_COUNTER, 0);
}

void test_without_adjust() {
    Group group("IA32_TSC_ADJUST exists with its feature only");
    const bool has = cpu_has(feature::tsc_adjust);
    group.expect(msr_read_faults(adjust_msr) != has, [] { out << "read"; });
    group.expect(msr_write_faults(adjust_msr, 0) != has, [] { out << "write"; });
}

void test_adjust() {
    Group group("IA32_TSC_ADJUST and the counter move together");
    if (!cpu_has(feature::tsc_adjust)) {
        group.skip("no IA32_TSC_ADJUST");
        return;
    }
    constexpr u64 step = u64{1} << 40;
    write_msr(Msr::IA32_TSC_ADJUST, 0);
    const u64 before = read_time_stamp();
    write_msr(Msr::IA32_TSC_ADJUST, step);
    group.expect_equal("as written", read_msr(Msr::IA32_TSC_ADJUST), step);
    const u64 after = read_time_stamp();
    group.expect(after - before >= step && after - before < step + (step >> 8),
                 [&] { out << "moved by " << Hex{after - before}; });
    write_msr(Msr::IA32_TIME_STAMP_COUNTER, after + step);
    const u64 adjust = read_msr(Msr::IA32_TSC_ADJUST);
    group.expect(adjust <= 2 * step && adjust > 2 * step - (step >> 8),
                 [&] { out << "adjust " << Hex{adjust}; });
    write_msr(Msr::IA32_TSC_ADJUST, 0);
    group.expect(read_time_stamp() - before < step, [] { out << "0 does not bring it back"; });
}

void test_user_access() {
    Group group("CR4.TSD keeps RDTSC from user mode");
    const auto in_user = [] { return run_in_user(user_address(user_rdtsc)); };
    write_cr4(read_cr4() & ~Cr4::tsd.mask);
    group.expect_equal("TSD = 0", in_user().vector, Trap::none);
    write_cr4(read_cr4() | Cr4::tsd.mask);
    const Trap trap = in_user();
    group.expect(trap.is(ExceptionVector::GeneralProtection) && trap.error_code == 0,
                 [&] { out << "TSD = 1: vector " << Hex{trap.vector}; });
    (void)read_time_stamp();  // the supervisor may
    write_cr4(read_cr4() & ~Cr4::tsd.mask);
}

void test_rdtscp() {
    Group group("RDTSCP gives IA32_TSC_AUX");
    if (!cpu_has(feature::rdtscp)) {
        group.skip("no RDTSCP");
        return;
    }
    write_msr(Msr::IA32_TSC_AUX, 0x1234'5678);
    const u64 before = read_time_stamp();
    u32 low;
    u32 high;
    u64 aux;
    asm volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
    group.expect_equal("RCX", aux, 0x1234'5678);
    group.expect((low | u64{high} << 32) >= before, [] { out << "time runs back"; });
    group.expect(msr_write_faults(static_cast<u32>(Msr::IA32_TSC_AUX), bit(32)),
                 [] { out << "upper half accepted"; });
}
}  // namespace

void run_tests() {
    apic(ApicRegister::SpuriousVector) =
        ApicSpuriousVector::vector.make(0xff) | ApicSpuriousVector::enabled.mask;
    watch(vector, end_in_page);
    test_one_shot();
    test_periodic();
    test_divisors();
    test_mode_changes();
    test_masked();
    test_deadline();
    test_deadline_registers();
    test_without_deadline();
    test_deadline_follows_the_counter();
    test_counter();
    test_without_adjust();
    test_adjust();
    test_user_access();
    test_rdtscp();
}

}  // namespace ringfence::system_test
