// SPDX-License-Identifier: MIT
#include "kernel/core/fs/path.h"

namespace ringfence::kernel {

namespace {

constexpr u32 most_links = 40;  // [linux/abi]: path_resolution(7), MAXSYMLINKS

/// One walk: the current directory and the text that is still to be walked.
class Walker {
public:
    Walker(const WalkContext& context, std::string_view path)
        : context_(context),
          rest_(path),
          at_(starts_at_root(path) ? context.root : context.start) {}

    Fallible<Place> run(FinalLink link) {
        if (rest_.empty()) {
            return Error{Errno::Enoent};
        }
        for (;;) {
            const std::string_view component = next_component();
            if (component.empty()) {  // only slashes were left
                return Place{at_, ".", true, at_};
            }
            const String name(component);
            const bool last = drop_slashes(rest_).empty();
            const bool trailing_slash = last && !rest_.empty();
            RF_TRY(check_search());
            if (last && (link == FinalLink::Keep && !trailing_slash)) {
                return place(name, false);
            }
            RF_TRY_ASSIGN(found, step(name));
            if (!found && !last) {
                return Error{Errno::Enoent};
            }
            if (found && found->type() == FileType::SymbolicLink) {
                RF_TRY_ASSIGN(jumped, follow(*found));
                if (jumped && last) {
                    return finish(Place{at_, name, trailing_slash, jumped,
                                        found->target().value_or(String())});
                }
                if (jumped) {
                    at_ = jumped;
                }
                continue;
            }
            if (last) {
                return finish(Place{at_, name, trailing_slash, found});
            }
            at_ = found;
        }
    }

private:
    static bool starts_at_root(std::string_view path) { return path.starts_with('/'); }
    static std::string_view drop_slashes(std::string_view text) {
        while (text.starts_with('/')) {
            text.remove_prefix(1);
        }
        return text;
    }

    std::string_view next_component() {
        rest_ = drop_slashes(rest_);
        usize length = 0;
        while (length < rest_.size() && rest_[length] != '/') {
            ++length;
        }
        const std::string_view component = take(rest_, length);
        rest_ = drop(rest_, length);
        return component;
    }

    Fallible<void> check_search() const {
        if (!at_->is_directory()) {
            return Error{Errno::Enotdir};
        }
        if (!context_.credentials->may_access(at_->metadata(), Access::Execute)) {
            return Error{Errno::Eacces};
        }
        return {};
    }

    /// The file called `name` here; null if there is none.
    Fallible<Ref<Inode>> step(const String& name) const {
        if (name == ".") {
            return at_;
        }
        if (name == "..") {
            return at_ == context_.root ? at_ : at_->parent();
        }
        auto found = at_->lookup(name);
        if (!found && found.error() == Errno::Enoent) {
            return Ref<Inode>();
        }
        return found;
    }

    Fallible<Place> place(const String& name, bool trailing_slash) const {
        RF_TRY_ASSIGN(found, step(name));
        return finish(Place{at_, name, trailing_slash, found});
    }

    static Fallible<Place> finish(Place place) {
        if (place.must_be_directory && place.inode && !place.inode->is_directory()) {
            return Error{Errno::Enotdir};
        }
        return place;
    }

    /// Puts a link's target in front of what is left, or gives the file that it jumps to.
    Fallible<Ref<Inode>> follow(Inode& link) {
        if (++links_ > most_links) {
            return Error{Errno::Eloop};
        }
        if (Ref<Inode> jumped = link.jump()) {
            return jumped;
        }
        RF_TRY_ASSIGN(target, link.target());
        if (target.empty()) {
            return Error{Errno::Enoent};
        }
        String text = std::move(target);
        text.append(rest_);
        text_ = std::move(text);
        rest_ = text_.view();
        if (starts_at_root(rest_)) {
            at_ = context_.root;
        }
        return Ref<Inode>();
    }

    const WalkContext& context_;
    String text_;  ///< holds `rest_` once a link was followed
    std::string_view rest_;
    Ref<Inode> at_;
    u32 links_ = 0;
};

}  // namespace

Fallible<Place> find_place(const WalkContext& context, std::string_view path, FinalLink link) {
    return Walker(context, path).run(link);
}

Fallible<Ref<Inode>> find_file(const WalkContext& context, std::string_view path, FinalLink link) {
    RF_TRY_ASSIGN(place, find_place(context, path, link));
    if (!place.inode) {
        return Error{Errno::Enoent};
    }
    return place.inode;
}

Fallible<String> directory_path(Inode& directory, const Inode& root) {
    constexpr usize longest = 4096;  // [linux/abi]: PATH_MAX
    String path;
    Ref<Inode> at(&directory);
    while (at != &root) {
        const Ref<Inode> above = at->parent();
        if (!above || above == at) {
            break;
        }
        RF_TRY_ASSIGN(name, above->name_of(*at));
        String longer("/");
        longer.append(name).append(path);
        path = std::move(longer);
        if (path.size() >= longest) {
            return Error{Errno::Enametoolong};
        }
        at = above;
    }
    return path.empty() ? String("/") : path;
}

String file_path(const Place& place, const Inode& root) {
    if (!place.link_target.empty()) {
        return place.link_target;
    }
    if (place.inode && place.inode->is_directory()) {
        return directory_path(*place.inode, root).value_or(String("/"));
    }
    String path = directory_path(*place.directory, root).value_or(String("/"));
    if (path.view() != "/") {
        path.append('/');
    }
    path.append(place.name);
    return path;
}

}  // namespace ringfence::kernel
