// SPDX-License-Identifier: MIT
// How the host's outcome and the machine's differ.
#pragma once

#include <string>
#include <vector>

#include "tests/differential/test_case.h"

namespace ringfence::differential {

/// One line for each difference that no exclusion covers; empty if the outcomes agree.
std::vector<std::string> compare(const TestCase& test, const Outcome& host, const Outcome& machine);
/// The first differing byte of the data pages, unless excluded.
std::vector<std::string> compare_memory(const TestCase& test, bool faulted, const DataImage& host,
                                        const DataImage& machine);

/// A case in words: bytes, disassembly and the registers that it starts from.
std::string describe(const TestCase& test);

}  // namespace ringfence::differential
