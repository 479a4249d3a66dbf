// SPDX-License-Identifier: MIT
// The objects of one kind by number and by key. Numbers are given as Linux gives them, so that a
// stale one finds nothing: place and sequence number in one. [linux/abi]: sysvipc(7)
#pragma once

#include "kernel/core/containers/vector.h"
#include "kernel/core/ipc/ipc_object.h"

namespace ringfence::kernel {

/// Does not own the objects: each of them leaves before it dies.
class IpcRegistry {
public:
    using Index = Bitfield<0, 15, u32>;
    using Sequence = Bitfield<15, 16, u32>;

    /// `most`: how many objects there may be, at most 2^15.
    explicit IpcRegistry(usize most) : most_(most) {}

    /// Gives `object` a number. Enospc if there are too many, Enomem.
    Fallible<void> add(IpcObject& object);
    /// Nothing happens if `object` is not there.
    void remove(const IpcObject& object);

    [[nodiscard]] usize count() const { return count_; }
    [[nodiscard]] usize most() const { return most_; }
    /// What *_INFO commands return: the highest place that is taken, 0 if none is.
    [[nodiscard]] u32 highest_index() const;
    /// One past the last place that may be taken.
    [[nodiscard]] u32 end_index() const { return static_cast<u32>(places_.size()); }
    /// What is at a place (bits above its 15 are ignored), or null.
    [[nodiscard]] IpcObject* at(u32 index) const;
    /// Null if there is none, or another one by now.
    [[nodiscard]] IpcObject* find(i32 id) const;
    /// Null for ipc_private.
    [[nodiscard]] IpcObject* find_key(i32 key) const;

private:
    [[nodiscard]] u32 free_index() const;

    Vector<IpcObject*> places_;
    usize most_;
    usize count_ = 0;
    u32 next_ = 0;      ///< where the search for a free place begins
    i32 last_ = -1;     ///< the place that was given last
    u32 sequence_ = 0;  ///< of the next object
};

/// The same with the type of the objects.
template <typename T>
class IpcRegistryOf final : public IpcRegistry {
public:
    using IpcRegistry::IpcRegistry;
    [[nodiscard]] T* at(u32 index) const { return cast(IpcRegistry::at(index)); }
    [[nodiscard]] T* find_key(i32 key) const { return cast(IpcRegistry::find_key(key)); }
    /// Einval if there is none of that number.
    [[nodiscard]] Fallible<T*> find(i32 id) const { return checked(IpcRegistry::find(id)); }
    /// The same for a place.
    [[nodiscard]] Fallible<T*> find_place(i32 index) const {
        return checked(index < 0 ? nullptr : IpcRegistry::at(static_cast<u32>(index)));
    }
    template <typename Visit>
    void for_each(Visit visit) const {
        for (u32 index = 0; index < end_index(); ++index) {
            if (T* const object = at(index)) {
                visit(*object);
            }
        }
    }

private:
    static T* cast(IpcObject* object) { return static_cast<T*>(object); }
    static Fallible<T*> checked(IpcObject* object) {
        return object != nullptr ? Fallible<T*>(cast(object)) : Error{Errno::Einval};
    }
};

}  // namespace ringfence::kernel
