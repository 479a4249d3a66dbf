// SPDX-License-Identifier: MIT
// The I/O APIC: registers, edges and levels, masks, ends and destinations. The lines are driven by
// the test device, which QEMU calls pc-testdev. [intel/ioapic]
#include <initializer_list>

#include "arch/x86/io_apic.h"
#include "tests/system/guest/apic_access.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::ApicDeliveryMode;
using arch::x86::ApicLvt;
using arch::x86::ApicSpuriousVector;
using arch::x86::IoApicRegister;
using arch::x86::IoApicWindow;
using arch::x86::XapicDestination;

constexpr unsigned line = 14;  ///< nothing else drives these
constexpr unsigned other_line = 15;
constexpr u64 vector = 0x76;
constexpr u64 higher_vector = 0x87;

// The lower half of an entry has the bits of a local vector table entry.
constexpr u32 masked = ApicLvt::masked.mask;
constexpr u32 level = ApicLvt::level_triggered.mask;
constexpr u32 remote_irr = ApicLvt::remote_irr.mask;

volatile u32& window(IoApicWindow which) {
    return *reinterpret_cast<volatile u32*>(arch::x86::io_apic_address.value() +
                                            static_cast<u64>(which));
}
u32 read(unsigned index) {
    window(IoApicWindow::Select) = index;
    return window(IoApicWindow::Data);
}
void write(unsigned index, u32 value) {
    window(IoApicWindow::Select) = index;
    window(IoApicWindow::Data) = value;
}
constexpr unsigned lower(unsigned pin) {
    return static_cast<unsigned>(IoApicRegister::FirstRedirection) + 2 * pin;
}
constexpr unsigned upper(unsigned pin) {
    return lower(pin) + 1;
}
void program(unsigned pin, u32 low, u32 destination = 0) {
    write(upper(pin), XapicDestination::make(destination));
    write(lower(pin), low);
}
void set_line(unsigned number, bool high) {
    constexpr u16 first_port = 0x2000;
    out8(static_cast<u16>(first_port + number), high ? 1 : 0);
}
void pulse(unsigned number) {
    set_line(number, true);
    set_line(number, false);
}

