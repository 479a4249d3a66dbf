// SPDX-License-Identifier: MIT
// A result file that is either there whole or not there.
#pragma once

#include <string>
#include <string_view>

namespace ringfence::lab::report {

/// Checks, before the work is done, that a file could be written at `path`. Throws Failure::Own.
void check_writable(const std::string& path);

/// Writes `bytes` to `path`, "-" being standard output. A regular file appears under its name when
/// it is whole (sim::snapshot::NewFile), so that a full disk or a killed process leaves no part of
/// it; a device or pipe is written in place. Throws Failure::Own with the reason.
void write_file(const std::string& path, std::string_view bytes);

}  // namespace ringfence::lab::report
