// SPDX-License-Identifier: MIT
// A program as a suite measures it: what runs, on which files, and what its result is evidence for.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace ringfence::lab::suite {

/// What a workload spends its time on: the overheads of each kind are summed up apart.
enum class Kind : u8 {
    Compute,   ///< nearly all in user mode
    Mixed,     ///< an application that computes and uses the kernel
    Kernel,    ///< mostly system calls, processes or page faults
    Loopback,  ///< servers and clients over the loopback interface
};
inline constexpr usize kind_count = 4;
[[nodiscard]] std::string_view kind_name(Kind kind);

struct Workload {
    std::string name;
    std::string meaning;  ///< what it does, in a few words
    Kind kind = Kind::Mixed;
    std::vector<std::string> command;
    std::vector<std::string> files;              ///< as --file: FILE or HOST=GUEST
    std::map<std::string, std::string> scripts;  ///< guest path: text
    std::map<std::string, u64> samples;          ///< guest path: bytes of sample text

    bool operator==(const Workload&) const = default;
};

/// Text of so many bytes, lines of words as a log has them; always the same.
[[nodiscard]] std::string sample_text(u64 bytes);

}  // namespace ringfence::lab::suite
