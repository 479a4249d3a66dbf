// SPDX-License-Identifier: MIT
// Protection keys of user pages: which accesses PKRU denies, to whom, and with which error code.
// [intel/vol3]: 4.6.2, 4.7; [intel/vol2]: RDPKRU, WRPKRU
#include <initializer_list>

#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "arch/x86/page_fault_error_code.h"
#include "arch/x86/pte_4level.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::PageFaultErrorCode;
using Pte = arch::x86::Pte4Level;
using enum arch::x86::ExceptionVector;
namespace feature = arch::x86::cpuid_feature;

constexpr u64 window = u64{1} << 39;
constexpr u64 frame = 0x400'0000;
constexpr unsigned key = 5;

alignas(4096) u64 pointers[512];
alignas(4096) u64 directory[512];
alignas(4096) u64 table[512];

u32 rdpkru() {
    u32 value;
    asm volatile("rdpkru" : "=a"(value) : "c"(0) : "rdx");
    return value;
}
void wrpkru(u32 value) {
    asm volatile("wrpkru" : : "a"(value), "c"(0), "d"(0) : "memory");
}

void read_byte(u64 address) {
    (void)*reinterpret_cast<volatile u8*>(address);
}
void write_byte(u64 address) {
    *reinterpret_cast<volatile u8*>(address) = 0xc3;
}

enum class Access : u8 { Read, Write, Fetch };

struct Case {
    Access access;
    bool user;       ///< the access is made at CPL 3
    bool user_page;  ///< U/S of the page
    bool writable;
    bool write_protect;  ///< CR0.WP
    bool access_disable;
    bool write_disable;
};

/// What the manual says: 0, or the error code of the page fault with P.
u64 expected(const Case& c) {
    const bool writes = c.access == Access::Write;
    const bool by_page =
        (c.user && !c.user_page) || (writes && !c.writable && (c.user || c.write_protect));
    const bool by_key =
        c.user_page && c.access != Access::Fetch &&
        (c.access_disable || (writes && c.write_disable && (c.user || c.write_protect)));
    if (!by_page && !by_key) {
        return 0;
    }
    return PageFaultErrorCode::present.mask | PageFaultErrorCode::write.make(writes) |
           PageFaultErrorCode::user.make(c.user) |
           PageFaultErrorCode::fetch.make(c.access == Access::Fetch) |
           PageFaultErrorCode::protection_key.make(by_key);
}

Trap access(const Case& c) {
    if (c.user) {
        const u8* const code = c.access == Access::Read    ? user_read
                               : c.access == Access::Write ? user_write
                                                           : user_execute;
        return run_in_user(user_address(code), window);
    }
    switch (c.access) {
        case Access::Read:
            return run_in_supervisor(reinterpret_cast<u64>(read_byte), window);
        case Access::Write:
            return run_in_supervisor(reinterpret_cast<u64>(write_byte), window);
        default:
            return run_in_supervisor(window);
    }
}

void install(const Case& c) {
    u64 leaf = frame | Pte::present.mask | Pte::writable.make(c.writable) |
               Pte::user.make(c.user_page) | Pte::protection_key.make(key);
    table[0] = leaf;
    invlpg(window);
    // RET for the supervisor's call; INT 80H ends the user's run.
    auto* const code = reinterpret_cast<volatile u8*>(frame);
    code[0] = c.user ? 0xcd : 0xc3;
    code[1] = 0x80;
    write_cr0(Cr0::wp.set(read_cr0(), c.write_protect));
}

void try_case(Group& group, const Case& c) {
    install(c);
    wrpkru((u32{c.access_disable} | u32{c.write_disable} << 1) << (2 * key));
    const Trap trap = access(c);
    wrpkru(0);
    const u64 wanted = expected(c);
    const bool right =
        wanted == 0 ? trap.vector == Trap::none : trap.is(PageFault) && trap.error_code == wanted;
    group.expect(right, [&] {
        out << "access " << static_cast<unsigned>(c.access) << " user " << unsigned{c.user}
            << " page user " << unsigned{c.user_page} << " writable " << unsigned{c.writable}
            << " WP " << unsigned{c.write_protect} << " AD " << unsigned{c.access_disable} << " WD "
            << unsigned{c.write_disable} << ": vector " << Hex{trap.vector} << " code "
            << Hex{trap.error_code} << ", expected " << Hex{wanted};
    });
}

