// SPDX-License-Identifier: MIT
// What user mode may not look at (UMIP), and the rights by which the processor itself reads
// descriptors: a supervisor's, whatever the CPL, and under SMAP whatever EFLAGS.AC says.
// [intel/vol2]: SGDT, SIDT, SLDT, SMSW, STR, STAC, CLAC; [intel/vol3]: 4.6.1
#include <initializer_list>

#include "arch/x86/cr4.h"
#include "arch/x86/page_fault_error_code.h"
#include "arch/x86/pte_4level.h"
#include "arch/x86/segment_descriptor.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::Cr4;
using arch::x86::DescriptorTablePointer;
using arch::x86::PageFaultErrorCode;
using arch::x86::SegmentDescriptor;
using arch::x86::SystemSegmentType;
using Pte = arch::x86::Pte4Level;
namespace feature = arch::x86::cpuid_feature;

constexpr auto ud = static_cast<u64>(arch::x86::ExceptionVector::InvalidOpcode);
constexpr auto gp = static_cast<u64>(arch::x86::ExceptionVector::GeneralProtection);
constexpr auto pf = static_cast<u64>(arch::x86::ExceptionVector::PageFault);

// Two pages: the local descriptor table, and code for user mode.
constexpr u64 window = u64{1} << 39;
constexpr u64 table_page = window;
constexpr u64 code_page = window + 0x1000;
constexpr u64 table_frame = 0x400'0000;
constexpr u64 code_frame = 0x400'1000;
constexpr u16 local_selector = 4;  ///< the first entry of the LDT
constexpr u16 local_table = 0x58;  ///< its own descriptor, in the GDT

alignas(4096) u64 pointers[512];
alignas(4096) u64 directory[512];
alignas(4096) u64 table[512];
alignas(16) u64 longer_gdt[13];

void map(bool table_is_users) {
    constexpr u64 rights = Pte::present.mask | Pte::writable.mask;
    table[0] = table_frame | rights | Pte::user.make(table_is_users);
    table[1] = code_frame | rights | Pte::user.mask;
    invlpg(table_page);
    invlpg(code_page);
}

/// User mode runs `code`, then ends.
Trap run_bytes(std::initializer_list<u8> code) {
    auto* to = reinterpret_cast<volatile u8*>(code_frame);
    for (const u8 byte : code) {
        *to++ = byte;
    }
    *to++ = 0xcd;  // INT 80H
    *to = done_vector;
    return run_in_user(code_page);
}

void set_cr4(u64 flag, bool on) {
    write_cr4(on ? read_cr4() | flag : read_cr4() & ~flag);
}

void test_descriptor_table_reads(bool prevented) {
    Group group(prevented ? "user mode with CR4.UMIP" : "user mode without CR4.UMIP");
    if (!cpu_has(feature::umip)) {
        group.skip("no UMIP");
        return;
    }
    set_cr4(Cr4::umip.mask, prevented);
    const auto expect = [&](const char* what, std::initializer_list<u8> code) {
        const Trap trap = run_bytes(code);
        group.expect_equal(what, trap.vector, prevented ? gp : Trap::none);
        group.expect_equal(what, trap.error_code, 0);
    };
    expect("SGDT", {0x0f, 0x01, 0x44, 0x24, 0xc0});
    expect("SIDT", {0x0f, 0x01, 0x4c, 0x24, 0xc0});
    expect("SLDT", {0x0f, 0x00, 0xc0});
    expect("STR", {0x0f, 0x00, 0xc8});
    expect("SMSW", {0x0f, 0x01, 0xe0});
    group.expect_equal("SLDT at CPL 0", run_in_supervisor([] {
                                            asm volatile("sldt %%eax" : : : "rax");
                                        }).vector,
                       Trap::none);
    set_cr4(Cr4::umip.mask, false);
}

