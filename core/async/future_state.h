// What a Future and its Promise share.
//
// A state lives on one core, its home: the one that made it. Only the home
// touches it, so nothing here is atomic; a promise that is kept on another
// core sends its outcome home as an event.
//
// Cores: the home. Ownership: counted; the last of future and promise frees
// it. Errors: see future.h.
#ifndef EBBRT_CORE_ASYNC_FUTURE_STATE_H_
#define EBBRT_CORE_ASYNC_FUTURE_STATE_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "core/async/outcome.h"
#include "core/base/check.h"
#include "core/base/types.h"
#include "core/base/unique_function.h"
#include "core/event/event_loop.h"
#include "platform/current.h"

namespace ebbrt::internal {

template <typename T>
class FutureState {
 public:
  using Continuation = UniqueFunction<void(Outcome<T>&&)>;

  FutureState() : home_(Platform::CurrentCore()) {}

  CoreId home() const { return home_; }
  bool at_home() const {
    return Platform::OnCore() && Platform::CurrentCore() == home_;
  }

  bool ready() const { return outcome_.has_value(); }
  Outcome<T> Take() { return *std::exchange(outcome_, std::nullopt); }

  // Runs `continuation` with the outcome, at once if it is there.
  void Attach(Continuation continuation) {
    EBBRT_CHECK(at_home() && !continuation_);
    if (ready()) {
      continuation(Take());
    } else {
      continuation_ = std::move(continuation);
    }
  }

  // Forgets the continuation. REQUIRES: it has not run.
  void Detach() { continuation_.Reset(); }

  void Fulfil(Outcome<T>&& outcome) {
    EBBRT_CHECK(!fulfilled_);
    fulfilled_ = true;
    if (continuation_) {
      // Out of the state first: it may drop the last reference.
      Continuation continuation = std::move(continuation_);
      continuation(std::move(outcome));
    } else {
      outcome_.emplace(std::move(outcome));
    }
  }

  void Ref() { ++references_; }
  void Unref() {
    if (--references_ == 0) delete this;
  }

 private:
  const CoreId home_;
  uint32_t references_ = 1;
  bool fulfilled_ = false;
  std::optional<Outcome<T>> outcome_;
  Continuation continuation_;
};

// A counted reference to a state, held on its home core.
template <typename T>
class StateRef {
 public:
  StateRef() = default;
  // Takes over a reference.
  explicit StateRef(FutureState<T>* state) : state_(state) {}
  StateRef(StateRef&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)) {}
  StateRef& operator=(StateRef&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~StateRef() {
    if (state_ != nullptr) state_->Unref();
  }

  FutureState<T>* get() const { return state_; }
  FutureState<T>* operator->() const { return state_; }
  explicit operator bool() const { return state_ != nullptr; }
  FutureState<T>* Release() { return std::exchange(state_, nullptr); }

 private:
  FutureState<T>* state_ = nullptr;
};

}  // namespace ebbrt::internal

#endif  // EBBRT_CORE_ASYNC_FUTURE_STATE_H_
