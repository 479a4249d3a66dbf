// SPDX-License-Identifier: MIT
#include "kernel/net/buffer.h"

#include <algorithm>
#include <bit>
#include <new>

namespace ringfence::kernel::net {

Ref<Buffer> Buffer::allocate(usize capacity, usize most) {
    RF_ASSERT(capacity <= most && most <= largest);
    const usize block = std::bit_ceil(sizeof(Buffer) + capacity);
    void* memory = ::operator new(block, std::nothrow);
    if (memory == nullptr) {
        return nullptr;
    }
    return Ref<Buffer>(new (memory) Buffer(std::min(block - sizeof(Buffer), most)));
}

}  // namespace ringfence::kernel::net
