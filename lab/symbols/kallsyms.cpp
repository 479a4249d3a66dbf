// SPDX-License-Identifier: MIT
// The tables, each on a multiple of 8, in the order of [linux/kallsyms]:
//
//   up to 6.3:  offsets[n], base, n, names, markers, (order), tokens, token index
//   from 6.4:   n, names, markers, tokens, token index, offsets[n], base, (order)
//
// A name is its length and that many indices of tokens. Each 256th name's place is a marker. The
// order by name (3 bytes each) came in 6.2, and went into stable kernels before it.
#include "lab/symbols/kallsyms.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/bits.h"

namespace ringfence::lab::symbols {

namespace {

constexpr u64 table_alignment = 8;
constexpr usize token_count = 256;
constexpr u64 names_per_marker = 256;
constexpr u64 fewest_symbols = 1000;
constexpr u64 most_symbols = 4'000'000;
constexpr u64 order_entry_bytes = 3;
/// How far in front of the tokens the names are looked for.
constexpr u64 most_name_bytes = u64{64} << 20U;
/// Reading names takes a while, so a file that only looks as if it had them is soon given up.
constexpr unsigned most_attempts = 100;

u64 aligned(u64 offset) {
    return align_up(offset, table_alignment);
}

/// Bytes of the image; reading outside gives 0.
class Image {
public:
    explicit Image(std::span<const u8> bytes) : bytes_(bytes) {}

