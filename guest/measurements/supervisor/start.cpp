// SPDX-License-Identifier: MIT
// The image that measures what user mode cannot: prints "NAME VALUE" on COM1 for each figure, as
// the Linux program does, and ends the machine. Takes 2 GiB of memory.
#include "arch/x86/cpuid.h"
#include "base/compiler.h"
#include "guest/bare_metal/instructions.h"
#include "guest/bare_metal/serial_line.h"
#include "guest/measurements/figures.h"
#include "guest/measurements/supervisor/privileged.h"
#include "guest/measurements/supervisor/processor.h"
#include "guest/measurements/supervisor/transient.h"
#include "guest/measurements/supervisor/translation.h"

extern "C" void start_image();

namespace {

using namespace ringfence;
using namespace ringfence::measurements;

void print(const char* text) {
    for (; *text != '\0'; ++text) {
        bare_metal::put(*text);
    }
}

/// In decimal, with at least `digits` digits.
void print(u64 number, unsigned digits) {
    constexpr u64 ten = 10;
    if (digits > 1 || number >= ten) {
        print(number / ten, digits > 1 ? digits - 1 : 1);
    }
    bare_metal::put(static_cast<char>('0' + number % ten));
}

class SerialReport final : public Report {
public:
    bool wants(const char* /*name*/) override { return true; }
    void result(const char* name, Thousandths value) override {
        print(name);
        if (value == not_here) {
            print(" -\n");
            return;
        }
        print(" ");
        print(value / thousand, 1);
        print(".");
        print(value % thousand, 3);
        print("\n");
    }
};

// Where things lie in physical memory, which is mapped one to one.
constexpr u64 mib = 1024 * 1024;
constexpr u64 tables_begin = 16 * mib;
constexpr u64 zeros = 48 * mib;
constexpr u64 code_begin = 50 * mib;
constexpr u64 fresh_begin = 60 * mib;
constexpr u64 data_begin = 64 * mib;
constexpr u64 data_end = 1536 * mib;

std::span<u8> memory(u64 begin, u64 end) {
    return {reinterpret_cast<u8*>(begin), end - begin};
}

}  // namespace

void ringfence::assertion_failed(const char* condition, const char* file, int line) {
    print("assertion failed: ");
    print(file);
    print(":");
    print(static_cast<u64>(line), 1);
    print(": ");
    print(condition);
    print("\n");
    bare_metal::end_machine(abi::MachineExit::KernelPanic);
}

void start_image() {
    set_up_processor();
    PageTables::make_identity_global();
    constexpr u64 first_free_part = 3;
    AddressSpace space{.tables = PageTables(tables_begin, zeros),
                       .zeros = zeros,
                       .next_part = first_free_part * AddressSpace::part_bytes};
    Workbench bench{.code = Code(memory(code_begin, fresh_begin)),
                    .fresh = Code(memory(fresh_begin, data_begin)),
                    .data = memory(data_begin, data_end)};
    SerialReport report;
    report.result("identity.clock_hz", clock_hz());
    run(measurements_of_cache_geometry(), bench, report);
    run_privileged(space, bench, report);
    run_transient(space, bench, report);
    run_translation(space, bench, report, bare_metal::cpu_has(arch::x86::cpuid_feature::page_1g));
    bare_metal::end_machine(abi::MachineExit::Finished);
}
