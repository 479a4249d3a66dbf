// SPDX-License-Identifier: MIT
// Shared ownership by a count inside the object. One CPU and no preemption inside the kernel, so
// the count is an ordinary integer.
#pragma once

#include <utility>

#include "base/compiler.h"
#include "base/types.h"

namespace ringfence::kernel {

/// Base of an object that several owners share; it is deleted with its last Ref.
class RefCounted {
public:
    RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;
    virtual ~RefCounted() { RF_ASSERT(references_ == 0); }

    void acquire() const { ++references_; }
    void release() const {
        RF_ASSERT(references_ > 0);
        if (--references_ == 0) {
            dispose();
        }
    }
    [[nodiscard]] u32 references() const { return references_; }

protected:
    /// What happens when the last owner is gone. Kinds that others watch tell them first, while the
    /// object is still whole.
    virtual void dispose() const { delete this; }

private:
    mutable u32 references_ = 0;
};

/// An owner of a RefCounted object, or of none.
template <typename T>
class Ref {
public:
    Ref() = default;
    Ref(std::nullptr_t) {}                           // NOLINT(google-explicit-constructor)
    Ref(T* object) : object_(object) { acquire(); }  // NOLINT(google-explicit-constructor)
    Ref(const Ref& other) : object_(other.object_) { acquire(); }
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    template <typename Derived>
        requires std::convertible_to<Derived*, T*>
    Ref(const Ref<Derived>& other) : Ref(other.get()) {}  // NOLINT(google-explicit-constructor)
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() {
        if (object_ != nullptr) {
            object_->release();
        }
    }

    [[nodiscard]] T* get() const { return object_; }
    T* operator->() const {
        RF_ASSERT(object_ != nullptr);
        return object_;
    }
    T& operator*() const {
        RF_ASSERT(object_ != nullptr);
        return *object_;
    }
    explicit operator bool() const { return object_ != nullptr; }
    friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }
    friend bool operator==(const Ref& a, const T* b) { return a.object_ == b; }

private:
    void acquire() const {
        if (object_ != nullptr) {
            object_->acquire();
        }
    }

    T* object_ = nullptr;
};

template <typename T, typename... Arguments>
[[nodiscard]] Ref<T> make_ref(Arguments&&... arguments) {
    return Ref<T>(new T(std::forward<Arguments>(arguments)...));
}

}  // namespace ringfence::kernel
