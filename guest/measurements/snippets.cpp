// SPDX-License-Identifier: MIT
#include "guest/measurements/snippets.h"

#include "base/compiler.h"

namespace {
struct Snippet {
    const char* name;
    const ringfence::u8* begin;
    const ringfence::u8* end;
};
}  // namespace

extern "C" {
// The linker's names for the ends of the section that the assembly files fill.
extern const Snippet __start_snippet_table[];  // NOLINT(bugprone-reserved-identifier)
extern const Snippet __stop_snippet_table[];   // NOLINT(bugprone-reserved-identifier)
}

namespace ringfence::measurements {

namespace {

/// The rest of `text` behind `beginning`; null if it begins otherwise.
const char* rest_after(const char* text, const char* beginning) {
    while (*beginning != '\0' && *text == *beginning) {
        ++text;
        ++beginning;
    }
    return *beginning == '\0' ? text : nullptr;
}

bool equal(const char* a, const char* b) {
    const char* const rest = rest_after(a, b);
    return rest != nullptr && *rest == '\0';
}

template <typename Fits>
std::span<const u8> find(Fits fits) {
    for (const Snippet* one = __start_snippet_table; one != __stop_snippet_table; ++one) {
        if (fits(one->name)) {
            return {one->begin, one->end};
        }
    }
    RF_UNREACHABLE("a snippet that is not there");
}

}  // namespace

std::span<const u8> snippet(const char* name) {
    return find([&](const char* candidate) { return equal(candidate, name); });
}

std::span<const u8> snippet(const char* kind, const char* name) {
    return find([&](const char* candidate) {
        const char* const rest = rest_after(candidate, kind);
        return rest != nullptr && *rest == '.' && equal(rest + 1, name);
    });
}

}  // namespace ringfence::measurements
