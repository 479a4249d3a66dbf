// SPDX-License-Identifier: MIT
// The design that a program asked for, and what becomes of that at execve.
#pragma once

#include "abi/isolation_choice.h"
#include "kernel_arch/isolation_control.h"

namespace ringfence::kernel {

using IsolationChoice = abi::isolation::Choice;

struct IsolationSetting {
    IsolationChoice choice = IsolationChoice::System;
    bool keep_on_exec = false;

    [[nodiscard]] arch::Design design() const {
        switch (choice) {
            case IsolationChoice::Isolated:
                return arch::Design::Isolated;
            case IsolationChoice::Shared:
                return arch::Design::Shared;
            case IsolationChoice::System:
                break;
        }
        return arch::system_design();
    }

    /// The setting of a program that takes this one's place.
    [[nodiscard]] IsolationSetting after_exec(bool gains_privileges) const {
        return keep_on_exec && !gains_privileges ? *this : IsolationSetting{};
    }
};

}  // namespace ringfence::kernel
