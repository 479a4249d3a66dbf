// SPDX-License-Identifier: MIT
#include "kernel/core/process/script.h"

#include "kernel/core/process/current_place.h"
#include "kernel/core/process/process.h"
#include "kernel/core/scheduler/scheduler.h"

namespace ringfence::kernel {

namespace {

constexpr usize longest_line = 256;  // BINPRM_BUF_SIZE
constexpr u32 deepest_nesting = 5;

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::optional<ScriptLine> read_script_line(Inode& file) {
    const auto opened = file.open(OpenFlags{OpenFlags::read_only});
    if (!opened) {
        return std::nullopt;
    }
    u8 start[longest_line];
    const auto count = opened.value()->read(IoDestination(std::span<u8>(start)), 0);
    if (!count) {
        return std::nullopt;
    }
    return parse_script_line({reinterpret_cast<const char*>(start), count.value()});
}

/// `script` is the path of the script whose line it is.
Result<void, ExecFailure> replace_by_interpreter(ProgramRequest& request, const ScriptLine& line,
                                                 const String& script) {
    const auto found = find_file(current_walk_context(), line.interpreter, FinalLink::Follow);
    if (!found) {
        String text("the interpreter of its #! line, ");
        text.append(line.interpreter).append(", is missing");
        return Error{ExecFailure{found.error(), std::move(text)}};
    }
    Vector<String> arguments{line.interpreter};
    if (!line.argument.empty()) {
        arguments.push_back(line.argument);
    }
    arguments.push_back(script);
    for (usize i = 1; i < request.arguments.size(); ++i) {
        arguments.push_back(request.arguments[i]);
    }
    request.arguments = std::move(arguments);
    request.file = found.value();
    request.absolute_path = line.interpreter;
    return {};
}

}  // namespace

std::optional<ScriptLine> parse_script_line(std::string_view start) {
    if (!start.starts_with("#!")) {
        return std::nullopt;
    }
    std::string_view line = drop(start, 2);
    line = trim(take(line, line.find('\n')));
    usize length = 0;
    while (length < line.size() && !is_blank(line[length])) {
        ++length;
    }
    if (length == 0) {
        return std::nullopt;
    }
    return ScriptLine{String(take(line, length)), String(trim(drop(line, length)))};
}

Result<ExecutedFile, ExecFailure> take_program(ProgramRequest& request) {
    String script = request.path;
    String called("it");
    for (u32 depth = 0;; ++depth) {
        auto file = ExecutedFile::take(request.file, current_process().credentials);
        if (!file) {
            return Error{not_to_be_run(*request.file, called, file.error())};
        }
        const auto line = read_script_line(*request.file);
        if (!line) {
            return std::move(file).value();
        }
        if (depth == deepest_nesting) {
            return Error{ExecFailure{Errno::Eloop, String("its #! lines lead in a circle")}};
        }
        RF_TRY(replace_by_interpreter(request, *line, script));
        script = line->interpreter;
        called = String("the interpreter of its #! line, ").append(script).append(",");
    }
}

}  // namespace ringfence::kernel
