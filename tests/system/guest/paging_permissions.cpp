// SPDX-License-Identifier: MIT
// Every combination of present, writable, user, no-execute and reserved bits in each level and page
// size, under each mode, for reads, writes and fetches from both privileges: what faults, with
// which error code and CR2, and which accessed and dirty bits are set.
#include <initializer_list>

#include "abi/ports.h"
#include "arch/x86/cr0.h"
#include "arch/x86/cr4.h"
#include "arch/x86/efer.h"
#include "tests/system/guest/instructions.h"
#include "tests/system/guest/main.h"
#include "tests/system/guest/paging_model.h"
#include "tests/system/guest/report.h"
#include "tests/system/guest/traps.h"

namespace ringfence::system_test {

namespace {
using arch::x86::Cr0;
using arch::x86::Cr4;
using arch::x86::Efer;
using arch::x86::Rflags;
using Pte = arch::x86::Pte4Level;
namespace feature = arch::x86::cpuid_feature;

/// Where the tests map: the root's second entry.
constexpr u64 window = u64{1} << 39;
/// The page that is probed, in RAM; aligned so that a page of 2 MiB can hold it.
constexpr u64 probed_frame = 0x400'0000;
/// Offsets in it.
constexpr u64 user_stop_offset = 0;
constexpr u64 return_offset = 0x10;
constexpr u64 data_offset = 0x100;

alignas(4096) u64 pointers[512];
alignas(4096) u64 directory[512];
alignas(4096) u64 table[512];

constexpr u64 permissive = Pte::present.mask | Pte::writable.mask | Pte::user.mask;
constexpr u64 usage = Pte::accessed.mask | Pte::dirty.mask;

struct Features {
    bool smep;
    bool smap;
    bool gigabyte;
    unsigned physical_bits;
};
Features cpu;

/// The virtual address of the probed frame's first byte in each page size.
u64 probed_address(unsigned leaf_level) {
    return leaf_level == 3 ? window + probed_frame : window;
}

Path permissive_path(unsigned leaf_level) {
    Path path{{reinterpret_cast<u64>(pointers) | permissive,
               reinterpret_cast<u64>(directory) | permissive,
               reinterpret_cast<u64>(table) | permissive, probed_frame | permissive},
              leaf_level};
    if (leaf_level == 2) {
        path.entries[2] = probed_frame | permissive | Pte::page_size.mask;
    }
    if (leaf_level == 3) {
        path.entries[1] = permissive | Pte::page_size.mask;
    }
    return path;
}

u64* slot(unsigned index) {
    const u64 address = window;
    u64* const tables[] = {boot_root, pointers, directory, table};
    return &tables[index][address >> (39 - 9 * index) & 511];
}

void install(const Path& path) {
    for (unsigned i = 0; i < path.count(); ++i) {
        *static_cast<volatile u64*>(slot(i)) = path.entries[i];
    }
    invlpg(probed_address(path.leaf_level));
}

void enter(const PagingMode& mode) {
    write_cr0(Cr0::wp.set(read_cr0(), mode.wp));
    u64 cr4 = read_cr4();
    cr4 = Cr4::smep.set(cr4, mode.smep);
    cr4 = Cr4::smap.set(cr4, mode.smap);
    write_cr4(cr4);
    write_msr(arch::x86::Msr::IA32_EFER,
              Efer::nxe.set(read_msr(arch::x86::Msr::IA32_EFER), mode.nxe));
}

void read_byte(u64 address) {
    (void)*reinterpret_cast<const volatile u8*>(address);
}
void write_byte(u64 address) {
    *reinterpret_cast<volatile u8*>(address) = 0x5a;
}
void read_byte_with_ac(u64 address) {
    asm volatile("stac; movb (%0), %%al; clac" : : "r"(address) : "rax", "memory");
}
void write_byte_with_ac(u64 address) {
    asm volatile("stac; movb $0x5a, (%0); clac" : : "r"(address) : "memory");
}
void call_byte(u64 address) {
    asm volatile("call *%0" : : "r"(address) : "memory");
}

Trap perform(Access access, const PagingMode& mode, u64 page) {
    if (mode.user) {
        const u64 flags = Rflags::fixed_one.mask | Rflags::ac.make(mode.ac);
        switch (access) {
            case Access::Read:
                return run_in_user(user_address(user_read), page + data_offset, flags);
            case Access::Write:
                return run_in_user(user_address(user_write), page + data_offset, flags);
            case Access::Fetch:
                return run_in_user(user_address(user_execute), page + user_stop_offset, flags);
        }
    }
    switch (access) {
        case Access::Read:
            return run_in_supervisor(reinterpret_cast<u64>(mode.ac ? read_byte_with_ac : read_byte),
                                     page + data_offset);
        case Access::Write:
            return run_in_supervisor(
                reinterpret_cast<u64>(mode.ac ? write_byte_with_ac : write_byte),
                page + data_offset);
        case Access::Fetch:
            return run_in_supervisor(reinterpret_cast<u64>(call_byte), page + return_offset);
    }
    RF_UNREACHABLE("no other access");
}

u64 target(Access access, const PagingMode& mode, u64 page) {
    if (access != Access::Fetch) {
        return page + data_offset;
    }
    return page + (mode.user ? user_stop_offset : return_offset);
}

void describe(const Path& path, Access access, const PagingMode& mode) {
    constexpr const char* names[] = {"read", "write", "fetch"};
    out << (mode.user ? "user " : "supervisor ") << names[static_cast<unsigned>(access)]
        << (mode.wp ? " WP" : "") << (mode.smep ? " SMEP" : "") << (mode.smap ? " SMAP" : "")
        << (mode.ac ? " AC" : "") << (mode.nxe ? " NXE" : "") << " entries";
    for (unsigned i = 0; i < path.count(); ++i) {
        out << " " << Hex{path.entries[i]};
    }
}

/// Accessed in every entry that was used, dirty in the leaf that was written; nothing else changes.
/// [intel/vol3]: 4.8
bool usage_is_right(const Path& path, Access access, bool faulted) {
    for (unsigned i = 0; i < path.count(); ++i) {
        const u64 now = *static_cast<volatile u64*>(slot(i));
        const bool dirty = path.is_leaf(i) && access == Access::Write && !faulted;
        if ((now & ~usage) != (path.entries[i] & ~usage) ||
            (path.is_leaf(i) && Pte::dirty.test(now) != dirty) ||
            (!faulted && !Pte::accessed.test(now))) {
            return false;
        }
    }
    return true;
}

void probe(Group& group, const Path& path, Access access, const PagingMode& mode) {
    install(path);
    write_cr2(0);
    const u64 page = probed_address(path.leaf_level);
    const Prediction wanted = predict(path, access, mode, cpu.physical_bits);
    const Trap got = perform(access, mode, page);
    const bool faulted = got.is(arch::x86::ExceptionVector::PageFault);
    const bool same = wanted.faults ? faulted && got.error_code == wanted.error_code &&
                                          got.cr2 == target(access, mode, page)
                                    : got.vector == Trap::none;
    group.expect(same, [&] {
        describe(path, access, mode);
        out << ": vector " << Hex{got.vector} << " code " << Hex{got.error_code} << " CR2 "
            << Hex{got.cr2} << ", expected " << (wanted.faults ? "fault " : "none ")
            << Hex{wanted.error_code};
    });
    if (same) {
        group.expect(usage_is_right(path, access, wanted.faults), [&] {
            describe(path, access, mode);
            out << ": entries afterwards";
            for (unsigned i = 0; i < path.count(); ++i) {
                out << " " << Hex{*slot(i)};
            }
        });
    }
}

/// Calls `body(mode)` for each mode that the CPU has, entered.
template <typename Body>
void for_each_mode(bool user, Body body) {
    for (unsigned bits = 0; bits < 32; ++bits) {
        const PagingMode mode{.wp = (bits & 1) != 0,
                              .smep = (bits & 2) != 0,
                              .smap = (bits & 4) != 0,
                              .ac = (bits & 8) != 0,
                              .nxe = (bits & 16) != 0,
                              .user = user};
        const bool possible =
            (!mode.smep || cpu.smep) && (!mode.smap || cpu.smap) && (!mode.ac || cpu.smap);
        if (possible) {
            enter(mode);
            body(mode);
        }
    }
    enter({.wp = true, .nxe = true});
}

template <typename Body>
void for_each_access(Body body) {
    for (const Access access : {Access::Read, Access::Write, Access::Fetch}) {
        body(access);
    }
}

/// `entry` with rights chosen by four bits: present, writable, user, no-execute. Without NXE the
/// last is a reserved bit, which test_reserved_bits() has.
u64 with_rights(u64 entry, unsigned bits) {
    entry = Pte::present.set(entry, bits & 1);
    entry = Pte::writable.set(entry, bits >> 1 & 1);
    entry = Pte::user.set(entry, bits >> 2 & 1);
    return Pte::nx.set(entry, bits >> 3 & 1);
}

void test_rights_of_one_entry(const char* name, unsigned leaf_level, bool user) {
    Group group(name);
    if (leaf_level == 3 && !cpu.gigabyte) {
        return group.skip("no 1 GiB pages");
    }
    for_each_mode(user, [&](const PagingMode& mode) {
        for (unsigned index = 0; index < 5 - leaf_level; ++index) {
            for (unsigned bits = 0; bits < (mode.nxe ? 16 : 8); ++bits) {
                Path path = permissive_path(leaf_level);
                path.entries[index] = with_rights(path.entries[index], bits);
                for_each_access([&](Access access) { probe(group, path, access, mode); });
            }
        }
    });
}

/// Rights are the conjunction over all levels: two entries restrict at once.
void test_rights_of_two_entries(const char* name, unsigned leaf_level, bool user) {
    Group group(name);
    if (leaf_level == 3 && !cpu.gigabyte) {
        return group.skip("no 1 GiB pages");
    }
    const unsigned leaf = 4 - leaf_level;
    for_each_mode(user, [&](const PagingMode& mode) {
        if (mode.ac || mode.smep != mode.smap) {
            return;  // what these change does not depend on where a right is missing
        }
        for (unsigned upper = 0; upper < leaf; ++upper) {
            for (unsigned bits = 0; bits < 64; ++bits) {
                if (!mode.nxe && (bits & 0b100'100) != 0) {
                    continue;
                }
                Path path = permissive_path(leaf_level);
                path.entries[upper] = with_rights(path.entries[upper], (bits & 7) << 1 | 1);
                path.entries[leaf] = with_rights(path.entries[leaf], (bits >> 3) << 1 | 1);
                for_each_access([&](Access access) { probe(group, path, access, mode); });
            }
        }
    });
}

void test_reserved_bits(const char* name, unsigned leaf_level, bool user) {
    Group group(name);
    if (leaf_level == 3 && !cpu.gigabyte) {
        return group.skip("no 1 GiB pages");
    }
    for_each_mode(user, [&](const PagingMode& mode) {
        for (unsigned index = 0; index < 5 - leaf_level; ++index) {
            const Path base = permissive_path(leaf_level);
            const u64 reserved =
                reserved_bits(4 - index, base.is_leaf(index), mode.nxe, cpu.physical_bits);
            for (unsigned position = 0; position < 64; ++position) {
                if ((reserved & bit(position)) == 0) {
                    continue;
                }
                Path path = base;
                path.entries[index] |= bit(position);
                for_each_access([&](Access access) { probe(group, path, access, mode); });
                path.entries[index] &= ~permissive;  // not present: reserved bits do not count
                probe(group, path, Access::Read, mode);
            }
        }
    });
}

/// Bits that hardware ignores change nothing.
void test_ignored_bits() {
    Group group("ignored bits");
    const PagingMode mode{.wp = true, .nxe = true};
    enter(mode);
    constexpr u64 ignored = Pte::software.mask | Pte::software_high.mask | Pte::protection_key.mask;
    for (unsigned leaf_level = 1; leaf_level <= (cpu.gigabyte ? 3U : 2U); ++leaf_level) {
        for (unsigned index = 0; index < 5 - leaf_level; ++index) {
            Path path = permissive_path(leaf_level);
            path.entries[index] |= ignored;
            for_each_access([&](Access access) { probe(group, path, access, mode); });
        }
    }
}

void prepare_probed_frame() {
    auto* bytes = reinterpret_cast<volatile u8*>(probed_frame);
    bytes[user_stop_offset] = 0xcd;  // int $0x80
    bytes[user_stop_offset + 1] = done_vector;
    bytes[return_offset] = 0xc3;  // ret
}
}  // namespace

void run_tests() {
    cpu = {cpu_has(feature::smep), cpu_has(feature::smap), cpu_has(feature::page_1g),
           arch::x86::physical_address_bits(ThisCpu{})};
    prepare_probed_frame();
    test_rights_of_one_entry("4 KiB: one entry, supervisor", 1, false);
    test_rights_of_one_entry("4 KiB: one entry, user", 1, true);
    test_rights_of_two_entries("4 KiB: two entries, supervisor", 1, false);
    test_rights_of_two_entries("4 KiB: two entries, user", 1, true);
    test_reserved_bits("4 KiB: reserved bits, supervisor", 1, false);
    test_reserved_bits("4 KiB: reserved bits, user", 1, true);
    test_rights_of_one_entry("2 MiB: one entry, supervisor", 2, false);
    test_rights_of_one_entry("2 MiB: one entry, user", 2, true);
    test_rights_of_two_entries("2 MiB: two entries, supervisor", 2, false);
    test_rights_of_two_entries("2 MiB: two entries, user", 2, true);
    test_reserved_bits("2 MiB: reserved bits, supervisor", 2, false);
    test_reserved_bits("2 MiB: reserved bits, user", 2, true);
    test_rights_of_one_entry("1 GiB: one entry, supervisor", 3, false);
    test_rights_of_one_entry("1 GiB: one entry, user", 3, true);
    test_reserved_bits("1 GiB: reserved bits, supervisor", 3, false);
    test_reserved_bits("1 GiB: reserved bits, user", 3, true);
    test_ignored_bits();
}

}  // namespace ringfence::system_test
