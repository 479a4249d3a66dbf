// SPDX-License-Identifier: MIT
// Paging outside long mode: 32-bit and PAE paging, large pages, reserved bits, and when PAE's four
// page-directory-pointer registers are loaded. [intel/vol3]: 4.3, 4.4
#include <initializer_list>

#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "arch/x86/efer.h"
#include "arch/x86/msr.h"
#include "arch/x86/page_fault_error_code.h"
#include "arch/x86/pte_2level.h"
#include "arch/x86/pte_4level.h"
#include "arch/x86/pte_pae.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest32/traps.h"

namespace ringfence::system_test {
namespace {

using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::ExceptionVector;
using arch::x86::PageFaultErrorCode;
using arch::x86::Pte2Level;
using arch::x86::Pte4Level;

constexpr u32 window = 0x4000'0000;  ///< mapped for each case anew
constexpr u32 window_entry = window >> 22;
constexpr u32 window_pointer = window >> 30;
constexpr u32 page = 0x1000;
constexpr u32 value = 0x1234'5678;

alignas(page) u32 directory[1024];
alignas(page) u32 table[1024];
alignas(page) u32 data[1024];
/// PAE's four pointers, with room for a second set.
alignas(page) u64 pointers[8];
alignas(page) u64 wide_directory_0[512];
alignas(page) u64 wide_directory_1[512];
alignas(page) u64 wide_table[512];

template <typename T>
u32 address(const T* object) {
    return reinterpret_cast<u32>(object);
}

u32 read_cr0() {
    u32 bits;
    asm volatile("mov %%cr0, %0" : "=r"(bits));
    return bits;
}
void write_cr0(u32 bits) {
    asm volatile("mov %0, %%cr0" : : "r"(bits) : "memory");
}
u32 read_cr2() {
    u32 bits;
    asm volatile("mov %%cr2, %0" : "=r"(bits));
    return bits;
}
u32 read_cr3() {
    u32 bits;
    asm volatile("mov %%cr3, %0" : "=r"(bits));
    return bits;
}
void write_cr3(u32 bits) {
    asm volatile("mov %0, %%cr3" : : "r"(bits) : "memory");
}
u32 read_cr4() {
    u32 bits;
    asm volatile("mov %%cr4, %0" : "=r"(bits));
    return bits;
}
void write_cr4(u32 bits) {
    asm volatile("mov %0, %%cr4" : : "r"(bits) : "memory");
}
void set_no_execute(bool on) {
    u32 low;
    u32 high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(arch::x86::Msr::IA32_EFER));
    constexpr auto nxe = static_cast<u32>(Efer::nxe.mask);
    low = on ? low | nxe : low & ~nxe;
    asm volatile("wrmsr" : : "a"(low), "d"(high), "c"(arch::x86::Msr::IA32_EFER));
}
constexpr u32 bits_of(u64 mask) {
    return static_cast<u32>(mask);
}

// What may fault, for run_in_supervisor.
u32 argument;
u32 seen;
void load() {
    seen = *reinterpret_cast<volatile u32*>(argument);
}
void store() {
    *reinterpret_cast<volatile u32*>(argument) = value;
}
void fetch() {
    reinterpret_cast<void (*)()>(argument)();
}
void load_cr3() {
    write_cr3(argument);
}
void load_cr4() {
    write_cr4(argument);
}
void begin_paging() {
    write_cr0(read_cr0() | bits_of(Cr0::pg.mask));
}
Trap try_with(void (*what)(), u32 with) {
    argument = with;
    seen = 0;
    return run_in_supervisor(what);
}

void expect_fault(Group& group, const char* what, const Trap& trap, u64 error, u32 where) {
    group.expect_equal(what, trap.vector, static_cast<u64>(ExceptionVector::PageFault));
    group.expect_equal(what, trap.frame.error_code, error);
    group.expect_equal(what, read_cr2(), where);
}
void expect_refused(Group& group, const char* what, const Trap& trap) {
    group.expect_equal(what, trap.vector, static_cast<u64>(ExceptionVector::GeneralProtection));
    group.expect_equal(what, trap.frame.error_code, 0);
}
void expect_value(Group& group, const char* what, const Trap& trap) {
    group.expect_equal(what, trap.vector, Trap::none);
    group.expect_equal(what, seen, value);
}

/// Paging with the first 4 MiB where they are, as long as it lives.
class TwoLevel {
public:
    explicit TwoLevel(bool large_pages) {
        // The image lies below 4 MiB: a table for it, so that CR4.PSE may be what it will.
        for (u32 i = 0; i < 1024; ++i) {
            identity_[i] = i * page | rights;
            directory[i] = 0;
        }
        directory[0] = address(identity_) | rights;
        write_cr4(large_pages ? bits_of(Cr4::pse.mask) : 0);
        write_cr3(address(directory));
        write_cr0(read_cr0() | bits_of(Cr0::pg.mask));
    }
    TwoLevel(const TwoLevel&) = delete;
    TwoLevel& operator=(const TwoLevel&) = delete;
    ~TwoLevel() {
        write_cr0(read_cr0() & ~bits_of(Cr0::pg.mask | Cr0::wp.mask));
        write_cr4(0);
    }
    static void map(u32 entry) {
        directory[window_entry] = entry;
        write_cr3(address(directory));
    }
    static constexpr u32 rights = Pte2Level::present.mask | Pte2Level::writable.mask;

private:
    alignas(page) static inline u32 identity_[1024];
};

void test_large_pages() {
    Group group("32-bit paging: 4 MiB pages");
    const TwoLevel paging{true};
    data[5] = value;
    TwoLevel::map(TwoLevel::rights | Pte2Level::page_size.mask);
    expect_value(group, "a large page", try_with(load, window + address(&data[5])));
    group.expect_equal("accessed", Pte2Level::accessed.test(directory[window_entry]) ? 1 : 0, 1);
    group.expect_equal("not dirty", Pte2Level::dirty.test(directory[window_entry]) ? 1 : 0, 0);
    data[5] = 0;
    group.expect_equal("a store", try_with(store, window + address(&data[5])).vector, Trap::none);
    group.expect_equal("has stored", data[5], value);
    group.expect_equal("dirty", Pte2Level::dirty.test(directory[window_entry]) ? 1 : 0, 1);
}

void test_page_size_without_pse() {
    Group group("32-bit paging: PS means nothing without CR4.PSE");
    const TwoLevel paging{false};
    data[7] = value;
    table[0] = address(data) | TwoLevel::rights;
    TwoLevel::map(address(table) | TwoLevel::rights | Pte2Level::page_size.mask);
    expect_value(group, "an entry with PS", try_with(load, window + 7 * sizeof(u32)));
}

void test_reserved_bit() {
    Group group("32-bit paging: bit 21 of a 4 MiB page is reserved");
    const TwoLevel paging{true};
    TwoLevel::map(TwoLevel::rights | Pte2Level::page_size.mask | Pte2Level::large_reserved.mask);
    expect_fault(group, "a load", try_with(load, window),
                 PageFaultErrorCode::present.mask | PageFaultErrorCode::reserved.mask, window);
}

void test_write_protection() {
    Group group("32-bit paging: CR0.WP");
    const TwoLevel paging{true};
    table[0] = address(data) | Pte2Level::present.mask;
    TwoLevel::map(address(table) | TwoLevel::rights);
    group.expect_equal("without", try_with(store, window).vector, Trap::none);
    write_cr0(read_cr0() | bits_of(Cr0::wp.mask));
    expect_fault(group, "with", try_with(store, window),
                 PageFaultErrorCode::present.mask | PageFaultErrorCode::write.mask, window);
    expect_value(group, "loads may", try_with(load, window));
    table[0] = 0;
    TwoLevel::map(address(table) | TwoLevel::rights);
    expect_fault(group, "absent", try_with(store, window + 4), PageFaultErrorCode::write.mask,
                 window + 4);
}

constexpr u64 wide_rights = Pte4Level::present.mask | Pte4Level::writable.mask;

/// The same with PAE: 2 MiB pages for the image, a table for the window.
class Pae {
public:
    Pae() {
        constexpr u64 large = 2 * mib;
        for (u64 i = 0; i < 512; ++i) {
            wide_directory_0[i] = (i * large) | wide_rights | Pte4Level::page_size.mask;
            wide_directory_1[i] = 0;
            wide_table[i] = 0;
        }
        for (u64& pointer : pointers) {
            pointer = 0;
        }
        pointers[0] = address(wide_directory_0) | Pte4Level::present.mask;
        pointers[window_pointer] = address(wide_directory_1) | Pte4Level::present.mask;
        wide_directory_1[0] = address(wide_table) | wide_rights;
        wide_table[0] = address(data) | wide_rights;
        wide_table[1] = address(data) | wide_rights;
        data[0] = value;
        write_cr4(bits_of(Cr4::pae.mask));
        write_cr3(address(pointers));
        write_cr0(read_cr0() | bits_of(Cr0::pg.mask));
    }
    Pae(const Pae&) = delete;
    Pae& operator=(const Pae&) = delete;
    ~Pae() {
        write_cr0(read_cr0() & ~bits_of(Cr0::pg.mask));
        write_cr4(0);
        set_no_execute(false);
    }
};

void test_pointers_are_loaded() {
    Group group("PAE: the pointers are registers");
    const Pae paging;
    expect_value(group, "a page", try_with(load, window));
    pointers[window_pointer] = 0;
    expect_value(group, "another one, after the table has changed", try_with(load, window + page));
    write_cr3(address(pointers));
    expect_fault(group, "after MOV to CR3", try_with(load, window), 0, window);
}

/// One way to load them beside MOV to CR3.
void test_pointers_and_cr4() {
    Group group("PAE: a change of CR4.PGE loads the pointers");
    const Pae paging;
    expect_value(group, "a page", try_with(load, window));
    pointers[window_pointer] = 0;
    write_cr4(read_cr4() ^ bits_of(Cr4::pge.mask));
    expect_fault(group, "after the change", try_with(load, window), 0, window);
    pointers[window_pointer] = address(wide_directory_1) | Pte4Level::present.mask | bit(1);
    const u32 before = read_cr4();
    expect_refused(group, "reserved bits", try_with(load_cr4, before ^ bits_of(Cr4::pge.mask)));
    group.expect_equal("and CR4 stays", read_cr4(), before);
}

void test_reserved_pointer_bits() {
    Group group("PAE: reserved bits of pointers");
    const Pae paging;
    const u32 before = read_cr3();
    u64* const second_set = pointers + 4;
    for (const unsigned reserved : {1U, 2U, 5U, 6U, 7U, 8U, 63U}) {
        // Not the first, under which this code runs: some machines take it.
        for (unsigned i = 1; i < 4; ++i) {
            for (unsigned j = 0; j < 4; ++j) {
                second_set[j] = pointers[j];
            }
            second_set[i] = address(wide_directory_1) | Pte4Level::present.mask | bit(reserved);
            expect_refused(group, "a pointer", try_with(load_cr3, address(second_set)));
            group.expect_equal("CR3 stays", read_cr3(), before);
            expect_value(group, "and so do the pointers", try_with(load, window));
            write_cr3(before);
        }
    }
    second_set[0] = pointers[0];
    second_set[1] = pointers[1];
    second_set[2] = ~u64{1};
    second_set[3] = ~u64{1};
    group.expect_equal("pointers that are not there hold anything",
                       try_with(load_cr3, address(second_set)).vector, Trap::none);
}

void test_begin_with_reserved_bits() {
    Group group("PAE: paging does not begin with a bad pointer");
    {
        const Pae paging;
    }
    pointers[3] = Pte4Level::present.mask | bit(1);
    write_cr4(bits_of(Cr4::pae.mask));
    write_cr3(address(pointers));
    expect_refused(group, "MOV to CR0", run_in_supervisor(begin_paging));
    group.expect_equal("CR0.PG", Cr0::pg.test(read_cr0()) ? 1 : 0, 0);
    write_cr0(read_cr0() & ~bits_of(Cr0::pg.mask));
    write_cr4(0);
}

void test_no_execute() {
    Group group("PAE: no-execute");
    const Pae paging;
    constexpr u8 ret = 0xc3;
    data[0] = ret;
    wide_table[0] |= Pte4Level::nx.mask;
    write_cr3(address(pointers));
    expect_fault(group, "a reserved bit without EFER.NXE", try_with(load, window),
                 PageFaultErrorCode::present.mask | PageFaultErrorCode::reserved.mask, window);
    set_no_execute(true);
    write_cr3(address(pointers));
    group.expect_equal("a load", try_with(load, window).vector, Trap::none);
    expect_fault(group, "a fetch", try_with(fetch, window),
                 PageFaultErrorCode::present.mask | PageFaultErrorCode::fetch.mask, window);
    group.expect_equal("a fetch beside it", try_with(fetch, window + page).vector, Trap::none);
}

void test_large_reserved_bits() {
    Group group("PAE: reserved bits of a 2 MiB page");
    const Pae paging;
    constexpr u64 large = wide_rights | Pte4Level::page_size.mask;
    for (const unsigned reserved : {13U, 20U, 62U}) {
        wide_directory_1[0] = large | bit(reserved);
        write_cr3(address(pointers));
        expect_fault(group, "a load", try_with(load, window),
                     PageFaultErrorCode::present.mask | PageFaultErrorCode::reserved.mask, window);
    }
}

}  // namespace

void run_tests() {
    test_large_pages();
    test_page_size_without_pse();
    test_reserved_bit();
    test_write_protection();
    test_pointers_are_loaded();
    test_pointers_and_cr4();
    test_reserved_pointer_bits();
    test_begin_with_reserved_bits();
    test_no_execute();
    test_large_reserved_bits();
}

}  // namespace ringfence::system_test
