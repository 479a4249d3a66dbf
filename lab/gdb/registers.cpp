// SPDX-License-Identifier: MIT
#include "lab/gdb/registers.h"

#include <algorithm>
#include <array>

#include "lab/gdb/register_types.h"

namespace ringfence::lab::gdb {

namespace {

constexpr const char* core = "org.gnu.gdb.i386.core";
constexpr const char* sse = "org.gnu.gdb.i386.sse";
constexpr const char* avx = "org.gnu.gdb.i386.avx";
constexpr const char* segments = "org.gnu.gdb.i386.segments";
constexpr const char* system_feature = "ringfence.x86.system";

template <typename Value>
std::span<u8> bytes_of(Value& value) {
    return {reinterpret_cast<u8*>(&value), sizeof value};
}

/// A register that is a member of its own.
template <auto Member>
std::span<u8> locate(DebugRegisters& registers, unsigned) {
    return bytes_of(registers.*Member);
}
/// One that is an element of an array.
template <auto Member>
std::span<u8> locate_in(DebugRegisters& registers, unsigned index) {
    return bytes_of((registers.*Member)[index]);
}

class LayoutBuilder {
public:
    explicit LayoutBuilder(bool is_64_bit) : wide_(is_64_bit) {}

    std::vector<RegisterField> build() {
        add_general();
        add_selectors();
        add_x87();
        add_sse();
        if (wide_) {
            add("fs_base", "int", "", segments, 8, &locate_in<&DebugRegisters::bases>,
                DebugRegisters::Fs);
            add("gs_base", "int", "", segments, 8, &locate_in<&DebugRegisters::bases>,
                DebugRegisters::Gs);
        }
        add_system();
        add_avx();
        return std::move(fields_);
    }

private:
    void add(std::string name, const char* type, const char* group, const char* feature,
             unsigned bytes, decltype(RegisterField::locate) locate, unsigned index = 0) {
        fields_.push_back({std::move(name), type, group, feature, bytes, locate, index});
    }
    [[nodiscard]] unsigned word() const { return wide_ ? 8 : 4; }
    [[nodiscard]] const char* integer() const { return wide_ ? "int64" : "int32"; }

    void add_general() {
        struct Name {
            const char* letters;
            unsigned index;
        };
        // The encoding's numbers, in GDB's two orders.
        constexpr std::array<Name, 8> wide{{{"ax", 0},
                                            {"bx", 3},
                                            {"cx", 1},
                                            {"dx", 2},
                                            {"si", 6},
                                            {"di", 7},
                                            {"bp", 5},
                                            {"sp", 4}}};
        constexpr std::array<Name, 8> narrow{{{"ax", 0},
                                              {"cx", 1},
                                              {"dx", 2},
                                              {"bx", 3},
                                              {"sp", 4},
                                              {"bp", 5},
                                              {"si", 6},
                                              {"di", 7}}};
        const std::string prefix = wide_ ? "r" : "e";
        for (const auto& [letters, index] : wide_ ? wide : narrow) {
            const bool is_pointer = index == 4 || index == 5;
            add(prefix + letters, is_pointer ? "data_ptr" : integer(), "", core, word(),
                &locate_in<&DebugRegisters::general>, index);
        }
        for (unsigned index = 8; wide_ && index < 16; ++index) {
            add("r" + std::to_string(index), "int64", "", core, word(),
                &locate_in<&DebugRegisters::general>, index);
        }
        add(prefix + "ip", "code_ptr", "", core, word(), &locate<&DebugRegisters::rip>);
        add("eflags", "i386_eflags", "", core, 4, &locate<&DebugRegisters::rflags>);
    }

    void add_selectors() {
        using Segment = DebugRegisters::Segment;
        struct Name {
            const char* name;
            Segment segment;
        };
        constexpr std::array<Name, 6> names{{{"cs", Segment::Cs},
                                             {"ss", Segment::Ss},
                                             {"ds", Segment::Ds},
                                             {"es", Segment::Es},
                                             {"fs", Segment::Fs},
                                             {"gs", Segment::Gs}}};
        for (const auto& [name, segment] : names) {
            add(name, "int32", "", core, 4, &locate_in<&DebugRegisters::selectors>, segment);
        }
    }

    void add_x87() {
        for (unsigned i = 0; i < 8; ++i) {
            add("st" + std::to_string(i), "i387_ext", "", core, 10, &locate_in<&DebugRegisters::st>,
                i);
        }
        const auto control = [this](const char* name, decltype(RegisterField::locate) locate) {
            add(name, "int", "float", core, 4, locate);
        };
        control("fctrl", &locate<&DebugRegisters::x87_control>);
        control("fstat", &locate<&DebugRegisters::x87_status>);
        control("ftag", &locate<&DebugRegisters::x87_tags>);
        // The processor keeps no selectors of x87 operands.
        const auto none = [](DebugRegisters&, unsigned) { return std::span<u8>{}; };
        control("fiseg", none);
        control("fioff", &locate<&DebugRegisters::x87_instruction>);
        control("foseg", none);
        control("fooff", &locate<&DebugRegisters::x87_data>);
        control("fop", &locate<&DebugRegisters::x87_opcode>);
    }

