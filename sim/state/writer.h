// SPDX-License-Identifier: MIT
// Fields as bytes, for a file or for a hash.
#pragma once

#include <span>
#include <vector>

#include "sim/state/hash.h"
#include "sim/state/visitor.h"

namespace ringfence::sim::state {

/// Writes fields down (field_type.h) and leaves them as they are.
class Writer : public Visitor {
public:
    /// The first thing that a reader would refuse: state that its class says cannot be. Empty if
    /// there is none.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    [[nodiscard]] bool loading() const final { return false; }
    [[nodiscard]] bool ok() const final { return true; }
    void require(bool condition, std::string_view what) final;
    void text(std::string_view name, std::string& value, usize most) final;

protected:
    virtual void put(std::span<const u8> bytes) = 0;

private:
    void scalar(std::string_view name, FieldType type, u64& bits) final;
    void scalars(std::string_view name, FieldType type, void* data, usize count) final;
    std::optional<usize> list_size(std::string_view name, FieldType type, usize have,
                                   usize most) final;
    usize counted(std::string_view name, usize have, usize most) final;
    void open(std::string_view name) final;
    void close() final;
    void require_at_most(std::string_view name, u64 value, u64 most) final;
    void head(u8 kind, std::string_view name);
    void number(u64 value, unsigned bytes);

    std::string problem_;
};

class BufferWriter final : public Writer {
public:
    [[nodiscard]] std::vector<u8> take() { return std::move(bytes_); }

private:
    void put(std::span<const u8> bytes) override;

    std::vector<u8> bytes_;
};

class HashWriter final : public Writer {
public:
    [[nodiscard]] u64 value() const { return hash_.value(); }

private:
    void put(std::span<const u8> bytes) override { hash_.add(bytes); }

    Hash hash_;
};

/// The fields of an object with a visit_state. It is declared for loading too, and thus not const;
/// a Writer changes nothing.
template <typename T>
std::vector<u8> fields_of(const T& object) {
    BufferWriter writer;
    const_cast<T&>(object).visit_state(writer);
    return writer.take();
}
/// Equal for equal states.
template <typename T>
u64 digest_of(const T& object) {
    HashWriter writer;
    const_cast<T&>(object).visit_state(writer);
    return writer.value();
}

}  // namespace ringfence::sim::state
