// SPDX-License-Identifier: MIT
#include "kernel/core/fs/text_tree.h"

namespace ringfence::kernel {

namespace {

/// Inodes are made anew at each look, so their numbers follow from their place: a hash (FNV-1a) of
/// the names down to here, with the top bit set, which no number of a process's file has.
u64 number_below(u64 parent, std::string_view name) {
    constexpr u64 prime = 1099511628211;
    u64 hash = parent ^ '/';
    for (const char letter : name) {
        hash = (hash ^ static_cast<u8>(letter)) * prime;
    }
    return hash | bit(63);
}

class TextDirectory final : public ProcDirectory {
public:
    TextDirectory(const TextTree& tree, u64 number, DeviceNumber file_system, Ref<Inode> parent)
        : ProcDirectory(number, std::move(parent), file_system), tree_(tree) {}

protected:
    bool child_from(u64& key, Child& child) override {
        const usize files = tree_.files.size();
        if (key < files) {
            child = named(tree_.files[key].name, FileType::Regular);
        } else if (key - files < tree_.directories.size()) {
            child = named(tree_.directories[key - files].name, FileType::Directory);
        } else {
            return false;
        }
        return true;
    }
    Ref<Inode> make_child(std::string_view name) override {
        const u64 number = number_below(metadata().number, name);
        const DeviceNumber file_system = metadata().file_system;
        for (const ProcEntry& file : tree_.files) {
            if (file.name == name) {
                return make_ref<ProcText>(
                    proc_metadata(FileType::Regular, file.permissions, number, file_system),
                    file.generator, 0, file.setter);
            }
        }
        for (const TextTree& directory : tree_.directories) {
            if (directory.name == name) {
                return make_ref<TextDirectory>(directory, number, file_system, Ref<Inode>(this));
            }
        }
        return nullptr;
    }

private:
    [[nodiscard]] Child named(std::string_view name, FileType type) const {
        return {name, type, number_below(metadata().number, name)};
    }

    const TextTree& tree_;
};

}  // namespace

Ref<Inode> make_text_tree(const TextTree& tree, DeviceNumber file_system, Ref<Inode> parent) {
    return make_ref<TextDirectory>(tree, number_below(0, tree.name), file_system,
                                   std::move(parent));
}

}  // namespace ringfence::kernel
