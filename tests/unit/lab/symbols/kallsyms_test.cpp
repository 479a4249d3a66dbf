// SPDX-License-Identifier: MIT
#include "lab/symbols/kallsyms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "lab/error.h"
#include "lab/machine/bytes.h"
#include "lab/symbols/kernel_symbols.h"
#include "tests/unit/lab/scratch_directory.h"

namespace ringfence::lab::symbols {
namespace {

using machine::as_span;
using ::testing::HasSubstr;

constexpr u64 base = 0xffff'ffff'8100'0000;
constexpr u64 count = 1500;

/// What differs between kernels.
struct Layout {
    const char* name;
    bool offsets_first;     ///< as up to 6.3
    bool has_order;         ///< the table that came with 6.2
    bool absolute_per_cpu;  ///< addresses of processors' own data are not relative
};

std::string name_of(u64 i) {
    // One name is so long that its length takes two bytes.
    return "T" + (i == 700 ? std::string(300, 'x') : "function_" + std::to_string(i));
}

u64 address_of(const Layout& layout, u64 i) {
    constexpr u64 per_cpu = 10;
    return layout.absolute_per_cpu && i < per_cpu ? i * 8 : base + i * 0x40;
}

/// Builds the tables as a kernel's build does.
class Tables {
public:
    explicit Tables(const Layout& layout) : layout_(layout) {
        bytes_.assign(4096, '\xcc');
        if (layout.offsets_first) {
            add_offsets();
        }
        align();
        put(u64{count});
        add_names();
        add_tokens();
        if (!layout.offsets_first) {
            add_offsets();
            add_order();
        }
        bytes_.append(4096, '\xcc');
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
    template <typename T>
    void put(T value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void align() { bytes_.resize((bytes_.size() + 7) / 8 * 8, '\0'); }

    void add_offsets() {
        align();
        for (u64 i = 0; i < count; ++i) {
            const u64 address = address_of(layout_, i);
            const bool relative = address >= base;
            const i64 offset = layout_.absolute_per_cpu && relative
                                   ? static_cast<i64>(base - 1 - address)
                                   : static_cast<i64>(relative ? address - base : address);
            put(static_cast<i32>(offset));
        }
        align();
        put(base);
    }
    void add_order() {
        align();
        bytes_.append(3 * count, '\x01');
    }
    void add_names() {
        std::vector<u32> markers;
        const usize start = bytes_.size();
        for (u64 i = 0; i < count; ++i) {
            if (i % 256 == 0) {
                markers.push_back(static_cast<u32>(bytes_.size() - start));
            }
            std::string name = name_of(i);
            // Token 1 stands for a word.
            if (const usize at = name.find("function_"); at != std::string::npos) {
                name.replace(at, 9, "\x01");
            }
            if (name.size() >= 0x80) {
                put(static_cast<u8>(0x80 | (name.size() & 0x7f)));
                put(static_cast<u8>(name.size() >> 7));
            } else {
                put(static_cast<u8>(name.size()));
            }
            bytes_ += name;
        }
        align();
        for (const u32 marker : markers) {
            put(marker);
        }
        align();
        if (layout_.has_order && layout_.offsets_first) {
            add_order();
            align();
        }
    }
    void add_tokens() {
        std::vector<u16> index;
        const usize start = bytes_.size();
        for (unsigned code = 0; code < 256; ++code) {
            index.push_back(static_cast<u16>(bytes_.size() - start));
            bytes_ += code == 1                     ? "function_"
                      : code < 0x20 || code >= 0x7f ? ""
                                                    : std::string(1, static_cast<char>(code));
            bytes_ += '\0';
        }
        align();
        for (const u16 offset : index) {
            put(offset);
        }
    }

    Layout layout_;
    std::string bytes_;
};

class Kallsyms : public ::testing::TestWithParam<Layout> {};

TEST_P(Kallsyms, AreFoundWithoutBeingPointedAt) {
    const Tables tables(GetParam());
    const auto found = find_kallsyms(as_span(tables.bytes()));
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(found->size(), count);
    for (u64 i = 0; i < count; ++i) {
        ASSERT_EQ((*found)[i].address, address_of(GetParam(), i)) << i;
        ASSERT_EQ((*found)[i].type, 'T');
        ASSERT_EQ((*found)[i].name, name_of(i).substr(1));
    }
}

TEST_P(Kallsyms, DamageNeverCrashes) {
    const Tables tables(GetParam());
    std::mt19937 random{3};
    for (int round = 0; round < 200; ++round) {
        std::string damaged = tables.bytes();
        damaged.resize(round % 2 == 0 ? damaged.size() : random() % damaged.size());
        for (int i = 0; i < 20 && !damaged.empty(); ++i) {
            damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        static_cast<void>(find_kallsyms(as_span(damaged)));  // any answer will do
    }
}

INSTANTIATE_TEST_SUITE_P(Layouts, Kallsyms,
                         ::testing::Values(Layout{"v5", true, false, true},
                                           Layout{"v6_1", true, true, true},
                                           Layout{"v6_4", false, true, true},
                                           Layout{"no_per_cpu", false, true, false}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(KallsymsSearch, FindsNothingWhereThereIsNothing) {
    EXPECT_FALSE(find_kallsyms({}).has_value());
    EXPECT_FALSE(find_kallsyms(as_span(std::string(100'000, '\0'))).has_value());
    std::string digits;
    for (char digit = '0'; digit <= '9'; ++digit) {
        digits += std::string(1, '\0') + digit;
    }
    EXPECT_FALSE(find_kallsyms(as_span(digits + '\0')).has_value());
}

TEST(SystemMap, GivesTheNamesOfCode) {
    const testing::ScratchDirectory directory;
    const std::string path = directory.write("map",
                                             "0000000000000000 D per_cpu\n"
                                             "ffffffff81000000 T _text\n"
                                             "ffffffff81000040 t helper\n"
                                             "ffffffff82000000 d data\n");
    const auto table = read_system_map(path);
    EXPECT_EQ(table.address_of("helper"), VirtualAddress{0xffff'ffff'8100'0040});
    EXPECT_FALSE(table.address_of("data").has_value());
    const auto hit = table.find(VirtualAddress{0xffff'ffff'8100'003f});
    ASSERT_TRUE(hit.has_value());
    EXPECT_EQ(hit->name, "_text");
    EXPECT_EQ(hit->offset, 0x3fU);
}

TEST(SystemMap, SaysWhichLineIsWrong) {
    const testing::ScratchDirectory directory;
    for (const char* line : {"zzzz T x", "ffffffff81000000", "ffffffff81000000 T", "12 TT name"}) {
        const std::string path =
            directory.write("map", std::string("ffffffff81000000 T ok\n") + line + "\n");
        try {
            static_cast<void>(read_system_map(path));
            FAIL() << line;
        } catch (const LabError& error) {
            EXPECT_THAT(error.what(), HasSubstr("map:2: expected an address, a type and a name"));
        }
    }
}

}  // namespace
}  // namespace ringfence::lab::symbols
