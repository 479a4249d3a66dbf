// SPDX-License-Identifier: MIT
// A growable array on the kernel heap, for elements that can be moved.
#pragma once

#include <initializer_list>
#include <memory>
#include <new>
#include <utility>

#include "base/compiler.h"
#include "base/types.h"

namespace ringfence::kernel {

template <typename T>
class Vector {
public:
    Vector() = default;
    Vector(std::initializer_list<T> values) {
        reserve(values.size());
        for (const T& value : values) {
            push_back(value);
        }
    }
    Vector(const Vector& other) {
        reserve(other.size_);
        for (const T& value : other) {
            push_back(value);
        }
    }
    Vector(Vector&& other) noexcept { swap(other); }
    Vector& operator=(Vector other) noexcept {
        swap(other);
        return *this;
    }
    ~Vector() {
        clear();
        ::operator delete(data_);
    }

    [[nodiscard]] usize size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] T* data() { return data_; }
    [[nodiscard]] const T* data() const { return data_; }
    T& operator[](usize index) {
        RF_ASSERT(index < size_);
        return data_[index];
    }
    const T& operator[](usize index) const {
        RF_ASSERT(index < size_);
        return data_[index];
    }
    T& back() { return (*this)[size_ - 1]; }
    const T& back() const { return (*this)[size_ - 1]; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }
    const T* begin() const { return data_; }
    const T* end() const { return data_ + size_; }

    void push_back(T value) {
        if (size_ == capacity_) {
            reserve(capacity_ == 0 ? 4 : capacity_ * 2);
        }
        std::construct_at(data_ + size_, std::move(value));
        ++size_;
    }
    /// Puts `value` before the element at `index`, or at the end.
    void insert(usize index, T value) {
        RF_ASSERT(index <= size_);
        if (index == size_) {
            push_back(std::move(value));
            return;
        }
        push_back(std::move(back()));
        for (usize i = size_ - 2; i > index; --i) {
            data_[i] = std::move(data_[i - 1]);
        }
        data_[index] = std::move(value);
    }
    void erase(usize index) { erase(index, 1); }
    void erase(usize index, usize count) {
        RF_ASSERT(index + count <= size_);
        for (usize i = index; i + count < size_; ++i) {
            data_[i] = std::move(data_[i + count]);
        }
        shrink(size_ - count);
    }
    void pop_back() { shrink(size_ - 1); }
    /// Grows with default values, or destroys what is beyond `size`.
    void resize(usize size) {
        if (size > capacity_) {
            reserve(size > capacity_ * 2 ? size : capacity_ * 2);
        }
        while (size_ < size) {
            std::construct_at(data_ + size_);
            ++size_;
        }
        shrink(size);
    }
    void clear() { shrink(0); }
    void reserve(usize capacity) {
        if (capacity <= capacity_) {
            return;
        }
        move_to(static_cast<T*>(::operator new(capacity * sizeof(T))), capacity);
    }
    /// The same for sizes that a program chooses: false, and nothing is changed, if there is no
    /// memory.
    [[nodiscard]] bool try_reserve(usize capacity) {
        if (capacity <= capacity_) {
            return true;
        }
        void* const memory = ::operator new(capacity * sizeof(T), std::nothrow);
        if (memory != nullptr) {
            move_to(static_cast<T*>(memory), capacity);
        }
        return memory != nullptr;
    }
    /// Room for `more` elements beyond those that are there, without growing often.
    [[nodiscard]] bool try_make_room(usize more) {
        return size_ + more <= capacity_ ||
               try_reserve(size_ + more > capacity_ * 2 ? size_ + more : capacity_ * 2);
    }
    void swap(Vector& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

private:
    void move_to(T* grown, usize capacity) {
        for (usize i = 0; i < size_; ++i) {
            std::construct_at(grown + i, std::move(data_[i]));
            std::destroy_at(data_ + i);
        }
        ::operator delete(data_);
        data_ = grown;
        capacity_ = capacity;
    }
    void shrink(usize size) {
        RF_ASSERT(size <= size_);
        while (size_ > size) {
            --size_;
            std::destroy_at(data_ + size_);
        }
    }

    T* data_ = nullptr;
    usize size_ = 0;
    usize capacity_ = 0;
};

}  // namespace ringfence::kernel