    template <typename T>
    [[nodiscard]] T read(u64 offset) const {
        T value{};
        if (offset <= bytes_.size() && bytes_.size() - offset >= sizeof(T)) {
            std::memcpy(&value, bytes_.data() + offset, sizeof(T));
        }
        return value;
    }
    [[nodiscard]] u64 size() const { return bytes_.size(); }
    [[nodiscard]] std::string_view text() const {
        return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
    }

private:
    std::span<const u8> bytes_;
};

/// The words and letters that names are made of.
struct Tokens {
    u64 start = 0;
    u64 index_end = 0;
    std::array<std::string_view, token_count> texts{};
};

/// Whether 256 NUL-terminated tokens begin at `start`, followed by their index.
std::optional<Tokens> tokens_at(const Image& image, u64 start) {
    Tokens tokens{.start = start};
    const std::string_view text = image.text();
    std::array<u16, token_count> offsets{};
    u64 at = start;
    for (usize i = 0; i < token_count; ++i) {
        const usize end = text.find('\0', at);
        if (end == std::string_view::npos || at - start > u16{0xffff}) {
            return std::nullopt;
        }
        offsets[i] = static_cast<u16>(at - start);
        tokens.texts[i] = text.substr(at, end - at);
        at = end + 1;
    }
    const u64 index = aligned(at);
    for (usize i = 0; i < token_count; ++i) {
        if (image.read<u16>(index + i * sizeof(u16)) != offsets[i]) {
            return std::nullopt;
        }
    }
    tokens.index_end = index + token_count * sizeof(u16);
    return tokens;
}

/// The digits always are tokens of their own, at the places of their codes.
std::optional<Tokens> find_tokens(const Image& image) {
    using namespace std::string_view_literals;
    constexpr std::string_view digits = "\0000\0001\0002\0003\0004\0005\0006\0007\0008\0009\0"sv;
    const std::string_view text = image.text();
    for (usize at = text.find(digits); at != std::string_view::npos;
         at = text.find(digits, at + 1)) {
        // The token of "0" begins at `at` + 1; all codes before it have theirs.
        usize start = at + 1;
        for (char code = '0'; code > 0 && start != std::string_view::npos; --code) {
            const usize before = start >= 2 ? text.rfind('\0', start - 2) : std::string_view::npos;
            start = before == std::string_view::npos ? before : before + 1;
        }
        if (start == std::string_view::npos) {
            continue;
        }
        if (auto tokens = tokens_at(image, start)) {
            return tokens;
        }
    }
    return std::nullopt;
}

/// The count of symbols and what follows it up to the markers.
struct Names {
    u64 count_at = 0;
    u64 count = 0;
    std::vector<std::string> texts{};  ///< the type in front of each name
};

/// Reads `names.count` names; false if they do not fit the markers at `markers`.
bool read_names(const Image& image, const Tokens& tokens, u64 markers, Names& names) {
    constexpr u8 long_length = 0x80;
    constexpr unsigned length_bits = 7;
    const u64 start = names.count_at + table_alignment;
    u64 at = start;
    names.texts.reserve(names.count);
    for (u64 i = 0; i < names.count; ++i) {
        const u64 marker = markers + i / names_per_marker * sizeof(u32);
        if (i % names_per_marker == 0 && image.read<u32>(marker) != at - start) {
            return false;
        }
        u64 length = image.read<u8>(at++);
        if ((length & long_length) != 0) {
            length = (length & ~u64{long_length}) | u64{image.read<u8>(at++)} << length_bits;
        }
        if (at + length > markers) {
            return false;
        }
        std::string text;
        for (u64 j = 0; j < length; ++j) {
            text += tokens.texts[image.read<u8>(at++)];
        }
        if (text.size() < 2) {
            return false;
        }
        names.texts.push_back(std::move(text));
    }
    return aligned(at) == markers;
}

/// Looks for the count whose markers, and perhaps order, end where the tokens begin.
std::optional<Names> find_names(const Image& image, const Tokens& tokens) {
    const u64 first = tokens.start > most_name_bytes ? tokens.start - most_name_bytes : 0;
    unsigned attempts = 0;
    for (u64 at = align_down(tokens.start, table_alignment); at > first; at -= table_alignment) {
        Names names{.count_at = at, .count = image.read<u64>(at)};
        if (names.count < fewest_symbols || names.count > most_symbols) {
            continue;
        }
        const u64 marker_count = (names.count + names_per_marker - 1) / names_per_marker;
        for (const u64 order : {u64{0}, aligned(order_entry_bytes * names.count)}) {
            const u64 behind_names = order + aligned(marker_count * sizeof(u32));
            const u64 markers = tokens.start - behind_names;
            const u64 last = image.read<u32>(markers + (marker_count - 1) * sizeof(u32));
            const bool fits = behind_names < tokens.start - at && image.read<u32>(markers) == 0 &&
                              last != 0 && at + last < markers;
            if (!fits) {
                continue;
            }
            if (read_names(image, tokens, markers, names)) {
                return names;
            }
            names.texts.clear();
            if (++attempts == most_attempts) {
                return std::nullopt;
            }
        }
    }
    return std::nullopt;
}

/// Where the offsets and their base are.
struct Offsets {
    u64 offsets;
    u64 base;
};

/// [linux/kallsyms]: with CONFIG_KALLSYMS_ABSOLUTE_PERCPU, which x86 kernels have had, offsets from
/// the base are negative, less one, and the others are addresses.
std::optional<std::vector<u64>> read_addresses(const Image& image, const Offsets& where,
                                               u64 count) {
    const u64 base = image.read<u64>(where.base);
    bool any_negative = false;
    for (u64 i = 0; i < count; ++i) {
        any_negative = any_negative || image.read<i32>(where.offsets + i * sizeof(i32)) < 0;
    }
    std::vector<u64> addresses;
    addresses.reserve(count);
    for (u64 i = 0; i < count; ++i) {
        const i32 offset = image.read<i32>(where.offsets + i * sizeof(i32));
        if (!any_negative) {
            addresses.push_back(base + static_cast<u32>(offset));
        } else {
            addresses.push_back(offset < 0 ? base - 1 - static_cast<u64>(i64{offset})
                                           : static_cast<u64>(offset));
        }
    }
    constexpr u64 kernel_half = u64{1} << 63U;
    const bool is_plausible = base >= kernel_half && std::ranges::is_sorted(addresses);
    return is_plausible ? std::optional{std::move(addresses)} : std::nullopt;
}

std::optional<std::vector<u64>> find_addresses(const Image& image, const Tokens& tokens,
                                               const Names& names) {
    const u64 bytes = aligned(names.count * sizeof(i32));
    if (names.count_at > bytes + sizeof(u64)) {
        const u64 base = names.count_at - sizeof(u64);
        if (auto found = read_addresses(image, {base - bytes, base}, names.count)) {
            return found;
        }
    }
    const u64 behind = aligned(tokens.index_end);
    return read_addresses(image, {behind, behind + bytes}, names.count);
}

}  // namespace

std::optional<std::vector<KallsymsEntry>> find_kallsyms(std::span<const u8> bytes) {
    const Image image{bytes};
    const auto tokens = find_tokens(image);
    if (!tokens) {
        return std::nullopt;
    }
    auto names = find_names(image, *tokens);
    if (!names) {
        return std::nullopt;
    }
    const auto addresses = find_addresses(image, *tokens, *names);
    if (!addresses) {
        return std::nullopt;
    }
    std::vector<KallsymsEntry> entries;
    entries.reserve(names->count);
    for (u64 i = 0; i < names->count; ++i) {
        const std::string& text = names->texts[i];
        entries.push_back({(*addresses)[i], text.front(), text.substr(1)});
    }
    return entries;
}

}  // namespace ringfence::lab::symbols
