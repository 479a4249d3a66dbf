// SPDX-License-Identifier: MIT
#include "lab/pack/guest_tree.h"

#include <utility>
#include <vector>

#include "lab/error.h"

namespace ringfence::lab::pack {

namespace {

constexpr u32 default_directory_permissions = 0755;
/// As many links as Linux follows before it answers ELOOP.
constexpr int most_links = 40;

std::vector<std::string> components(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const usize slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        if (part == "..") {
            if (!parts.empty()) {
                parts.pop_back();
            }
        } else if (!part.empty() && part != ".") {
            parts.emplace_back(part);
        }
        path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    }
    return parts;
}

std::string join(std::string_view directory, std::string_view name) {
    return directory == "/" ? fmt::format("/{}", name) : fmt::format("{}/{}", directory, name);
}

}  // namespace

std::string normal_path(std::string_view path) {
    std::string result;
    for (const std::string& part : components(path)) {
        result += '/';
        result += part;
    }
    return result.empty() ? "/" : result;
}

std::string parent_path(std::string_view normal) {
    const usize slash = normal.rfind('/');
    return slash == 0 ? "/" : std::string(normal.substr(0, slash));
}

std::string base_name(std::string_view normal) {
    return std::string(normal.substr(normal.rfind('/') + 1));
}

GuestTree::GuestTree() {
    nodes_.emplace("/", GuestNode{NodeKind::Directory, default_directory_permissions, {}});
}

std::string GuestTree::follow_directories(std::string_view path) const {
    std::string rest = normal_path(path);
    std::string reached = "/";
    int links = 0;
    while (true) {
        const std::vector<std::string> parts = components(rest);
        if (parts.empty()) {
            return reached;
        }
        if (parts.size() == 1) {
            return join(reached, parts.front());
        }
        const std::string next = join(reached, parts.front());
        rest.clear();
        for (usize i = 1; i < parts.size(); ++i) {
            rest += '/' + parts[i];
        }
        const auto found = nodes_.find(next);
        if (found == nodes_.end() || found->second.kind != NodeKind::Symlink) {
            reached = next;
            continue;
        }
        if (++links > most_links) {
            fail(Failure::Own, "{}: too many levels of symbolic links among the guest's files",
                 path);
        }
        const std::string& target = found->second.data;
        rest = normal_path((target.starts_with('/') ? target : reached + "/" + target) + rest);
        reached = "/";
    }
}

void GuestTree::put(std::string_view path, GuestNode node) {
    const std::string place = follow_directories(path);
    if (place == "/" && node.kind != NodeKind::Directory) {
        fail(Failure::Own, "the guest's root directory cannot be replaced by a file");
    }
    for (std::string above = place; above != "/";) {
        above = parent_path(above);
        const auto [entry, added] = nodes_.try_emplace(
            above, GuestNode{NodeKind::Directory, default_directory_permissions, {}});
        if (!added && entry->second.kind != NodeKind::Directory) {
            fail(Failure::Own, "{}: {} is not a directory in the guest", path, above);
        }
    }
    const auto existing = nodes_.find(place);
    if (existing != nodes_.end() && node.kind != NodeKind::Directory &&
        existing->second.kind == NodeKind::Directory) {
        fail(Failure::Own, "{}: is a directory in the guest and cannot become a file", place);
    }
    nodes_.insert_or_assign(place, std::move(node));
}

void GuestTree::add_directory(std::string_view path, u32 permissions, u32 modified) {
    const std::string place = follow_directories(path);
    const auto existing = nodes_.find(place);
    if (existing != nodes_.end() && existing->second.kind == NodeKind::Symlink) {
        return;  // a tree with /bin/ laid over one where /bin is a link to /usr/bin
    }
    put(path, GuestNode{NodeKind::Directory, permissions, {}, modified});
}

void GuestTree::add_file(std::string_view path, u32 permissions, std::string bytes, u32 modified) {
    put(path, GuestNode{NodeKind::File, permissions, std::move(bytes), modified});
}

void GuestTree::add_symlink(std::string_view path, std::string target, u32 modified) {
    constexpr u32 link_permissions = 0777;
    put(path, GuestNode{NodeKind::Symlink, link_permissions, std::move(target), modified});
}

const GuestNode* GuestTree::find(std::string_view path) const {
    std::string at = normal_path(path);
    for (int links = 0; links <= most_links; ++links) {
        const std::string place = follow_directories(at);
        const auto found = nodes_.find(place);
        if (found == nodes_.end()) {
            return nullptr;
        }
        if (found->second.kind != NodeKind::Symlink) {
            return &found->second;
        }
        const std::string& target = found->second.data;
        at = target.starts_with('/') ? target : join(parent_path(place), target);
    }
    return nullptr;
}

}  // namespace ringfence::lab::pack
