// SPDX-License-Identifier: MIT
// What each way to invalidate must remove from the TLBs and paging-structure caches, for data and
// for instructions. Only what the manual guarantees: an entry that was flushed is gone; whether
// others stay is the CPU's choice. [intel/vol3]: 4.10.4
#include <initializer_list>

#include "arch/x86/cr3.h"
#include "arch/x86/cr4.h"
#include "arch/x86/pte_4level.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::Cr3;
using arch::x86::Cr4;
using arch::x86::ExceptionVector;
using Pte = arch::x86::Pte4Level;
namespace feature = arch::x86::cpuid_feature;

constexpr u64 window = u64{1} << 39;
/// Two frames of 2 MiB whose code returns 1 and 2.
constexpr u64 frames[2] = {0x400'0000, 0x420'0000};
constexpr u64 present = Pte::present.mask | Pte::writable.mask;

alignas(4096) u64 pointers[512];
alignas(4096) u64 directory[512];
alignas(4096) u64 tables[2][512];
/// A second root, which shares everything but the window.
alignas(4096) u64 other_root[512];
alignas(4096) u64 other_pointers[512];
alignas(4096) u64 other_directory[512];
alignas(4096) u64 other_table[512];

u64 address_of(const u64* table) {
    return reinterpret_cast<u64>(table);
}
void set(u64& entry, u64 value) {
    *static_cast<volatile u64*>(&entry) = value;
}
u64 get(u64& entry) {
    return *static_cast<volatile u64*>(&entry);
}

/// The constant that the mapped code returns, read as data and by calling it.
u64 as_data(u64 page) {
    return *reinterpret_cast<volatile u32*>(page + 1);
}
u64 as_code(u64 page) {
    u64 result;
    asm volatile("call *%1" : "=a"(result) : "r"(page) : "memory");
    return result;
}

void write_code() {
    for (u64 frame = 0; frame < 2; ++frame) {
        auto* code = reinterpret_cast<volatile u8*>(frames[frame]);
        code[0] = 0xb8;  // mov $imm32, %eax
        code[1] = static_cast<u8>(frame + 1);
        for (unsigned i = 2; i < 5; ++i) {
            code[i] = 0;
        }
        code[5] = 0xc3;  // ret
    }
}

/// How an entry of the window is changed: the page, the large page or the table above it.
enum class Kind : u8 { Page, GlobalPage, LargePage, GlobalLargePage, Table };
constexpr const char* kind_names[] = {"page", "global page", "large page", "global large page",
                                      "table"};

bool is_global(Kind kind) {
    return kind == Kind::GlobalPage || kind == Kind::GlobalLargePage;
}

/// Makes the window lead to frame `which` (0 or 1), in the way of `kind`.
void lead_to(Kind kind, unsigned which) {
    const u64 global = is_global(kind) ? Pte::global.mask : 0;
    switch (kind) {
        case Kind::Page:
        case Kind::GlobalPage:
            set(tables[0][0], frames[which] | present | global);
            return set(directory[0], address_of(tables[0]) | present);
        case Kind::LargePage:
        case Kind::GlobalLargePage:
            return set(directory[0], frames[which] | present | global | Pte::page_size.mask);
        case Kind::Table:
            set(tables[which][0], frames[which] | present);
            return set(directory[0], address_of(tables[which]) | present);
    }
}

void flush_everything() {
    write_cr4(read_cr4() ^ Cr4::pge.mask);
    write_cr4(read_cr4() ^ Cr4::pge.mask);
}

void expect_frame(Group& group, const char* what, const char* when, unsigned which) {
    const u64 data = as_data(window);
    const u64 code = as_code(window);
    group.expect(data == which + 1 && code == which + 1, [&] {
        out << what << " " << when << ": data " << Hex{data} << ", code " << Hex{code}
            << ", expected " << Hex{which + 1};
    });
}

/// Caches, changes, flushes and looks, for each kind of entry.
template <typename Flush>
void check_flush(Group& group, bool reaches_global, Flush flush) {
    for (const Kind kind :
         {Kind::Page, Kind::GlobalPage, Kind::LargePage, Kind::GlobalLargePage, Kind::Table}) {
        if (is_global(kind) && !reaches_global) {
            continue;
        }
        const char* name = kind_names[static_cast<unsigned>(kind)];
        flush_everything();
        lead_to(kind, 0);
        flush_everything();
        expect_frame(group, name, "before", 0);
        lead_to(kind, 1);
        flush();
        expect_frame(group, name, "after", 1);
    }
}

