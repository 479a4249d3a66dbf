// SPDX-License-Identifier: MIT
// The only file that names compiler extensions: attributes, and assertions that work without a C
// library.
#pragma once

#define RF_ALWAYS_INLINE [[gnu::always_inline]] inline
#define RF_NEVER_INLINE [[gnu::noinline]]
#define RF_PACKED [[gnu::packed]]
#define RF_LIKELY(condition) __builtin_expect(static_cast<bool>(condition), 1)
#define RF_UNLIKELY(condition) __builtin_expect(static_cast<bool>(condition), 0)

namespace ringfence {

/// Called when an assertion fails. The host prints and aborts, the kernel prints a backtrace and
/// ends the machine; each program that links code from base/ supplies exactly one definition.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace ringfence

/// States what must hold for a programmer's reason. Never used for input that a user or a guest
/// controls.
#define RF_ASSERT(condition)                                               \
    do {                                                                   \
        if (RF_UNLIKELY(!(condition))) {                                   \
            ::ringfence::assertion_failed(#condition, __FILE__, __LINE__); \
        }                                                                  \
    } while (false)

#define RF_UNREACHABLE(reason) \
    ::ringfence::assertion_failed("unreachable: " reason, __FILE__, __LINE__)
