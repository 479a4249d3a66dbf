// SPDX-License-Identifier: MIT
// The heap behind operator new and delete. Plain new never gives nullptr: the kernel stops when
// memory is exhausted there; code that can handle it uses new (std::nothrow) or heap_allocate.
#include <cstddef>
#include <new>

#include "kernel/core/log/log.h"
#include "kernel/core/memory/heap.h"

using ringfence::kernel::heap_allocate;
using ringfence::kernel::heap_release;

namespace std {
const nothrow_t nothrow{};
}

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    return heap_allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
    return heap_allocate(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t, const std::nothrow_t&) noexcept {
    return heap_allocate(bytes);  // aligned to the size rounded up to a power of two
}
void* operator new(std::size_t bytes) {
    void* memory = heap_allocate(bytes);
    if (memory == nullptr) {
        ringfence::kernel::panic("the kernel's heap is exhausted");
    }
    return memory;
}
void* operator new[](std::size_t bytes) {
    return operator new(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t) {
    return operator new(bytes);
}
void operator delete(void* memory) noexcept {
    heap_release(memory);
}
void operator delete[](void* memory) noexcept {
    heap_release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    heap_release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    heap_release(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    heap_release(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    heap_release(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    heap_release(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
    heap_release(memory);
}
