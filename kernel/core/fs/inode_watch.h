// SPDX-License-Identifier: MIT
// Somebody's interest in what happens to one file.
#pragma once

#include <string_view>

#include "kernel/core/containers/counted.h"
#include "kernel/core/containers/intrusive_list.h"
#include "kernel/core/containers/ref.h"
#include "kernel/core/fs/inode.h"

namespace ringfence::kernel {

/// Keeps the file alive as long as it has a name: what nobody could find again goes as if it were
/// not watched, and the watch hears of it.
class InodeWatch : public Counted<InodeWatch> {
public:
    explicit InodeWatch(Inode& inode);
    InodeWatch(const InodeWatch&) = delete;
    InodeWatch& operator=(const InodeWatch&) = delete;

    /// Only to be compared once the file is gone.
    [[nodiscard]] const Inode& inode() const { return *inode_; }
    void let_go() { kept_ = nullptr; }

    /// Which bits of file_events it wants to hear of.
    [[nodiscard]] virtual u32 wanted() const = 0;
    /// One of them came, `name` being that of the file in the watched directory, or empty. The
    /// watch may delete itself, and so it may below; other watches must stay.
    virtual void happened(u32 event, u32 cookie, std::string_view name) = 0;
    /// The file is about to go.
    virtual void ended() = 0;

    ListHook<InodeWatch> hook{this};

protected:
    ~InodeWatch();

private:
    Inode* inode_;
    Ref<Inode> kept_;
};

}  // namespace ringfence::kernel