template <typename Flush>
void test_flush(const char* name, bool reaches_global, bool available, Flush flush) {
    Group group(name);
    if (!available) {
        return group.skip("the CPU lacks it");
    }
    check_flush(group, reaches_global, flush);
}

void toggle_and_back(u64 bits) {
    const u64 before = read_cr4();
    write_cr4(before ^ bits);
    write_cr4(before);
}

void test_flushes_without_pcid() {
    test_flush("INVLPG", true, true, [] { invlpg(window); });
    test_flush("INVLPG of another byte of the page", true, true, [] { invlpg(window + 0xfff); });
    test_flush("MOV to CR3", false, true, [] { write_cr3(read_cr3()); });
    test_flush("CR4.PGE changed", true, true, [] { toggle_and_back(Cr4::pge.mask); });
    test_flush("CR4.SMEP set", false, cpu_has(feature::smep), [] {
        write_cr4(read_cr4() | Cr4::smep.mask);
        write_cr4(read_cr4() & ~Cr4::smep.mask);
    });
    const bool invpcid_there = cpu_has(feature::invpcid);
    test_flush("INVPCID of an address, PCIDE = 0", false, invpcid_there,
               [] { invpcid(0, 0, window); });
    test_flush("INVPCID of PCID 0, PCIDE = 0", false, invpcid_there, [] { invpcid(1, 0, 0); });
    test_flush("INVPCID of all, PCIDE = 0", true, invpcid_there, [] { invpcid(2, 0, 0); });
    test_flush("INVPCID of all but global, PCIDE = 0", false, invpcid_there,
               [] { invpcid(3, 0, 0); });
}

void test_invlpg_in_a_large_page() {
    Group group("INVLPG anywhere in a large page");
    for (const u64 offset : {u64{0x1000}, u64{0x10'0000}, u64{0x1f'ffff}}) {
        flush_everything();
        lead_to(Kind::GlobalLargePage, 0);
        flush_everything();
        expect_frame(group, "large page", "before", 0);
        lead_to(Kind::GlobalLargePage, 1);
        invlpg(window + offset);
        expect_frame(group, "large page", "after", 1);
    }
}

/// Not-present entries are never cached, and a fault removes what led to it. [intel/vol3]: 4.10.4.3
void test_optional_invalidation() {
    Group group("more rights without a flush");
    flush_everything();
    lead_to(Kind::Page, 0);
    set(tables[0][0], 0);
    flush_everything();
    const auto read = [](u64 address) { (void)*reinterpret_cast<volatile u8*>(address); };
    void (*const read_window)(u64) = read;
    const Trap absent = run_in_supervisor(reinterpret_cast<u64>(read_window), window);
    group.expect_equal("not present", absent.vector, static_cast<u64>(ExceptionVector::PageFault));
    lead_to(Kind::Page, 0);
    const Trap added = run_in_supervisor(reinterpret_cast<u64>(read_window), window);
    group.expect_equal("present now", added.vector, Trap::none);

    const auto write = [](u64 address) { *reinterpret_cast<volatile u8*>(address + 64) = 0; };
    void (*const write_window)(u64) = write;
    set(tables[0][0], frames[0] | Pte::present.mask);
    invlpg(window);
    const Trap read_only = run_in_supervisor(reinterpret_cast<u64>(write_window), window);
    group.expect_equal("read-only", read_only.error_code, 3);
    set(tables[0][0], frames[0] | present);
    unsigned faults = 0;
    while (faults < 3 &&
           run_in_supervisor(reinterpret_cast<u64>(write_window), window).vector != Trap::none) {
        ++faults;
    }
    group.expect(faults <= 1, [&] { out << "writable now: " << faults << " faults"; });
}

