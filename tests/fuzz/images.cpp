// SPDX-License-Identifier: MIT
// Any bytes as a kernel, a program or an archive: each loader takes them or says what is wrong.
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "kernel/core/fs/cpio.h"
#include "lab/boot/payload.h"
#include "lab/error.h"
#include "lab/pack/elf_file.h"
#include "lab/symbols/kallsyms.h"
#include "sim/machine/boot/bzimage.h"
#include "sim/machine/boot/multiboot_header.h"
#include "sim/machine/boot/protocols.h"
#include "sim/observe/elf_view.h"
#include "sim/observe/symbol_table.h"
#include "tests/fuzz/input.h"

namespace ringfence::fuzz {
namespace {

namespace boot = sim::machine::boot;

void load(boot::Protocol protocol, Input& input) {
    constexpr u64 sizes[] = {1 * mib, 4 * mib, 16 * mib};
    constexpr const char* command_lines[] = {"", "console=ttyS0 panic=-1"};
    auto memory = sim::memory::PhysicalMemory::create(input.choose_from(sizes));
    require(memory.ok(), "no memory");
    boot::Source source{
        .protocol = protocol, .kernel = {}, .command_line = input.choose_from(command_lines)};
    if (input.take<u8>() % 2 == 0) {
        source.modules.push_back({.content = input.take_bytes(16), .command_line = "module"});
    }
    source.kernel = input.rest();
    const auto loaded = boot::load(memory.value(), source);
    require(loaded.ok() || !loaded.error().empty(), "an error without words");
}

void look_at_elf(std::span<const u8> bytes) {
    const auto view = sim::observe::ElfView::parse(bytes);
    if (view.ok()) {
        (void)view.value().notes();
        sim::observe::SymbolTable symbols;
        symbols.add_elf(bytes);
        for (const auto& symbol : view.value().symbols()) {
            (void)symbols.find(VirtualAddress{symbol.address});
            (void)symbols.address_of(symbol.name);
        }
    }
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    (void)lab::pack::read_elf(text);
}

void look_at_bzimage(std::span<const u8> bytes) {
    const auto image = boot::BzImage::parse(bytes);
    if (image.ok()) {
        (void)image.value().payload();
        (void)image.value().has_64_bit_entry();
    }
}

void decompress(std::span<const u8> bytes) {
    // The size that the last four bytes claim is asked of the host at once.
    constexpr u32 most = 1 << 20;
    u32 claimed = 0;
    if (bytes.size() >= sizeof(claimed)) {
        std::memcpy(&claimed, bytes.data() + bytes.size() - sizeof(claimed), sizeof(claimed));
    }
    if (claimed > most) {
        return;
    }
    try {
        const std::string out = lab::boot::decompress(bytes, "input");
        require(out.size() == claimed, "another size than was claimed");
    } catch (const lab::LabError&) {
        // What was to be said has been said.
    }
}

void unpack(std::span<const u8> bytes) {
    namespace cpio = kernel::cpio;
    cpio::Reader reader{bytes};
    cpio::Entry entry;
    for (;;) {
        const usize before = reader.offset();
        const auto step = reader.next(entry);
        require(reader.offset() <= bytes.size(), "behind the end");
        if (!step.ok() || step.value() == cpio::Reader::Step::End) {
            return;
        }
        require(reader.offset() > before, "a reader that stands still");
    }
}

}  // namespace
}  // namespace ringfence::fuzz

extern "C" int LLVMFuzzerTestOneInput(const ringfence::u8* data, ringfence::usize size) {
    using namespace ringfence::fuzz;  // NOLINT(google-build-using-namespace)
    constexpr unsigned protocols = 4;
    Input input{{data, size}};
    const unsigned choice = input.choose(protocols + 5);
    switch (choice) {
        case protocols:
            look_at_elf(input.rest());
            break;
        case protocols + 1:
            look_at_bzimage(input.rest());
            break;
        case protocols + 2:
            decompress(input.rest());
            break;
        case protocols + 3:
            (void)ringfence::lab::symbols::find_kallsyms(input.rest());
            break;
        case protocols + 4:
            unpack(input.rest());
            break;
        default:
            load(static_cast<boot::Protocol>(choice), input);
            break;
    }
    return 0;
}
