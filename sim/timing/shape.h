// SPDX-License-Identifier: MIT
// What an instruction takes of the core's queues, whatever its addresses are.
#pragma once

#include "base/types.h"

namespace ringfence::sim::timing {

/// Most instructions are one micro-operation with at most one access and nothing special. For those
/// the core leaves out every question whose answer follows: for host speed only.
enum class Form : u8 {
    Plain,    ///< no access
    Load,     ///< one load
    Store,    ///< one store
    General,  ///< anything
};

/// Made by Core::shape_of, once for each decoded instruction.
struct Shape {
    u32 slots = 1;  ///< in dispatch, the reorder buffer and retirement
    u32 loads = 0;  ///< load queue entries
    u32 stores = 0;
    u32 operations = 0;  ///< scheduler entries
    Form form = Form::General;
};

/// A shape of which the form is known beforehand.
template <Form form>
class KnownShape {
public:
    explicit KnownShape(const Shape& shape) : shape_(shape) {}
    [[nodiscard]] u32 slots() const { return is_general ? shape_.slots : 1; }
    [[nodiscard]] u32 loads() const {
        return is_general ? shape_.loads : (form == Form::Load ? 1 : 0);
    }
    [[nodiscard]] u32 stores() const {
        return is_general ? shape_.stores : (form == Form::Store ? 1 : 0);
    }
    [[nodiscard]] u32 operations() const { return shape_.operations; }
    [[nodiscard]] bool has_accesses() const { return form != Form::Plain; }

private:
    static constexpr bool is_general = form == Form::General;
    const Shape& shape_;
};

}  // namespace ringfence::sim::timing