void test_usage_after_flush() {
    Group group("accessed and dirty are set again after a flush");
    lead_to(Kind::Page, 0);
    invlpg(window);
    (void)as_data(window);
    group.expect(Pte::accessed.test(get(tables[0][0])), [] { out << "A not set by a read"; });
    group.expect(!Pte::dirty.test(get(tables[0][0])), [] { out << "D set by a read"; });
    *reinterpret_cast<volatile u8*>(window + 64) = 1;
    group.expect(Pte::dirty.test(get(tables[0][0])), [] { out << "D not set by a write"; });
    set(tables[0][0], get(tables[0][0]) & ~(Pte::accessed.mask | Pte::dirty.mask));
    invlpg(window);
    (void)as_data(window);
    group.expect(Pte::accessed.test(get(tables[0][0])), [] { out << "A not set again"; });
    group.expect(!Pte::dirty.test(get(tables[0][0])), [] { out << "D set by a read again"; });
    *reinterpret_cast<volatile u8*>(window + 64) = 1;
    group.expect(Pte::dirty.test(get(tables[0][0])), [] { out << "D not set again"; });
}

void test_invlpg_of_strange_addresses() {
    Group group("INVLPG of a non-canonical address does nothing");
    const auto flush = [](u64 address) { invlpg(address); };
    void (*const function)(u64) = flush;
    group.expect_equal("vector",
                       run_in_supervisor(reinterpret_cast<u64>(function), u64{1} << 60).vector,
                       Trap::none);
}

// With PCIDs.

u64 first_cr3(u64 no_flush = 0) {
    return Cr3::make(PhysicalAddress{address_of(boot_root)}, 1) | no_flush;
}
u64 second_cr3(u64 no_flush = 0) {
    return Cr3::make(PhysicalAddress{address_of(other_root)}, 2) | no_flush;
}
constexpr u64 keep = Cr3::no_flush.mask;

void build_other_root() {
    for (unsigned i = 0; i < 512; ++i) {
        other_root[i] = boot_root[i];
    }
    other_root[1] = address_of(other_pointers) | present;
    other_pointers[0] = address_of(other_directory) | present;
    other_directory[0] = address_of(other_table) | present;
    other_table[0] = frames[1] | present;
}

void enter_pcid_mode() {
    write_cr3(address_of(boot_root));
    write_cr4(read_cr4() | Cr4::pcide.mask);
    write_cr3(first_cr3());
}
void leave_pcid_mode() {
    write_cr3(address_of(boot_root));
    write_cr4(read_cr4() & ~Cr4::pcide.mask);
}

void test_pcids_are_apart() {
    Group group("PCIDs keep translations apart");
    enter_pcid_mode();
    flush_everything();
    lead_to(Kind::Page, 0);
    write_cr3(first_cr3());
    for (unsigned i = 0; i < 4; ++i) {
        expect_frame(group, "PCID 1", "own tables", 0);
        write_cr3(second_cr3(keep));
        expect_frame(group, "PCID 2", "own tables", 1);
        write_cr3(first_cr3(keep));
    }
    leave_pcid_mode();
}

/// Caches in PCID 1, changes and flushes in PCID 2, and looks in PCID 1.
template <typename Flush>
void test_dormant(const char* name, bool reaches_global, bool available, u64 back, Flush flush) {
    Group group(name);
    if (!available) {
        return group.skip("the CPU lacks it");
    }
    enter_pcid_mode();
    for (const Kind kind : {Kind::Page, Kind::GlobalPage, Kind::LargePage, Kind::Table}) {
        if (is_global(kind) && !reaches_global) {
            continue;
        }
        const char* kind_name = kind_names[static_cast<unsigned>(kind)];
        flush_everything();
        lead_to(kind, 0);
        write_cr3(first_cr3());
        flush_everything();
        expect_frame(group, kind_name, "before", 0);
        write_cr3(second_cr3(keep));
        lead_to(kind, 1);
        flush();
        write_cr3(first_cr3(back));
        expect_frame(group, kind_name, "after", 1);
    }
    leave_pcid_mode();
}

