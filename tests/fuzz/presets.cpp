// SPDX-License-Identifier: MIT
// Any text as a CPU preset: it is refused in one line, or makes a CPU that answers CPUID and can be
// timed. The input is a list of changes to a built-in preset, or the text itself.
#include <algorithm>
#include <string>

#include "sim/presets/preset_file.h"
#include "sim/presets/timing_parameters.h"
#include "tests/fuzz/input.h"

namespace ringfence::fuzz {
namespace {

std::string changed_preset(Input& input) {
    constexpr unsigned most_changes = 6;
    const auto names = sim::presets::preset_names();
    std::string text{sim::presets::preset_text(input.choose_from(names))};
    for (unsigned i = 0; i < most_changes && !input.empty(); ++i) {
        const usize at = input.take<u16>() % (text.size() + 1);
        const usize drop = std::min<usize>(input.take<u8>() % 64, text.size() - at);
        const auto bytes = input.take_bytes(input.take<u8>() % 32);
        text.replace(at, drop, reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    return text;
}

void try_text(std::string_view text) {
    const auto cpu = sim::presets::parse_preset(text, "input");
    if (!cpu.ok()) {
        require(!cpu.error().empty() && cpu.error().find('\n') == std::string::npos,
                "an error is one line: " + cpu.error());
        return;
    }
    for (const u32 leaf : {0U, 1U, 2U, 4U, 7U, 0xbU, 0xdU, 0x15U, 0x16U, 0x4000'0000U, 0x8000'0000U,
                           0x8000'0001U, 0x8000'0004U, 0x8000'0008U}) {
        for (u32 subleaf = 0; subleaf < 4; ++subleaf) {
            (void)cpu.value().cpuid(leaf, subleaf);
        }
    }
    (void)sim::presets::timing_parameters(cpu.value());
}

}  // namespace
}  // namespace ringfence::fuzz

extern "C" int LLVMFuzzerTestOneInput(const ringfence::u8* data, ringfence::usize size) {
    using namespace ringfence::fuzz;  // NOLINT(google-build-using-namespace)
    Input input{{data, size}};
    if (input.take<ringfence::u8>() % 4 == 0) {
        const auto rest = input.rest();
        try_text({reinterpret_cast<const char*>(rest.data()), rest.size()});
    } else {
        try_text(changed_preset(input));
    }
    return 0;
}