void test_registers() {
    Group group("identity and registers");
    const u32 version = read(static_cast<unsigned>(IoApicRegister::Version));
    group.expect_equal("entries", version >> 16 & 0xff, 23);
    write(static_cast<unsigned>(IoApicRegister::Version), ~version);
    group.expect_equal("version is read-only", read(static_cast<unsigned>(IoApicRegister::Version)),
                       version);
    write(static_cast<unsigned>(IoApicRegister::Id), ~u32{0});
    group.expect_equal("ID", read(static_cast<unsigned>(IoApicRegister::Id)), 0x0f00'0000);
    write(static_cast<unsigned>(IoApicRegister::Arbitration), 0);
    group.expect_equal("arbitration ID", read(static_cast<unsigned>(IoApicRegister::Arbitration)),
                       0x0f00'0000);
    write(static_cast<unsigned>(IoApicRegister::Id), 0);
    program(line, masked | 0xa7ff, 0xff);
    group.expect_equal("entry", read(lower(line)), masked | 0xa7ff);
    group.expect_equal("destination", read(upper(line)), 0xff00'0000);
    program(line, masked);
}

void test_reserved_bits() {
    Group group("reserved bits of an entry read as zero");
    program(line, ~u32{0}, 0xff);
    group.expect_equal("lower half", read(lower(line)), 0x1'afff);
    write(upper(line), ~u32{0});
    group.expect_equal("upper half", read(upper(line)), 0xff00'0000);
    program(line, masked);
}

void test_edges() {
    Group group("an edge is one interrupt");
    program(line, static_cast<u32>(vector));
    pulse(line);
    group.expect(let_in(1).are(vector), [] { out << "a pulse"; });
    set_line(line, true);
    group.expect(let_in(1).are(vector), [] { out << "the line rises"; });
    group.expect(let_in().count == 0, [] { out << "and stays high"; });
    set_line(line, false);
    group.expect(let_in().count == 0, [] { out << "it falls"; });
    program(line, masked | static_cast<u32>(vector));
}

void test_masked_edges() {
    Group group("an edge under the mask is lost");
    program(line, masked | static_cast<u32>(vector));
    pulse(line);
    program(line, static_cast<u32>(vector));
    group.expect(let_in().count == 0, [] { out << "it came after all"; });
    program(line, masked);
}

void test_two_edges() {
    Group group("of two that wait the higher vector comes first");
    program(line, static_cast<u32>(vector));
    program(other_line, static_cast<u32>(higher_vector));
    pulse(line);
    pulse(other_line);
    const Arrivals came = let_in(2);
    group.expect_equal("arrived", came.count, 2);
    group.expect_equal("first", came.vectors[0], higher_vector);
    group.expect_equal("second", came.vectors[1], vector);
    program(line, masked);
    program(other_line, masked);
}

// Levels ------------------------------------------------------------------------------------------

void end_and_lower() {
    set_line(line, false);
    end_in_page();
}
unsigned to_come = 0;
/// Lets the line fall after so many interrupts.
void end_some() {
    if (--to_come == 0) {
        set_line(line, false);
    }
    end_in_page();
}

void test_levels() {
    Group group("a level interrupts again until it falls");
    watch(vector, end_some);
    program(line, level | static_cast<u32>(vector));
    to_come = 1;
    set_line(line, true);
    group.expect_equal("remote IRR", read(lower(line)), level | remote_irr | vector);
    group.expect(let_in(1).are(vector), [] { out << "lowered by the handler"; });
    group.expect_equal("remote IRR, ended", read(lower(line)), level | vector);
    to_come = 3;
    set_line(line, true);
    group.expect_equal("held for three", let_in(3).count, 3);
    group.expect_equal("trigger mode",
                       apic(static_cast<u64>(ApicRegister::TriggerMode) +
                            vector / 32 * arch::x86::apic_register_stride) >>
                               (vector % 32) &
                           1,
                       1);
    program(line, masked);
    watch(vector, end_in_page);
}

void test_masked_levels() {
    Group group("a level under the mask waits");
    watch(vector, end_and_lower);
    program(line, masked | level | static_cast<u32>(vector));
    set_line(line, true);
    group.expect(let_in().count == 0, [] { out << "masked"; });
    program(line, level | static_cast<u32>(vector));
    group.expect(let_in(1).are(vector), [] { out << "unmasked"; });
    set_line(line, false);
    program(line, masked);
    watch(vector, end_in_page);
}

void test_edge_clears_remote_irr() {
    Group group("edge triggering clears remote IRR");
    program(line, level | static_cast<u32>(vector));
    set_line(line, true);
    program(line, masked | static_cast<u32>(vector));
    group.expect_equal("entry", read(lower(line)), masked | vector);
    set_line(line, false);
    program(line, masked | level | static_cast<u32>(vector));
    group.expect_equal("level again", read(lower(line)), masked | level | vector);
    let_in();
    program(line, masked);
}

void test_directed_end() {
    Group group("the end may be told to the I/O APIC alone");
    constexpr u32 suppress = ApicSpuriousVector::suppress_eoi_broadcast.mask;
    const u32 spurious = apic(ApicRegister::SpuriousVector);
    if (!arch::x86::ApicVersion::suppresses_eoi_broadcast.test(apic(ApicRegister::Version))) {
        group.skip("the local APIC always tells all");
        return;
    }
    apic(ApicRegister::SpuriousVector) = spurious | suppress;
    watch(vector, end_and_lower);
    program(line, level | static_cast<u32>(vector));
    set_line(line, true);
    group.expect(let_in(1).are(vector), [] { out << "no interrupt"; });
    group.expect_equal("not told", read(lower(line)), level | remote_irr | vector);
    window(IoApicWindow::EndOfInterrupt) = static_cast<u32>(vector);
    group.expect_equal("told", read(lower(line)), level | vector);
    apic(ApicRegister::SpuriousVector) = spurious;
    program(line, masked);
    watch(vector, end_in_page);
}

// Destinations and kinds --------------------------------------------------------------------------

void test_destinations() {
    Group group("destinations, physical and logical");
    struct Row {
        const char* name;
        u32 low, destination;
        bool arrives;
    };
    constexpr u32 logical = arch::x86::ApicInterruptCommand::logical.mask;
    const u32 lowest =
        ApicLvt::delivery_mode.make(static_cast<u32>(ApicDeliveryMode::LowestPriority));
    apic(ApicRegister::LogicalDestination) = XapicDestination::make(0x04);
    for (const Row& row :
         {Row{"own ID", 0, 0, true}, Row{"another's ID", 0, 1, false},
          Row{"broadcast", 0, 0xff, true}, Row{"own name", logical, 0x04, true},
          Row{"own among others", logical, 0x0e, true}, Row{"another's name", logical, 0x02, false},
          Row{"lowest priority", lowest, 0, true}}) {
        program(line, row.low | static_cast<u32>(vector), row.destination);
        pulse(line);
        const Arrivals came = let_in(row.arrives ? 1 : 0);
        group.expect(row.arrives ? came.are(vector) : came.count == 0, [&] { out << row.name; });
    }
    program(line, masked);
}

unsigned nmis = 0;

void test_nmi() {
    Group group("an entry may raise an NMI");
    set_handler(2, [](TrapFrame&) { ++nmis; });
    program(line, ApicLvt::delivery_mode.make(static_cast<u32>(ApicDeliveryMode::Nmi)));
    pulse(line);
    for (unsigned i = 0; i < 2000 && nmis == 0; ++i) {
        asm volatile("pause");
    }
    group.expect_equal("NMIs", nmis, 1);
    program(line, masked);
    set_handler(2, nullptr);
}

void test_timer_input() {
    Group group("the timer is input 2");
    constexpr u16 command = 0x43;
    constexpr u16 channel = 0x40;
    program(2, static_cast<u32>(vector));
    out8(command, 0x30);
    out8(channel, 100);
    out8(channel, 0);
    group.expect(let_in(1).are(vector), [] { out << "no interrupt"; });
    program(2, masked);
}
}  // namespace

void run_tests() {
    apic(ApicRegister::SpuriousVector) = ApicSpuriousVector::enabled.mask | 0xff;
    watch(vector, end_in_page);
    watch(higher_vector, end_in_page);
    test_registers();
    test_reserved_bits();
    test_edges();
    test_masked_edges();
    test_two_edges();
    test_levels();
    test_masked_levels();
    test_edge_clears_remote_irr();
    test_directed_end();
    test_destinations();
    test_nmi();
    test_timer_input();
}

}  // namespace ringfence::system_test