void test_flushes_with_pcid() {
    const bool pcid = cpu_has(feature::pcid);
    const bool invpcid_there = pcid && cpu_has(feature::invpcid);
    if (pcid) {
        test_pcids_are_apart();
    } else {
        Group("PCIDs keep translations apart").skip("the CPU lacks it");
    }
    test_dormant("MOV to CR3 without NOFLUSH", false, pcid, 0, [] {});
    test_dormant("INVPCID of an address of another PCID", false, invpcid_there, keep,
                 [] { invpcid(0, 1, window); });
    test_dormant("INVPCID of another PCID", false, invpcid_there, keep, [] { invpcid(1, 1, 0); });
    test_dormant("INVPCID of all PCIDs", true, invpcid_there, keep, [] { invpcid(2, 0, 0); });
    test_dormant("INVPCID of all PCIDs but global", false, invpcid_there, keep,
                 [] { invpcid(3, 0, 0); });
    test_dormant("CR4.PGE changed reaches every PCID", true, pcid, keep,
                 [] { toggle_and_back(Cr4::pge.mask); });
    test_dormant("CR4.PCIDE cleared reaches every PCID", true, pcid, keep, [] {
        write_cr3(address_of(other_root));
        write_cr4(read_cr4() & ~Cr4::pcide.mask);
        write_cr4(read_cr4() | Cr4::pcide.mask);
    });
}

void test_pcid_faults() {
    Group group("CR3 and CR4 with PCIDs: what faults");
    if (!cpu_has(feature::pcid)) {
        return group.skip("the CPU lacks it");
    }
    void (*const load)(u64) = [](u64 value) { write_cr3(value); };
    void (*const load_cr4)(u64) = [](u64 value) { write_cr4(value); };
    const auto cr3 = [&](u64 value) {
        return run_in_supervisor(reinterpret_cast<u64>(load), value);
    };
    const u64 protection = static_cast<u64>(ExceptionVector::GeneralProtection);
    group.expect_equal("NOFLUSH, PCIDE = 0", cr3(address_of(boot_root) | keep).vector, protection);
    write_cr3(address_of(boot_root) | 8);
    const Trap set_with_pcid =
        run_in_supervisor(reinterpret_cast<u64>(load_cr4), read_cr4() | Cr4::pcide.mask);
    group.expect_equal("PCIDE set while CR3 bits 11:0 are not 0", set_with_pcid.vector, protection);
    enter_pcid_mode();
    group.expect_equal("NOFLUSH, PCIDE = 1", cr3(first_cr3(keep)).vector, Trap::none);
    group.expect_equal("NOFLUSH reads as 0", read_cr3(), first_cr3());
    group.expect_equal("bit 62", cr3(first_cr3() | bit(62)).vector, protection);
    leave_pcid_mode();
}

struct InvpcidCase {
    const char* what;
    u64 type, pcid, address;
    bool faults;
};
const InvpcidCase* invpcid_case = nullptr;

void test_invpcid_faults() {
    Group group("INVPCID: what faults");
    if (!cpu_has(feature::invpcid)) {
        return group.skip("the CPU lacks it");
    }
    const InvpcidCase cases[] = {
        {"type 4", 4, 0, 0, true},
        {"a type beyond 32 bits", u64{1} << 32, 0, 0, true},
        {"PCID above 12 bits", 1, 0x1000, 0, true},
        {"PCID above 12 bits, type 2", 2, 0x1000, 0, true},
        {"non-canonical address", 0, 0, u64{1} << 60, true},
        {"non-canonical address, type 1", 1, 0, u64{1} << 60, false},
        {"PCID 1 while PCIDE = 0, type 0", 0, 1, 0, true},
        {"PCID 1 while PCIDE = 0, type 1", 1, 1, 0, true},
        {"PCID 1 while PCIDE = 0, type 3", 3, 1, 0, false},
    };
    for (const InvpcidCase& one : cases) {
        invpcid_case = &one;
        const Trap trap = run_in_supervisor(
            [] { invpcid(invpcid_case->type, invpcid_case->pcid, invpcid_case->address); });
        group.expect_equal(
            one.what, trap.vector,
            one.faults ? static_cast<u64>(ExceptionVector::GeneralProtection) : Trap::none);
    }
}
}  // namespace

void run_tests() {
    write_code();
    boot_root[1] = address_of(pointers) | present;
    pointers[0] = address_of(directory) | present;
    write_cr4(read_cr4() | Cr4::pge.mask);
    build_other_root();
    test_flushes_without_pcid();
    test_invlpg_in_a_large_page();
    test_optional_invalidation();
    test_usage_after_flush();
    test_invlpg_of_strange_addresses();
    test_flushes_with_pcid();
    test_pcid_faults();
    test_invpcid_faults();
}

}  // namespace ringfence::system_test
