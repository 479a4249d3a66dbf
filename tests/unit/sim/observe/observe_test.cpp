// SPDX-License-Identifier: MIT
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "sim/observe/disassembly.h"
#include "sim/observe/elf_view.h"
#include "sim/observe/place_map.h"
#include "sim/observe/recorder.h"
#include "sim/observe/symbol_table.h"
#include "sim/observe/unimplemented_collector.h"

namespace ringfence::sim::observe {
namespace {

using ::testing::ElementsAre;

/// An ELF file with nothing but a symbol table.
struct SymbolFile {
    Elf64_Ehdr header{};
    Elf64_Shdr sections[3]{};
    Elf64_Sym symbols[5]{};
    char names[32] = "\0first\0inner\0second\0undefined";

    SymbolFile() {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_machine = EM_X86_64;
        header.e_shoff = offsetof(SymbolFile, sections);
        header.e_shentsize = sizeof(Elf64_Shdr);
        header.e_shnum = 3;
        sections[1] = {.sh_name = 0,
                       .sh_type = SHT_SYMTAB,
                       .sh_flags = 0,
                       .sh_addr = 0,
                       .sh_offset = offsetof(SymbolFile, symbols),
                       .sh_size = sizeof(symbols),
                       .sh_link = 2,
                       .sh_info = 0,
                       .sh_addralign = 8,
                       .sh_entsize = sizeof(Elf64_Sym)};
        sections[2] = {.sh_name = 0,
                       .sh_type = SHT_STRTAB,
                       .sh_flags = 0,
                       .sh_addr = 0,
                       .sh_offset = offsetof(SymbolFile, names),
                       .sh_size = sizeof(names),
                       .sh_link = 0,
                       .sh_info = 0,
                       .sh_addralign = 1,
                       .sh_entsize = 0};
        symbols[1] = function(1, 0x1000, 0x100, STT_FUNC, 1);
        symbols[2] = function(7, 0x1040, 0, STT_NOTYPE, 1);
        symbols[3] = function(13, 0x1200, 0, STT_NOTYPE, 1);
        symbols[4] = function(20, 0x1300, 0x10, STT_FUNC, SHN_UNDEF);
    }
    static Elf64_Sym function(u32 name, u64 value, u64 size, u8 type, u16 section) {
        return {.st_name = name,
                .st_info = static_cast<u8>(ELF64_ST_INFO(STB_GLOBAL, type)),
                .st_other = 0,
                .st_shndx = section,
                .st_value = value,
                .st_size = size};
    }
    [[nodiscard]] std::span<const u8> bytes() const {
        return {reinterpret_cast<const u8*>(this), sizeof(*this)};
    }
};

TEST(SymbolTable, NamesAddressesBySizedFunctionsFirst) {
    const SymbolFile file;
    SymbolTable symbols;
    symbols.add_elf(file.bytes());
    EXPECT_FALSE(symbols.find(VirtualAddress{0xfff}).has_value());
    EXPECT_EQ(symbols.find(VirtualAddress{0x1000})->name, "first");
    EXPECT_EQ(symbols.find(VirtualAddress{0x1050})->name, "first") << "not the label inside it";
    EXPECT_EQ(symbols.find(VirtualAddress{0x1050})->offset, 0x50U);
    EXPECT_EQ(symbols.find(VirtualAddress{0x1204})->name, "second");
    EXPECT_FALSE(symbols.find(VirtualAddress{0x9999'9999}).has_value());
    EXPECT_EQ(symbols.address_of("inner")->value(), 0x1040U);
    EXPECT_FALSE(symbols.address_of("undefined").has_value());
}

TEST(SymbolTable, MovesByTheLoadBias) {
    const SymbolFile file;
    SymbolTable symbols;
    symbols.add_elf(file.bytes(), 0x40'0000);
    EXPECT_EQ(symbols.find(VirtualAddress{0x40'1001})->offset, 1U);
}

TEST(SymbolTable, DamagedFilesNameLessButNeverCrash) {
    const SymbolFile good;
    std::mt19937 random{7};
    for (int round = 0; round < 20'000; ++round) {
        std::vector<u8> bytes(good.bytes().begin(), good.bytes().end());
        for (int i = 0; i < 3; ++i) {
            bytes[random() % bytes.size()] = static_cast<u8>(random());
        }
        bytes.resize(random() % (bytes.size() + 1));
        SymbolTable symbols;
        symbols.add_elf(bytes);
        (void)symbols.find(VirtualAddress{0x1050});
    }
    SymbolTable none;
    none.add_elf({});
    EXPECT_TRUE(none.empty());
}

TEST(Recorder, CountsEntriesByKindAndOrigin) {
    Recorder recorder;
    recorder.syscall(VirtualAddress{1}, true);
    recorder.interrupt({.vector = 32, .rip = {}, .from_user = false});
    recorder.interrupt({.vector = 32, .rip = {}, .from_user = true});
    recorder.exception({.vector = 14,
                        .has_error_code = true,
                        .error_code = 2,
                        .rip = {},
                        .address = {},
                        .from_user = false});
    recorder.exception({.vector = 6,
                        .has_error_code = false,
                        .error_code = 0,
                        .rip = {},
                        .address = {},
                        .from_user = true});
    EXPECT_THAT(recorder.counters.entries, ElementsAre(1, 2, 1, 1));
    EXPECT_THAT(recorder.counters.entries_from_user, ElementsAre(1, 1, 0, 1));
    EXPECT_EQ(recorder.counters.exceptions[14], 1U);
    EXPECT_EQ(recorder.counters.exceptions[6], 1U);
}

TEST(PlaceMap, ExitCodeMayLieWithinEntryCode) {
    const PlaceMap places{.entry = {VirtualAddress{0x100}, VirtualAddress{0x500}},
                          .exits = {{{VirtualAddress{0x200}, VirtualAddress{0x300}},
                                     {VirtualAddress{0x400}, VirtualAddress{0x480}}}}};
    EXPECT_EQ(places.of(VirtualAddress{0x1ff}, false), Place::Entry);
    EXPECT_EQ(places.of(VirtualAddress{0x200}, false), Place::Exit);
    EXPECT_EQ(places.of(VirtualAddress{0x300}, false), Place::Entry);
    EXPECT_EQ(places.of(VirtualAddress{0x47f}, false), Place::Exit);
    EXPECT_EQ(places.of(VirtualAddress{0x4ff}, false), Place::Entry);
}

TEST(SymbolTable, KnowsWhatLiesBetweenTwoSymbols) {
    SymbolTable symbols;
    symbols.add_names({{0x100, "first"}, {0x180, "end"}});
    EXPECT_EQ(symbols.between("first", "end").first.value(), 0x100U);
    EXPECT_EQ(symbols.between("first", "end").end.value(), 0x180U);
    for (const auto& none :
         {symbols.between("end", "first"), symbols.between("first", "missing")}) {
        EXPECT_FALSE(none.contains(VirtualAddress{0x100}));
    }
}

TEST(PlaceMap, SplitsTheKernelByItsRanges) {
    const PlaceMap places{.entry = {VirtualAddress{0x100}, VirtualAddress{0x200}},
                          .exits = {{{VirtualAddress{0x200}, VirtualAddress{0x300}}}}};
    EXPECT_EQ(places.of(VirtualAddress{0x100}, false), Place::Entry);
    EXPECT_EQ(places.of(VirtualAddress{0x1ff}, false), Place::Entry);
    EXPECT_EQ(places.of(VirtualAddress{0x200}, false), Place::Exit);
    EXPECT_EQ(places.of(VirtualAddress{0x300}, false), Place::Kernel);
    EXPECT_EQ(places.of(VirtualAddress{0x100}, true), Place::User);
    EXPECT_EQ(PlaceMap{}.of(VirtualAddress{0}, false), Place::Kernel);
}

Executed executed(std::span<const u8> bytes, u64 rip, unsigned bits) {
    return {.rip = VirtualAddress{rip}, .bytes = bytes, .operand_bits = bits, .user = true};
}

TEST(Disassembly, FollowsTheMode) {
    const u8 bytes[] = {0x48, 0x89, 0xd8};
    EXPECT_EQ(disassemble(executed(bytes, 0x1000, 64)), "mov rax, rbx");
    EXPECT_EQ(disassemble(executed(bytes, 0x1000, 32)), "dec eax");
    const u8 jump[] = {0xeb, 0xfe};
    EXPECT_EQ(disassemble(executed(jump, 0x1000, 64)), "jmp 0x0000000000001000");
    const u8 bad[] = {0x06};
    EXPECT_EQ(disassemble(executed(bad, 0, 64)), "(bad) 06");
}

TEST(Disassembly, TellsAnInstructionFromWhatFollows) {
    const u8 bytes[] = {0x48, 0x89, 0xd8, 0x90};
    const auto move = first_instruction(bytes);
    ASSERT_TRUE(move.has_value());
    EXPECT_EQ(move->length, 3U);
    EXPECT_FALSE(move->is_nop);
    EXPECT_TRUE(first_instruction(std::span{bytes}.subspan(3)).value().is_nop);
    EXPECT_FALSE(first_instruction(std::span{bytes}.first(2)).has_value());
}

TEST(UnimplementedCollector, GroupsByBytesAndKeepsTheFirstPlace) {
    UnimplementedCollector collector;
    const u8 vmcall[] = {0x0f, 0x01, 0xc1};
    const u8 getsec[] = {0x0f, 0x37};
    collector.unimplemented_instruction(executed(vmcall, 0x2000, 64));
    collector.unimplemented_instruction(executed(getsec, 0x3000, 64));
    collector.unimplemented_instruction(executed(vmcall, 0x4000, 64));
    const auto rows = collector.rows();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].bytes, "0f 01 c1");
    EXPECT_EQ(rows[0].instruction, "vmcall");
    EXPECT_EQ(rows[0].first_rip.value(), 0x2000U);
    EXPECT_EQ(rows[0].count, 2U);
    EXPECT_TRUE(rows[0].user);
    EXPECT_EQ(rows[1].count, 1U);
}

}  // namespace
}  // namespace ringfence::sim::observe