    void add_sse() {
        for (unsigned i = 0; i < (wide_ ? 16U : 8U); ++i) {
            add("xmm" + std::to_string(i), "vec128", "", sse, 16, &locate_in<&DebugRegisters::xmm>,
                i);
        }
        add("mxcsr", "i386_mxcsr", "vector", sse, 4, &locate<&DebugRegisters::mxcsr>);
    }

    /// Of processors without AVX, zeroes.
    void add_avx() {
        for (unsigned i = 0; i < (wide_ ? 16U : 8U); ++i) {
            add("ymm" + std::to_string(i) + "h", "uint128", "", avx, 16,
                &locate_in<&DebugRegisters::upper>, i);
        }
    }

    void add_system() {
        const auto system = [this](const char* name, const char* type,
                                   decltype(RegisterField::locate) locate, unsigned index = 0) {
            add(name, type, "system", system_feature, word(), locate, index);
        };
        const char* const flags_or_number = integer();
        if (wide_) {
            system("k_gs_base", integer(), &locate<&DebugRegisters::kernel_gs_base>);
        }
        system("cr0", wide_ ? "x86_cr0" : flags_or_number, &locate<&DebugRegisters::cr0>);
        system("cr2", integer(), &locate<&DebugRegisters::cr2>);
        system("cr3", integer(), &locate<&DebugRegisters::cr3>);
        system("cr4", wide_ ? "x86_cr4" : flags_or_number, &locate<&DebugRegisters::cr4>);
        if (wide_) {
            system("cr8", integer(), &locate<&DebugRegisters::cr8>);
            system("efer", "x86_efer", &locate<&DebugRegisters::efer>);
        }
    }

    bool wide_;
    std::vector<RegisterField> fields_;
};

/// The value that is kept, where `out` has room for what the protocol shows of it.
void read_field(const RegisterField& field, DebugRegisters& registers, std::span<u8> out) {
    const std::span<u8> kept = field.locate(registers, field.index);
    std::ranges::copy(kept.first(std::min(kept.size(), out.size())), out.begin());
}

void write_field(const RegisterField& field, DebugRegisters& registers, std::span<const u8> bytes) {
    const std::span<u8> kept = field.locate(registers, field.index);
    std::ranges::copy(bytes.first(std::min(kept.size(), bytes.size())), kept.begin());
}

std::string describe(std::span<const RegisterField> fields, bool is_64_bit) {
    std::string text =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target>\n";
    text += is_64_bit ? "<architecture>i386:x86-64</architecture>\n"
                      : "<architecture>i386</architecture>\n";
    std::string_view feature;
    for (const RegisterField& field : fields) {
        if (feature != field.feature) {
            text += feature.empty() ? "" : "</feature>\n";
            feature = field.feature;
            text += "<feature name=\"" + std::string(feature) + "\">\n" + types_of(feature);
        }
        text += "<reg name=\"" + field.name + "\" bitsize=\"" + std::to_string(field.bytes * 8) +
                "\" type=\"" + field.type + "\"";
        text += *field.group == '\0' ? "" : " group=\"" + std::string(field.group) + "\"";
        text += "/>\n";
    }
    return text + "</feature>\n</target>\n";
}

}  // namespace

RegisterLayout::RegisterLayout(bool is_64_bit)
    : fields_(LayoutBuilder(is_64_bit).build()), description_(describe(fields_, is_64_bit)) {}

std::vector<u8> RegisterLayout::all(const DebugRegisters& registers) const {
    std::vector<u8> bytes;
    for (u64 number = 0; number < fields_.size(); ++number) {
        const auto value = one(registers, number);
        bytes.insert(bytes.end(), value->begin(), value->end());
    }
    return bytes;
}

std::optional<std::vector<u8>> RegisterLayout::one(const DebugRegisters& registers,
                                                   u64 number) const {
    if (number >= fields_.size()) {
        return std::nullopt;
    }
    DebugRegisters copy = registers;
    std::vector<u8> bytes(fields_[number].bytes);
    read_field(fields_[number], copy, bytes);
    return bytes;
}

bool RegisterLayout::set_all(DebugRegisters& registers, std::span<const u8> bytes) const {
    for (const RegisterField& field : fields_) {
        if (bytes.empty()) {
            return true;
        }
        if (bytes.size() < field.bytes) {
            return false;
        }
        write_field(field, registers, bytes.first(field.bytes));
        bytes = bytes.subspan(field.bytes);
    }
    return bytes.empty();
}

bool RegisterLayout::set_one(DebugRegisters& registers, u64 number,
                             std::span<const u8> bytes) const {
    if (number >= fields_.size() || bytes.size() != fields_[number].bytes) {
        return false;
    }
    write_field(fields_[number], registers, bytes);
    return true;
}

}  // namespace ringfence::lab::gdb
