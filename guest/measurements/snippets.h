// SPDX-License-Identifier: MIT
// Short pieces of code, by name, from which measurements put their loops together (snippets.S and
// supervisor_snippets.S). They are copied: none depends on where it lies.
#pragma once

#include <span>

#include "base/types.h"

namespace ringfence::measurements {

/// The bytes of the snippet `name`; asserts that there is one.
[[nodiscard]] std::span<const u8> snippet(const char* name);
/// The snippet "KIND.NAME".
[[nodiscard]] std::span<const u8> snippet(const char* kind, const char* name);

}  // namespace ringfence::measurements
