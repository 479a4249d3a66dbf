// SPDX-License-Identifier: MIT
#include "lab/attack/attack_output.h"

#include <fmt/format.h>

#include <charconv>

namespace ringfence::lab::attack {

namespace {

constexpr int decimal = 10;
constexpr int hexadecimal = 16;

/// The words of one line, taken from the front. Once something was missing, all is.
class Words {
public:
    explicit Words(std::string_view line) : rest_(line) {}

    std::string_view word() {
        const usize blank = rest_.find(' ');
        const std::string_view first = rest_.substr(0, blank);
        rest_ = blank == std::string_view::npos ? std::string_view{} : rest_.substr(blank + 1);
        good_ = good_ && !first.empty();
        return first;
    }
    template <typename Number>
    Number number(int base = decimal) {
        const std::string_view text = word();
        Number value{};
        const auto [end, problem] =
            std::from_chars(text.data(), text.data() + text.size(), value, base);
        good_ = good_ && problem == std::errc{} && end == text.data() + text.size();
        return value;
    }
    Guess guess() {
        Guess guess{};
        if (rest_.starts_with("-- ")) {
            word();
        } else {
            guess.value = number<u8>(hexadecimal);
        }
        guess.hits = number<u64>();
        guess.attempts = number<u64>();
        good_ = good_ && guess.hits <= guess.attempts;
        return guess;
    }
    void expect(bool condition) { good_ = good_ && condition; }
    [[nodiscard]] bool complete() const { return good_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool good_ = true;
};

bool parse_line(std::string_view line, AttackOutput& output) {
    Words words(line);
    const std::string_view kind = words.word();
    if (kind == "calibration") {
        output.calibration.hit = words.number<u64>();
        output.calibration.miss = words.number<u64>();
        output.calibration.threshold = words.number<u64>();
    } else if (kind == "control") {
        words.expect(words.number<usize>() == output.control.size());
        output.control.push_back(words.guess());
        output.control_truth.push_back(words.number<u8>(hexadecimal));
    } else if (kind == "secret") {
        words.expect(words.number<usize>() == output.secret.size());
        output.secret.push_back(words.guess());
    } else if (kind == "cycles") {
        const std::string_view what = words.word();
        words.expect(what == "control" || what == "secret");
        (what == "control" ? output.control_cycles : output.secret_cycles) = words.number<u64>();
    } else {
        return false;
    }
    return words.complete();
}

}  // namespace

Result<AttackOutput, std::string> parse_attack_output(std::string_view text, usize bytes) {
    AttackOutput output;
    bool calibrated = false;
    while (!text.empty()) {
        const usize end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        if (end == std::string_view::npos || !parse_line(line, output)) {
            return Error{fmt::format("the attack printed a line that makes no sense: '{}'", line)};
        }
        calibrated = calibrated || line.starts_with("calibration ");
        text.remove_prefix(end + 1);
    }
    if (!calibrated) {
        return Error{std::string("the attack did not say what its clock can tell")};
    }
    const bool nothing = output.control.empty() && output.secret.empty();
    const bool all = output.control.size() == bytes && output.secret.size() == bytes &&
                     output.control_cycles != 0 && output.secret_cycles != 0;
    if (!nothing && !all) {
        return Error{fmt::format("the attack reported {} and {} bytes, expected {} of each",
                                 output.control.size(), output.secret.size(), bytes)};
    }
    return output;
}

}  // namespace ringfence::lab::attack
