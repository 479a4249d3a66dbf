// SPDX-License-Identifier: MIT
// A doubly linked list through hooks inside its elements: no allocation, removal from anywhere.
#pragma once

#include "base/compiler.h"

namespace ringfence::kernel {

template <typename T>
class ListHook;
template <typename T, ListHook<T> T::* Hook>
class IntrusiveList;

/// Membership in one list. An element must be out of the list before it dies.
template <typename T>
class ListHook {
public:
    explicit ListHook(T* owner) : owner_(owner) {}
    ListHook(const ListHook&) = delete;
    ListHook& operator=(const ListHook&) = delete;
    ~ListHook() { RF_ASSERT(!linked()); }

    [[nodiscard]] bool linked() const { return next_ != nullptr; }
    [[nodiscard]] T* owner() const { return owner_; }
    void unlink() {
        if (linked()) {
            previous_->next_ = next_;
            next_->previous_ = previous_;
            next_ = previous_ = nullptr;
        }
    }

private:
    template <typename U, ListHook<U> U::* Hook>
    friend class IntrusiveList;

    T* owner_;
    ListHook* next_ = nullptr;
    ListHook* previous_ = nullptr;
};

template <typename T, ListHook<T> T::* Hook>
class IntrusiveList {
public:
    IntrusiveList() { head_.next_ = head_.previous_ = &head_; }
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;
    ~IntrusiveList() {
        RF_ASSERT(empty());
        head_.next_ = head_.previous_ = nullptr;
    }

    [[nodiscard]] bool empty() const { return head_.next_ == &head_; }
    [[nodiscard]] T* front() const { return head_.next_->owner_; }  ///< null if empty
    void push_back(T& element) { insert_before(&head_, element.*Hook); }
    void push_front(T& element) { insert_before(head_.next_, element.*Hook); }
    /// Puts `element` before `position`, which is in this list.
    void insert_before(T& position, T& element) { insert_before(&(position.*Hook), element.*Hook); }
    T* pop_front() {
        T* first = front();
        if (first != nullptr) {
            (first->*Hook).unlink();
        }
        return first;
    }

    /// Iteration; the current element may be unlinked meanwhile, others may not.
    class Iterator {
    public:
        explicit Iterator(const ListHook<T>* at) : at_(at), next_(at->next_) {}
        T& operator*() const { return *at_->owner_; }
        Iterator& operator++() {
            at_ = next_;
            next_ = at_->next_;
            return *this;
        }
        bool operator==(const Iterator& other) const { return at_ == other.at_; }

    private:
        const ListHook<T>* at_;
        const ListHook<T>* next_;
    };
    [[nodiscard]] Iterator begin() const { return Iterator(head_.next_); }
    [[nodiscard]] Iterator end() const { return Iterator(&head_); }

private:
    static void insert_before(ListHook<T>* position, ListHook<T>& hook) {
        RF_ASSERT(!hook.linked());
        hook.next_ = position;
        hook.previous_ = position->previous_;
        position->previous_->next_ = &hook;
        position->previous_ = &hook;
    }

    ListHook<T> head_{nullptr};
};

}  // namespace ringfence::kernel
