// SPDX-License-Identifier: MIT
// Programs that begin with #! and the path of what shall run them. [linux/abi]: execve(2),
// "Interpreter scripts"
#pragma once

#include <optional>

#include "kernel/core/process/exec.h"

namespace ringfence::kernel {

struct ScriptLine {
    String interpreter;
    String argument;  ///< empty if there is none
};

/// Takes the first line of a script apart; nothing if `start` (the file's first bytes) is none.
[[nodiscard]] std::optional<ScriptLine> parse_script_line(std::string_view start);

/// What is to be run in the end: as long as `request` names a script, makes it a request for the
/// script's interpreter.
Result<ExecutedFile, ExecFailure> take_program(ProgramRequest& request);

}  // namespace ringfence::kernel
