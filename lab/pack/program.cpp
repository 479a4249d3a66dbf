// SPDX-License-Identifier: MIT
#include "lab/pack/program.h"

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "lab/error.h"
#include "lab/pack/elf_file.h"
#include "lab/pack/host_files.h"
#include "lab/pack/libraries.h"

namespace ringfence::lab::pack {

namespace {

/// How many interpreters Linux goes through before it answers ELOOP, and how much of a script's
/// first line it reads. [linux/execve]: execve(2), "Interpreter scripts"
constexpr int deepest_script = 4;
constexpr usize longest_script_line = 255;
constexpr u32 execute_bits = 0111;

struct Interpreter {
    std::string path;
    std::string argument;  ///< empty: none; Linux passes at most one
};

class ProgramPacker {
public:
    ProgramPacker(GuestTree& tree, const std::string& search_path)
        : tree_(tree), search_path_(search_path) {}

    Start add(const std::vector<std::string>& command) {
        const std::string name = command.front();
        const std::string path = name.find('/') == std::string::npos ? look_up(name) : name;
        Start start{normal_path(path), command, {}};
        // A script's interpreter is given the path by which the script was found.
        std::string script = path;
        for (int depth = 0; depth <= deepest_script; ++depth) {
            const Taken taken = take(script);
            if (is_elf(taken.bytes)) {
                start.executable = normal_path(script);
                start.file = taken.bytes;
                add_elf(taken);
                add_command_of_env(start);
                return start;
            }
            const Interpreter interpreter = script_interpreter(script, taken.bytes);
            start.arguments.front() = script;
            if (!interpreter.argument.empty()) {
                start.arguments.insert(start.arguments.begin(), interpreter.argument);
            }
            start.arguments.insert(start.arguments.begin(), interpreter.path);
            require(interpreter.path, script, "interpreter");
            script = interpreter.path;
        }
        fail(Failure::CannotRun, "{}: more than {} interpreters that are scripts themselves", path,
             deepest_script);
    }

private:
    /// A name along the search path: the first file there that may be executed.
    std::string look_up(const std::string& name) {
        if (name.empty()) {
            fail(Failure::NotFound, "the name of the program is empty");
        }
        std::optional<std::string> unusable;
        std::string_view rest = search_path_;
        while (!rest.empty()) {
            const usize colon = rest.find(':');
            const std::string path = normal_path(fmt::format("{}/{}", rest.substr(0, colon), name));
            if (in_tree(path) || access(path.c_str(), X_OK) == 0) {
                return path;
            }
            if (access(path.c_str(), F_OK) == 0) {
                unusable = path;
            }
            rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
        }
        if (unusable) {
            return *unusable;
        }
        fail(Failure::NotFound, "{}: command not found (searched {})", name, search_path_);
    }

    [[nodiscard]] bool in_tree(const std::string& path) const {
        return tree_.find(path) != nullptr;
    }

    /// A program in the tree.
    struct Taken {
        std::string place;         ///< of the file: its libraries may lie beside it
        const std::string& bytes;  ///< as long as nothing else is put into the tree
    };

    /// Puts the symbolic links to which the host's file `path` leads into the tree, from `place`
    /// on, and returns where the file itself belongs. Links among directories are no matter:
    /// through them one comes to the same neighbours.
    std::string add_links(std::string path, std::string place) {
        constexpr int longest_chain = 40;  // [linux/abi]: path_resolution(7)
        for (int i = 0; i < longest_chain; ++i) {
            std::error_code none;
            const std::string target = std::filesystem::read_symlink(path, none);
            if (none) {
                break;
            }
            tree_.add_symlink(place, target);
            const bool absolute = target.starts_with('/');
            path =
                absolute ? target : (std::filesystem::path(path).parent_path() / target).string();
            place =
                normal_path(absolute ? target : fmt::format("{}/{}", parent_path(place), target));
        }
        return place;
    }

