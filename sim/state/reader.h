// SPDX-License-Identifier: MIT
// Puts saved fields back. The bytes may come from anywhere: whatever they hold, the reader stays
// within them and says what is wrong with the first field that does not fit.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/state/cursor.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::state {

class Reader final : public Visitor {
public:
    /// The bytes outlive the reader.
    explicit Reader(std::span<const u8> bytes) : cursor_(bytes) {}

    [[nodiscard]] bool loading() const override { return true; }
    [[nodiscard]] bool ok() const override { return error_.empty(); }
    void require(bool condition, std::string_view what) override;
    void text(std::string_view name, std::string& value, usize most) override;

    /// To be called when all fields have been visited: there must be no more.
    void finish();
    /// One line: which field, what was expected and what is there. Empty if nothing is wrong.
    [[nodiscard]] const std::string& error() const { return error_; }

private:
    void scalar(std::string_view name, FieldType type, u64& bits) override;
    void scalars(std::string_view name, FieldType type, void* data, usize count) override;
    std::optional<usize> list_size(std::string_view name, FieldType type, usize have,
                                   usize most) override;
    usize counted(std::string_view name, usize have, usize most) override;
    void open(std::string_view name) override;
    void close() override;
    void require_at_most(std::string_view name, u64 value, u64 most) override;

    std::optional<RawField> take(u8 kind, std::string_view name);
    [[nodiscard]] std::string path_of(std::string_view name) const;
    void fail(std::string message);

    Cursor cursor_;
    std::vector<std::string_view> groups_;
    std::string error_;
};

}  // namespace ringfence::sim::state