void test_accesses(bool user) {
    Group group(user ? "accesses by user mode" : "accesses by the supervisor");
    for (const Access kind : {Access::Read, Access::Write, Access::Fetch}) {
        for (unsigned bits = 0; bits < 32; ++bits) {
            try_case(group, {.access = kind,
                             .user = user,
                             .user_page = (bits & 1) != 0,
                             .writable = (bits & 2) != 0,
                             .write_protect = (bits & 4) != 0,
                             .access_disable = (bits & 8) != 0,
                             .write_disable = (bits & 16) != 0});
        }
    }
    write_cr0(read_cr0() | Cr0::wp.mask);
}

void test_instructions() {
    Group group("RDPKRU and WRPKRU");
    constexpr auto ud = static_cast<u64>(InvalidOpcode);
    constexpr auto gp = static_cast<u64>(GeneralProtection);
    group.expect_equal("CPUID without CR4.PKE", ThisCpu{}.cpuid(7, 0).ecx >> 4 & 1, 0);
    group.expect_equal("without CR4.PKE", run_in_supervisor([] { (void)rdpkru(); }).vector, ud);
    write_cr4(read_cr4() | Cr4::pke.mask);
    group.expect_equal("CPUID with CR4.PKE", ThisCpu{}.cpuid(7, 0).ecx >> 4 & 1, 1);
    wrpkru(0xa5a5'a5a4);
    group.expect_equal("read back", rdpkru(), 0xa5a5'a5a4);
    wrpkru(0);
    const auto refused = [&](const char* what, void (*act)()) {
        group.expect_equal(what, run_in_supervisor(act).vector, gp);
    };
    refused("RDPKRU with ECX", [] { asm volatile("rdpkru" : : "c"(1) : "rax", "rdx"); });
    refused("WRPKRU with ECX", [] { asm volatile("wrpkru" : : "a"(0), "c"(1), "d"(0)); });
    refused("WRPKRU with EDX", [] { asm volatile("wrpkru" : : "a"(0), "c"(0), "d"(1)); });
}

/// A page that was accessed under one PKRU is looked at anew under another.
void test_no_stale_rights() {
    Group group("a new PKRU counts at once");
    const Case open{.access = Access::Write,
                    .user = false,
                    .user_page = true,
                    .writable = true,
                    .write_protect = true,
                    .access_disable = false,
                    .write_disable = false};
    install(open);
    write_byte(window);
    wrpkru(2U << (2 * key));
    group.expect_equal("write", run_in_supervisor(reinterpret_cast<u64>(write_byte), window).vector,
                       static_cast<u64>(PageFault));
    read_byte(window);
    wrpkru(1U << (2 * key));
    group.expect_equal("read", run_in_supervisor(reinterpret_cast<u64>(read_byte), window).vector,
                       static_cast<u64>(PageFault));
    wrpkru(1U << (2 * key - 2) | 1U << (2 * key + 2));
    group.expect_equal("other keys",
                       run_in_supervisor(reinterpret_cast<u64>(write_byte), window).vector,
                       Trap::none);
    wrpkru(0);
}
}  // namespace

void run_tests() {
    if (!cpu_has(feature::pku)) {
        Group group("protection keys");
        group.skip("no protection keys");
        return;
    }
    constexpr u64 permissive = Pte::present.mask | Pte::writable.mask | Pte::user.mask;
    boot_root[1] = reinterpret_cast<u64>(pointers) | permissive;
    pointers[0] = reinterpret_cast<u64>(directory) | permissive;
    directory[0] = reinterpret_cast<u64>(table) | permissive;
    test_instructions();
    test_accesses(true);
    test_accesses(false);
    test_no_stale_rights();
}

}  // namespace ringfence::system_test