    /// A program that may be executed, put into the tree if it is not there yet.
    Taken take(const std::string& path) {
        std::string place = normal_path(path);
        if (!in_tree(place)) {
            HostFile file = read_host_file(path, Failure::CannotRun);
            if ((file.permissions & execute_bits) == 0 || access(path.c_str(), X_OK) != 0) {
                fail(Failure::CannotRun, "{}: permission denied, the file is not executable", path);
            }
            place = add_links(path, place);
            tree_.add_file(place, file.permissions, std::move(file.bytes), file.modified);
        }
        const GuestNode* node = tree_.find(place);
        if (node->kind == NodeKind::Directory) {
            fail(Failure::CannotRun, "{}: is a directory, expected a program", path);
        }
        if ((node->permissions & execute_bits) == 0) {
            fail(Failure::CannotRun, "{}: permission denied, the file is not executable", path);
        }
        return {place, node->data};
    }

    void add_elf(const Taken& program) {
        const std::string& path = program.place;
        const auto facts = read_elf(program.bytes);
        if (!facts.ok()) {
            fail(Failure::CannotRun, "{}: {}", path, facts.error());
        }
        if (!facts.value().entry_is_code) {
            fail(Failure::CannotRun, "{}: has no entry point, is it a library?", path);
        }
        const ElfFacts known = facts.value();  // the tree may move the bytes from here on
        if (known.interpreter) {
            require(*known.interpreter, path, "dynamic linker");
            const auto linker = read_elf(take(*known.interpreter).bytes);
            if (!linker.ok()) {
                fail(Failure::CannotRun, "{}: its dynamic linker {} {}", path, *known.interpreter,
                     linker.error());
            }
            add_libraries(tree_, path, known);
        }
    }

    /// What `path` names must exist, in the tree or on the host.
    void require(const std::string& needed, const std::string& path, std::string_view role) {
        if (!in_tree(normal_path(needed)) && access(needed.c_str(), F_OK) != 0) {
            fail(Failure::NotFound, "{}: its {} {} does not exist", path, role, needed);
        }
    }

    static Interpreter script_interpreter(const std::string& path, std::string_view bytes) {
        if (!bytes.starts_with("#!")) {
            fail(Failure::CannotRun, "{}: is neither an ELF file nor a script that begins with #!",
                 path);
        }
        constexpr const char* blank = " \t";
        std::string_view line = bytes.substr(2, longest_script_line - 2);
        line = line.substr(0, line.find_first_of(std::string_view("\n\0", 2)));
        const usize first = line.find_first_not_of(blank);
        if (first == std::string_view::npos) {
            fail(Failure::CannotRun, "{}: its first line names no interpreter after #!", path);
        }
        line = line.substr(first, line.find_last_not_of(blank) - first + 1);
        const usize gap = line.find_first_of(blank);
        Interpreter interpreter{std::string(line.substr(0, gap)), {}};
        if (gap != std::string_view::npos) {
            interpreter.argument = line.substr(line.find_first_not_of(blank, gap));
        }
        return interpreter;
    }

    /// `#!/usr/bin/env NAME`: the program that env will look for must be in the guest too.
    void add_command_of_env(const Start& start) {
        if (base_name(start.executable) != "env" || start.arguments.size() < 2) {
            return;
        }
        const std::string& name = start.arguments[1];
        if (name.find_first_of("/=") != std::string::npos || name.starts_with('-')) {
            return;
        }
        const std::string path = look_up(name);
        const Taken taken = take(path);
        if (is_elf(taken.bytes)) {
            add_elf(taken);
        }
    }

    GuestTree& tree_;
    const std::string& search_path_;
};

}  // namespace

Start add_program(GuestTree& tree, const std::vector<std::string>& command,
                  const std::string& search_path) {
    return ProgramPacker(tree, search_path).add(command);
}

}  // namespace ringfence::lab::pack
