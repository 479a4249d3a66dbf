// SPDX-License-Identifier: MIT
#include "lab/report/text_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringfence::lab::report {

std::string text_table(const std::vector<std::vector<std::string>>& rows, usize left_columns) {
    std::vector<usize> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (usize i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (usize i = 0; i < row.size(); ++i) {
            line += i == 0 ? "" : "  ";
            line += i < left_columns ? fmt::format("{:<{}}", row[i], widths[i])
                                     : fmt::format("{:>{}}", row[i], widths[i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

}  // namespace ringfence::lab::report
