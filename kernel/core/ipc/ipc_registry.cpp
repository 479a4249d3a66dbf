// SPDX-License-Identifier: MIT
#include "kernel/core/ipc/ipc_registry.h"

#include <algorithm>

namespace ringfence::kernel {

namespace {
/// Places are given in a circle of at least so many, so that a number does not come back soon.
constexpr usize least_circle = 64;
}  // namespace

IpcObject* IpcRegistry::at(u32 index) const {
    const u32 place = Index::get(index);
    return place < places_.size() ? places_[place] : nullptr;
}

IpcObject* IpcRegistry::find(i32 id) const {
    if (id < 0) {
        return nullptr;
    }
    IpcObject* const object = at(static_cast<u32>(id));
    return object != nullptr && object->id() == static_cast<u32>(id) ? object : nullptr;
}

IpcObject* IpcRegistry::find_key(i32 key) const {
    if (key == ipc_private) {
        return nullptr;
    }
    const auto found = std::find_if(places_.begin(), places_.end(), [key](const IpcObject* object) {
        return object != nullptr && object->key() == key;
    });
    return found != places_.end() ? *found : nullptr;
}

u32 IpcRegistry::highest_index() const {
    u32 highest = 0;
    for (u32 index = 0; index < places_.size(); ++index) {
        highest = places_[index] != nullptr ? index : highest;
    }
    return highest;
}

u32 IpcRegistry::free_index() const {
    const usize circle = std::min(std::max(count_ * 3 / 2, least_circle), most_);
    const usize start = next_ < circle ? next_ : 0;
    for (usize tried = 0; tried < circle; ++tried) {
        const u32 index = static_cast<u32>((start + tried) % circle);
        if (at(index) == nullptr) {
            return index;
        }
    }
    RF_ASSERT(false);  // fewer objects than places
    return 0;
}

Fallible<void> IpcRegistry::add(IpcObject& object) {
    if (count_ >= most_) {
        return Error{Errno::Enospc};
    }
    const u32 index = free_index();
    if (index >= places_.size()) {
        if (!places_.try_make_room(index + 1 - places_.size())) {
            return Error{Errno::Enomem};
        }
        places_.resize(index + 1);
    }
    if (static_cast<i32>(index) <= last_) {
        sequence_ = static_cast<u32>(Sequence::get(Sequence::make(sequence_ + 1)));
    }
    last_ = static_cast<i32>(index);
    next_ = index + 1;
    object.id_ = Index::make(index) | Sequence::make(sequence_);
    places_[index] = &object;
    ++count_;
    return {};
}

void IpcRegistry::remove(const IpcObject& object) {
    const u32 index = Index::get(object.id());
    if (at(index) != &object) {
        return;  // it never got a number
    }
    places_[index] = nullptr;
    --count_;
    if (count_ == 0) {
        places_ = {};  // as small as it was
    }
}

}  // namespace ringfence::kernel
