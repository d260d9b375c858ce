// Linked structures whose links stand in the elements.
//
// IntrusiveQueue: first in, first out, singly linked; one core.
// IntrusiveList: doubly linked, an element takes itself out in O(1); one core.
// MpscStack: any core pushes, one core takes everything; lock-free.
//
// Cores: as said of each. Ownership: the structures own nothing; an element
// outlives its membership. Blocks, allocates: never. Bound: the caller's.
#ifndef EBBRT_CORE_BASE_INTRUSIVE_QUEUE_H_
#define EBBRT_CORE_BASE_INTRUSIVE_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <utility>

#include "core/base/check.h"

namespace ebbrt {

// Elements derive from QueueLink<T>. T differs where an element is in several
// queues at once.
template <typename T>
struct QueueLink {
  T* next = nullptr;
};

template <typename T>
class IntrusiveQueue {
 public:
  IntrusiveQueue() = default;
  IntrusiveQueue(const IntrusiveQueue&) = delete;
  IntrusiveQueue& operator=(const IntrusiveQueue&) = delete;
  IntrusiveQueue(IntrusiveQueue&& other) noexcept { *this = std::move(other); }
  IntrusiveQueue& operator=(IntrusiveQueue&& other) noexcept {
    head_ = std::exchange(other.head_, nullptr);
    tail_ = std::exchange(other.tail_, nullptr);
    return *this;
  }

  bool empty() const { return head_ == nullptr; }
  T* front() { return head_; }
  const T* front() const { return head_; }

  void PushBack(T* element) {
    element->QueueLink<T>::next = nullptr;
    if (head_ == nullptr) {
      head_ = element;
    } else {
      tail_->QueueLink<T>::next = element;
    }
    tail_ = element;
  }

  void PushFront(T* element) {
    element->QueueLink<T>::next = head_;
    if (head_ == nullptr) tail_ = element;
    head_ = element;
  }

  // Takes all elements of `other`, behind those that are here.
  void Append(IntrusiveQueue&& other) {
    if (other.empty()) return;
    if (head_ == nullptr) {
      head_ = other.head_;
    } else {
      tail_->QueueLink<T>::next = other.head_;
    }
    tail_ = other.tail_;
    other.head_ = other.tail_ = nullptr;
  }

  // The oldest element, taken out; null if empty.
  T* PopFront() {
    T* element = head_;
    if (element != nullptr) head_ = element->QueueLink<T>::next;
    return element;
  }

 private:
  T* head_ = nullptr;
  T* tail_ = nullptr;  // Meaningful only while head_ is not null.
};

// Elements derive from ListLink.
class ListLink {
 public:
  ListLink() = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;
  ~ListLink() { EBBRT_DCHECK(!linked()); }

  bool linked() const { return next_ != nullptr; }

  // Takes this element out of its list. REQUIRES: linked().
  void Unlink() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename T>
  friend class IntrusiveList;

  ListLink* next_ = nullptr;
  ListLink* previous_ = nullptr;
};

template <typename T>
class IntrusiveList {
 public:
  IntrusiveList() { head_.next_ = head_.previous_ = &head_; }
  ~IntrusiveList() {
    EBBRT_DCHECK(empty());
    head_.next_ = head_.previous_ = nullptr;
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return head_.next_ == &head_; }
  T* front() { return empty() ? nullptr : static_cast<T*>(head_.next_); }
  T* back() { return empty() ? nullptr : static_cast<T*>(head_.previous_); }

  void PushBack(T* element) { InsertBefore(&head_, element); }
  void PushFront(T* element) { InsertBefore(head_.next_, element); }
  // REQUIRES: `before` is in this list.
  void InsertAfter(T* before, T* element) {
    InsertBefore(static_cast<ListLink*>(before)->next_, element);
  }

  // Null if empty.
  T* PopFront() {
    T* element = front();
    if (element != nullptr) static_cast<ListLink*>(element)->Unlink();
    return element;
  }

  // The element after `element`; null at the end.
  T* Next(T* element) {
    ListLink* next = static_cast<ListLink*>(element)->next_;
    return next == &head_ ? nullptr : static_cast<T*>(next);
  }
  // The element before `element`; null at the beginning.
  T* Previous(T* element) {
    ListLink* previous = static_cast<ListLink*>(element)->previous_;
    return previous == &head_ ? nullptr : static_cast<T*>(previous);
  }

 private:
  static void InsertBefore(ListLink* position, T* element) {
    ListLink* link = element;
    EBBRT_DCHECK(!link->linked());
    link->next_ = position;
    link->previous_ = position->previous_;
    position->previous_->next_ = link;
    position->previous_ = link;
  }

  ListLink head_;
};

// Many cores push, one takes all.
template <typename T>
class MpscStack {
 public:
  // Adds an element. Returns whether the stack was empty, that is, whether the
  // consumer may have to be told. Any core, any thread.
  bool Push(T* element) {
    T* head = head_.load(std::memory_order_relaxed);
    do {
      element->QueueLink<T>::next = head;
      // Release: the consumer sees what was written to the element.
    } while (!head_.compare_exchange_weak(
        head, element, std::memory_order_release, std::memory_order_relaxed));
    return head == nullptr;
  }

  // All elements, oldest first. Consumer only.
  IntrusiveQueue<T> TakeAll() {
    // Acquire: pairs with Push.
    T* element = head_.exchange(nullptr, std::memory_order_acquire);
    IntrusiveQueue<T> in_order;
    while (element != nullptr) {
      T* next = element->QueueLink<T>::next;
      in_order.PushFront(element);
      element = next;
    }
    return in_order;
  }

  // A hint unless it is the consumer that asks.
  bool empty() const {
    return head_.load(std::memory_order_relaxed) == nullptr;
  }

 private:
  std::atomic<T*> head_{nullptr};
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_BASE_INTRUSIVE_QUEUE_H_