void test_flag_instructions() {
    Group group("STAC and CLAC");
    if (!cpu_has(feature::smap)) {
        group.skip("no SMAP");
        return;
    }
    group.expect_equal("STAC at CPL 3", run_bytes({0x0f, 0x01, 0xcb}).vector, ud);
    group.expect_equal("CLAC at CPL 3", run_bytes({0x0f, 0x01, 0xca}).vector, ud);
    u64 flags;
    asm volatile("stac; pushfq; popq %0; clac" : "=r"(flags) : : "memory");
    group.expect_equal("STAC sets AC", flags & arch::x86::Rflags::ac.mask,
                       arch::x86::Rflags::ac.mask);
    asm volatile("clac; pushfq; popq %0" : "=r"(flags) : : "memory");
    group.expect_equal("CLAC clears it", flags & arch::x86::Rflags::ac.mask, 0);
}

/// A GDT that has the LDT of the table page, too.
void load_local_table() {
    DescriptorTablePointer now;
    asm volatile("sgdt %0" : "=m"(now));
    const auto* const old = reinterpret_cast<const u64*>(now.base);
    for (unsigned i = 0; i < (u32{now.limit} + 1) / sizeof(u64); ++i) {
        longer_gdt[i] = old[i];
    }
    longer_gdt[11] =
        SegmentDescriptor::type.set(SegmentDescriptor::tss_low(table_page, sizeof(u64) - 1),
                                    static_cast<u64>(SystemSegmentType::Ldt));
    longer_gdt[12] = SegmentDescriptor::tss_high(table_page);
    const DescriptorTablePointer pointer{sizeof longer_gdt - 1, reinterpret_cast<u64>(longer_gdt)};
    asm volatile("lgdt %0" : : "m"(pointer));
    *reinterpret_cast<volatile u64*>(table_frame) = SegmentDescriptor::flat_data(3);
    asm volatile("lldt %w0" : : "r"(u32{local_table}));
}

void load_fs() {
    asm volatile("movl %0, %%fs" : : "r"(u32{local_selector}));
}
void load_fs_with_ac() {
    asm volatile("stac");
    load_fs();
}

void expect_refused(Group& group, const char* what, const Trap& trap) {
    group.expect_equal(what, trap.vector, pf);
    group.expect_equal(what, trap.error_code, PageFaultErrorCode::present.mask);
    group.expect_equal(what, trap.cr2, table_page);
}

void test_descriptor_reads() {
    Group group("descriptors are read by the supervisor's rights");
    if (!cpu_has(feature::smap)) {
        group.skip("no SMAP");
        return;
    }
    load_local_table();
    const auto user_load = [] {
        return run_bytes({0xb8, local_selector | 3, 0, 0, 0, 0x8e, 0xe0});  // MOV EAX; MOV FS, EAX
    };
    map(false);
    group.expect_equal("by user mode from a supervisor page", user_load().vector, Trap::none);
    map(true);
    group.expect_equal("from a user page", run_in_supervisor(load_fs).vector, Trap::none);
    group.expect_equal("the same by user mode", user_load().vector, Trap::none);
    set_cr4(Cr4::smap.mask, true);
    expect_refused(group, "with SMAP", run_in_supervisor(load_fs));
    expect_refused(group, "with SMAP and AC", run_in_supervisor(load_fs_with_ac));
    expect_refused(group, "with SMAP by user mode", user_load());
    map(false);
    group.expect_equal("with SMAP from a supervisor page", user_load().vector, Trap::none);
    set_cr4(Cr4::smap.mask, false);
}
}  // namespace

void run_tests() {
    constexpr u64 permissive = Pte::present.mask | Pte::writable.mask | Pte::user.mask;
    boot_root[1] = reinterpret_cast<u64>(pointers) | permissive;
    pointers[0] = reinterpret_cast<u64>(directory) | permissive;
    directory[0] = reinterpret_cast<u64>(table) | permissive;
    map(false);
    test_descriptor_table_reads(false);
    test_descriptor_table_reads(true);
    test_flag_instructions();
    test_descriptor_reads();
}

}  // namespace ringfence::system_test
