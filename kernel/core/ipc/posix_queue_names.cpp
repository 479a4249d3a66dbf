// SPDX-License-Identifier: MIT
// The names of POSIX message queues: one flat list.
#include <algorithm>

#include "kernel/core/ipc/posix_queue.h"

namespace ringfence::kernel {

namespace {

struct NamedQueue {
    String name;
    Ref<PosixQueue> queue;
};

Vector<NamedQueue>& names() {
    static Vector<NamedQueue> list;
    return list;
}

usize position_of(std::string_view name) {
    const auto found = std::find_if(names().begin(), names().end(), [name](const NamedQueue& each) {
        return each.name.view() == name;
    });
    return static_cast<usize>(found - names().begin());
}

}  // namespace

PosixQueue* find_posix_queue(std::string_view name) {
    const usize at = position_of(name);
    return at < names().size() ? names()[at].queue.get() : nullptr;
}

void name_posix_queue(std::string_view name, Ref<PosixQueue> queue) {
    RF_ASSERT(find_posix_queue(name) == nullptr);
    names().push_back({String(name), std::move(queue)});
}

void unname_posix_queue(std::string_view name) {
    const usize at = position_of(name);
    const Ref<PosixQueue> held = names()[at].queue;
    held->metadata().links = 0;
    names().erase(at);
}

}  // namespace ringfence::kernel
