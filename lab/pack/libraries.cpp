// SPDX-License-Identifier: MIT
#include "lab/pack/libraries.h"

#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <fstream>
#include <optional>
#include <set>
#include <utility>

#include "lab/error.h"
#include "lab/pack/host_files.h"

namespace ringfence::lab::pack {

namespace {

/// Where Debian's dynamic linker looks without a cache.
constexpr std::array<const char*, 6> default_directories = {"/lib/x86_64-linux-gnu",
                                                            "/usr/lib/x86_64-linux-gnu",
                                                            "/lib64",
                                                            "/usr/lib64",
                                                            "/lib",
                                                            "/usr/lib"};
constexpr const char* configuration_file = "/etc/ld.so.conf";
constexpr int deepest_include = 16;

void read_configuration(const std::string& file, int depth, std::vector<std::string>& directories) {
    std::ifstream input(file);
    std::string line;
    while (std::getline(input, line)) {
        line.erase(std::min(line.find('#'), line.size()));
        const usize first = line.find_first_not_of(" \t");
        if (first == std::string::npos) {
            continue;
        }
        line = line.substr(first, line.find_last_not_of(" \t") - first + 1);
        constexpr std::string_view include = "include ";
        if (!line.starts_with(include)) {
            directories.push_back(normal_path(line));
            continue;
        }
        if (depth == deepest_include) {
            continue;
        }
        glob_t matches{};
        if (glob(line.substr(include.size()).c_str(), 0, nullptr, &matches) == 0) {
            for (usize i = 0; i < matches.gl_pathc; ++i) {
                read_configuration(matches.gl_pathv[i], depth + 1, directories);
            }
        }
        globfree(&matches);
    }
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (usize at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

std::string expand(std::string directory, const std::string& origin) {
    for (const char* form : {"$ORIGIN", "${ORIGIN}"}) {
        replace_all(directory, form, origin);
    }
    for (const char* form : {"$LIB", "${LIB}"}) {
        replace_all(directory, form, "lib/x86_64-linux-gnu");
    }
    return normal_path(directory);
}

/// A loaded object: it is searched on behalf of, and may lend its RPATH to what it needs.
struct Object {
    std::string path;
    ElfFacts facts;
    std::vector<std::string> inherited_rpath;  ///< already expanded
};

class Search {
public:
    explicit Search(GuestTree& tree)
        : tree_(tree), configured_(read_linker_configuration(configuration_file)) {}

    void add_all(Object program) {
        std::deque<Object> open;
        open.push_back(std::move(program));
        while (!open.empty()) {
            const Object object = std::move(open.front());
            open.pop_front();
            for (const std::string& name : object.facts.needed) {
                if (seen_.insert(name).second) {
                    open.push_back(add(name, object));
                }
            }
        }
    }

    /// A dynamic linker that is missing, or is none, is for the kernel to refuse.
    void add_interpreter(const std::string& path) { static_cast<void>(take(normal_path(path))); }

private:
    /// The directories for what `object` needs, in the order of ld.so(8).
    [[nodiscard]] std::vector<std::string> directories(const Object& object) const {
        const std::string origin = parent_path(normal_path(object.path));
        std::vector<std::string> result = rpath(object);
        for (const std::string& directory : object.facts.runpath) {
            result.push_back(expand(directory, origin));
        }
        result.insert(result.end(), configured_.begin(), configured_.end());
        result.insert(result.end(), default_directories.begin(), default_directories.end());
        return result;
    }

    /// DT_RPATH counts only in an object without DT_RUNPATH, and then for all that it loads.
    static std::vector<std::string> rpath(const Object& object) {
        std::vector<std::string> result;
        if (object.facts.runpath.empty()) {
            for (const std::string& directory : object.facts.rpath) {
                result.push_back(expand(directory, parent_path(normal_path(object.path))));
            }
            result.insert(result.end(), object.inherited_rpath.begin(),
                          object.inherited_rpath.end());
        }
        return result;
    }

    Object add(const std::string& name, const Object& needed_by) {
        if (name.find('/') != std::string::npos) {
            if (auto found = take(normal_path(name))) {
                return Object{normal_path(name), std::move(*found), rpath(needed_by)};
            }
            fail(Failure::NotFound, "{}: needs {}, which does not exist or is not for x86-64",
                 needed_by.path, name);
        }
        const std::vector<std::string> places = directories(needed_by);
        for (const std::string& directory : places) {
            const std::string path = normal_path(directory + "/" + name);
            if (auto found = take(path)) {
                link_from_default(name, directory, path);
                return Object{path, std::move(*found), rpath(needed_by)};
            }
        }
        fail(Failure::NotFound, "{}: needs the shared library {}, not found in {}", needed_by.path,
             name, fmt::join(places, ":"));
    }

    /// Makes sure that the tree has the library at `path`; nothing when there is none for x86-64.
    std::optional<ElfFacts> take(const std::string& path) {
        const GuestNode* present = tree_.find(path);
        if (present != nullptr && present->kind == NodeKind::File) {
            return facts_of(present->data);
        }
        if (present != nullptr || access(path.c_str(), R_OK) != 0) {
            return std::nullopt;
        }
        HostFile file = read_host_file(path, Failure::CannotRun);
        auto facts = facts_of(file.bytes);
        if (facts) {
            tree_.add_file(path, file.permissions, std::move(file.bytes), file.modified);
        }
        return facts;
    }

    static std::optional<ElfFacts> facts_of(std::string_view bytes) {
        auto facts = read_elf(bytes);
        return facts.ok() ? std::optional(std::move(facts).value()) : std::nullopt;
    }

    /// The guest has no linker cache: a library that only the cache would find needs a link.
    void link_from_default(const std::string& name, const std::string& directory,
                           const std::string& path) {
        const bool configured_only =
            std::find(configured_.begin(), configured_.end(), directory) != configured_.end() &&
            std::find(default_directories.begin(), default_directories.end(), directory) ==
                default_directories.end();
        const std::string link = "/lib64/" + name;
        if (configured_only && tree_.find(link) == nullptr) {
            tree_.add_symlink(link, path);
        }
    }

    GuestTree& tree_;
    std::vector<std::string> configured_;
    std::set<std::string> seen_;
};

}  // namespace

std::vector<std::string> read_linker_configuration(const std::string& file) {
    std::vector<std::string> directories;
    read_configuration(file, 0, directories);
    return directories;
}

void add_dependencies(GuestTree& tree, std::vector<std::string>& notes) {
    std::vector<Object> objects;
    for (const auto& [path, node] : tree.nodes()) {
        if (node.kind == NodeKind::File && is_elf(node.data)) {
            if (auto facts = read_elf(node.data); facts.ok()) {
                objects.push_back(Object{path, std::move(facts).value(), {}});
            }
        }
    }
    Search search(tree);
    for (Object& object : objects) {
        try {
            if (object.facts.interpreter) {
                search.add_interpreter(*object.facts.interpreter);
            }
            search.add_all(std::move(object));
        } catch (const LabError& error) {
            if (error.failure() != Failure::NotFound) {
                throw;
            }
            notes.emplace_back(error.what());
        }
    }
}

void add_libraries(GuestTree& tree, const std::string& path, const ElfFacts& program) {
    Search(tree).add_all(Object{path, program, {}});
}

}  // namespace ringfence::lab::pack
