// A move-only callable: what the loop, timers and futures keep.
//
// A callable of up to kInlineBytes that can be moved without throwing is kept
// in the object itself, so that spawning a typical lambda allocates nothing;
// a larger one is kept on the heap. Unlike std::function it takes callables
// that own things (a unique_ptr, a Promise).
//
// Cores: the object belongs to one core at a time. Blocks: no.
// Allocates: only for callables over kInlineBytes. Errors: calling an empty
// one is a failed check.
// Source: paper section 4.5 (the runtime's move-only function).
#ifndef EBBRT_CORE_BASE_UNIQUE_FUNCTION_H_
#define EBBRT_CORE_BASE_UNIQUE_FUNCTION_H_

#include <concepts>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "core/base/check.h"

namespace ebbrt {

template <typename Signature>
class UniqueFunction;

template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  // Five words: a queued event, which is this, a link and a tag, then fills one
  // cache line (core/event/event.h).
  static constexpr size_t kInlineBytes = 5 * sizeof(void*);

  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}  // NOLINT: as with std::function

  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, UniqueFunction> &&
             std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
  UniqueFunction(F&& callable) {  // NOLINT: implicit, as with std::function
    using Callable = std::remove_cvref_t<F>;
    if constexpr (kFits<Callable>) {
      ::new (static_cast<void*>(storage_)) Callable(std::forward<F>(callable));
      operations_ = &kInlineOperations<Callable>;
    } else {
      ::new (static_cast<void*>(storage_))
          Callable*(new Callable(std::forward<F>(callable)));
      operations_ = &kHeapOperations<Callable>;
    }
  }

  UniqueFunction(UniqueFunction&& other) noexcept { TakeFrom(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      Reset();
      TakeFrom(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { Reset(); }

  explicit operator bool() const { return operations_ != nullptr; }

  R operator()(Args... args) {
    EBBRT_CHECK(operations_ != nullptr);
    return operations_->call(storage_, std::forward<Args>(args)...);
  }

  // Destroys the callable.
  void Reset() {
    if (operations_ != nullptr) {
      std::exchange(operations_, nullptr)->destroy(storage_);
    }
  }

 private:
  struct Operations {
    R (*call)(void* storage, Args&&... args);
    // Moves the callable to raw storage and ends its life at the old place.
    void (*relocate)(void* from, void* to) noexcept;
    void (*destroy)(void* storage) noexcept;
  };

  template <typename Callable>
  static constexpr bool kFits = sizeof(Callable) <= kInlineBytes &&
                                alignof(Callable) <= alignof(void*) &&
                                std::is_nothrow_move_constructible_v<Callable>;

  template <typename Callable>
  static constexpr Operations kInlineOperations = {
      [](void* storage, Args&&... args) -> R {
        return static_cast<R>((*static_cast<Callable*>(storage))(
            std::forward<Args>(args)...));
      },
      [](void* from, void* to) noexcept {
        Callable* source = static_cast<Callable*>(from);
        ::new (to) Callable(std::move(*source));
        source->~Callable();
      },
      [](void* storage) noexcept {
        static_cast<Callable*>(storage)->~Callable();
      },
  };

  template <typename Callable>
  static constexpr Operations kHeapOperations = {
      [](void* storage, Args&&... args) -> R {
        return static_cast<R>((**static_cast<Callable**>(storage))(
            std::forward<Args>(args)...));
      },
      [](void* from, void* to) noexcept {
        ::new (to) Callable*(*static_cast<Callable**>(from));
      },
      [](void* storage) noexcept { delete *static_cast<Callable**>(storage); },
  };

  void TakeFrom(UniqueFunction& other) noexcept {
    if (other.operations_ != nullptr) {
      other.operations_->relocate(other.storage_, storage_);
      operations_ = std::exchange(other.operations_, nullptr);
    }
  }

  const Operations* operations_ = nullptr;
  alignas(void*) std::byte storage_[kInlineBytes];
};

}  // namespace ebbrt

#endif  // EBBRT_CORE_BASE_UNIQUE_FUNCTION_H_
