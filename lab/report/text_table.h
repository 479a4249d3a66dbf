// SPDX-License-Identifier: MIT
// Rows of cells as lines of text.
#pragma once

#include <string>
#include <vector>

#include "base/types.h"

namespace ringfence::lab::report {

/// Columns are as wide as their widest cell; the first `left_columns` are flush left, the others
/// flush right. All rows have as many cells as the first. No trailing blanks.
[[nodiscard]] std::string text_table(const std::vector<std::vector<std::string>>& rows,
                                     usize left_columns);

}  // namespace ringfence::lab::report
