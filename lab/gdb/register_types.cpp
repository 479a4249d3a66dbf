// SPDX-License-Identifier: MIT
#include "lab/gdb/register_types.h"

#include <span>

#include "base/types.h"

namespace ringfence::lab::gdb {

namespace {

struct FlagName {
    const char* name;
    unsigned bit;
};

/// [intel/vol1]: 3.4.3
constexpr FlagName eflags[] = {{"CF", 0},   {"", 1},    {"PF", 2},  {"AF", 4},  {"ZF", 6},
                               {"SF", 7},   {"TF", 8},  {"IF", 9},  {"DF", 10}, {"OF", 11},
                               {"NT", 14},  {"RF", 16}, {"VM", 17}, {"AC", 18}, {"VIF", 19},
                               {"VIP", 20}, {"ID", 21}};
/// [intel/vol1]: 10.2.3
constexpr FlagName mxcsr[] = {{"IE", 0},  {"DE", 1},  {"ZE", 2},  {"OE", 3}, {"UE", 4},
                              {"PE", 5},  {"DAZ", 6}, {"IM", 7},  {"DM", 8}, {"ZM", 9},
                              {"OM", 10}, {"UM", 11}, {"PM", 12}, {"FZ", 15}};
/// [intel/vol3]: 2.5
constexpr FlagName cr0[] = {{"PE", 0},  {"MP", 1},  {"EM", 2},  {"TS", 3},  {"ET", 4}, {"NE", 5},
                            {"WP", 16}, {"AM", 18}, {"NW", 29}, {"CD", 30}, {"PG", 31}};
constexpr FlagName cr4[] = {
    {"VME", 0},   {"PVI", 1},   {"TSD", 2},   {"DE", 3},        {"PSE", 4},         {"PAE", 5},
    {"MCE", 6},   {"PGE", 7},   {"PCE", 8},   {"OSFXSR", 9},    {"OSXMMEXCPT", 10}, {"UMIP", 11},
    {"LA57", 12}, {"VMXE", 13}, {"SMXE", 14}, {"FSGSBASE", 16}, {"PCIDE", 17},      {"OSXSAVE", 18},
    {"SMEP", 20}, {"SMAP", 21}, {"PKE", 22}};
/// [intel/vol3]: 2.2.1
constexpr FlagName efer[] = {{"SCE", 0}, {"LME", 8}, {"LMA", 10}, {"NXE", 11}};

std::string flags_type(const char* id, unsigned bytes, std::span<const FlagName> flags) {
    std::string text =
        std::string("<flags id=\"") + id + "\" size=\"" + std::to_string(bytes) + "\">\n";
    for (const FlagName& flag : flags) {
        const std::string place = std::to_string(flag.bit);
        text += std::string("<field name=\"") + flag.name + "\" start=\"" + place + "\" end=\"" +
                place + "\"/>\n";
    }
    return text + "</flags>\n";
}

/// An XMM register as each of the vectors that it may hold.
std::string vector_types() {
    struct Lanes {
        const char* id;
        const char* type;
        unsigned count;
    };
    constexpr Lanes lanes[] = {{"v4_float", "ieee_single", 4}, {"v2_double", "ieee_double", 2},
                               {"v16_int8", "int8", 16},       {"v8_int16", "int16", 8},
                               {"v4_int32", "int32", 4},       {"v2_int64", "int64", 2}};
    std::string text;
    std::string fields;
    for (const auto& [id, type, count] : lanes) {
        text += std::string("<vector id=\"") + id + "\" type=\"" + type + "\" count=\"" +
                std::to_string(count) + "\"/>\n";
        fields += std::string("<field name=\"") + id + "\" type=\"" + id + "\"/>\n";
    }
    return text + "<union id=\"vec128\">\n" + fields +
           "<field name=\"uint128\" type=\"uint128\"/>\n</union>\n";
}

}  // namespace

std::string types_of(std::string_view feature) {
    if (feature == "org.gnu.gdb.i386.core") {
        return flags_type("i386_eflags", 4, eflags);
    }
    if (feature == "org.gnu.gdb.i386.sse") {
        return vector_types() + flags_type("i386_mxcsr", 4, mxcsr);
    }
    if (feature == "ringfence.x86.system") {
        return flags_type("x86_cr0", 8, cr0) + flags_type("x86_cr4", 8, cr4) +
               flags_type("x86_efer", 8, efer);
    }
    return {};
}

}  // namespace ringfence::lab::gdb
