// SPDX-License-Identifier: MIT
// Which figures a preset has: their names, kinds, units and ranges, in the order of the file.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/presets/figures.h"

namespace ringfence::sim::presets {

enum class FigureKind : u8 {
    Number,
    Switch,   ///< true or false
    Ports,    ///< "p0156", hexadecimal digits: any one of these
    Forward,  ///< "data", "zero" or "block": timing::Forward, in that order
};

struct FigureRule {
    std::string path;
    FigureKind kind = FigureKind::Number;
    std::string unit{};  ///< of numbers; empty where they have none
    double low = 0;
    double high = 0;
    bool required = true;
    bool whole = true;      ///< no fraction
    std::string meaning{};  ///< one line

    /// Whether the value is one that the figure can have.
    [[nodiscard]] bool allows(double value) const;
    /// "a whole number from 1 to 4096"
    [[nodiscard]] std::string expected() const;
};

/// Every figure that a preset may have.
const std::vector<FigureRule>& figure_rules();

/// The classes of execution that have figures: timing::ExecutionClass without Nop, in its order.
std::span<const std::string_view> execution_names();

/// The rule of a path; null if there is no such figure.
const FigureRule* find_rule(std::string_view path);

/// Reads a value as users write it: "3", "true", "on", "p0156", "data". Nothing if it is not of the
/// rule's kind; the range is not checked.
std::optional<double> parse_value(const FigureRule& rule, std::string_view text);

/// The opposite of parse_value.
std::string format_value(const FigureRule& rule, double value);

/// A number without a needless fraction.
std::string format_number(double value);

/// What is wrong with figures that are each in range but do not agree with one another.
struct FigureConflict {
    std::string path;  ///< of the figure to blame
    std::string message;
};
std::optional<FigureConflict> check_figures(const Figures& figures);

}  // namespace ringfence::sim::presets
