// Futures: values that are there later.
//
//   Future<Address> address = arp->Resolve(ip);
//   address.Then([](Address a) { return Send(a); })     // Future<void>
//          .Then([](absl::Status s) { if (!s.ok()) Log(s); });
//   absl::StatusOr<Address> a = arp->Resolve(ip).Block();        // blocks
//   absl::StatusOr<Address> b = co_await arp->Resolve(ip);       // coroutine
//
// An outcome is a value or a status (Outcome<T>). A failure passes by every
// continuation that takes only a value, to the first that takes an outcome; a
// future that is dropped, failed or not, is dropped in silence. A promise that
// is dropped unkept fails its future with kCancelled. An exception thrown by a
// continuation or a coroutine becomes a status.
//
// Cores: a future belongs to the core that made it (with its promise), and its
// continuations run there. The promise may be moved to any core and kept there.
// Ownership: move-only; a future and its promise own their state together.
// Blocks: only Block. Allocates: a state for each future.
// Errors: kCancelled as said; kResourceExhausted from Block where there is no
// memory for a stack.
// Source: paper section 4.5.
#ifndef EBBRT_CORE_ASYNC_FUTURE_H_
#define EBBRT_CORE_ASYNC_FUTURE_H_

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

#include "core/async/future_state.h"
#include "core/async/outcome.h"
#include "core/base/check.h"
#include "core/event/event_loop.h"

namespace ebbrt {

template <typename T>
class Future;
template <typename T>
class Promise;

namespace internal {

// Future<R> for what a continuation may return: R, an outcome of R, Future<R>.
template <typename R>
struct Flatten {
  using Value = R;
};
template <typename R>
struct Flatten<Future<R>> {
  using Value = R;
};
template <typename R>
struct Flatten<absl::StatusOr<R>> {
  using Value = R;
};
template <>
struct Flatten<absl::Status> {
  using Value = void;
};

// Calls `function` and keeps `promise` with what it returns.
template <typename R, typename Function, typename... Args>
void KeepWithResult(Promise<R> promise, Function& function, Args&&... args);

// A continuation takes either the outcome or the value.
template <typename Function, typename T>
inline constexpr bool kTakesOutcome =
    std::is_invocable_v<Function&, Outcome<T>&&>;

template <typename Function, typename T>
struct ContinuationResult {
  using Type = std::invoke_result_t<Function&, T&&>;
};
template <typename Function, typename T>
  requires kTakesOutcome<Function, T>
struct ContinuationResult<Function, T> {
  using Type = std::invoke_result_t<Function&, Outcome<T>&&>;
};
template <typename Function>
  requires(!kTakesOutcome<Function, void>)
struct ContinuationResult<Function, void> {
  using Type = std::invoke_result_t<Function&>;
};

template <typename T>
struct FutureAwaiter;
template <typename T>
class CoroutinePromise;

}  // namespace internal

template <typename T>
class [[nodiscard]] Future {
 public:
  using Value = T;
  using promise_type = internal::CoroutinePromise<T>;

  // A future that is no future: valid() is false.
  Future() = default;
  Future(Future&&) noexcept = default;
  Future& operator=(Future&&) noexcept = default;

  bool valid() const { return static_cast<bool>(state_); }
  // Whether the outcome is there. REQUIRES: valid().
  bool ready() const { return state_->ready(); }

  // Runs `function` once the outcome is there: at once if it is there already,
  // else in the event that brings it. The function takes T (nothing for void),
  // or Outcome<T>. Returns the future of what it returns, flattened.
  // REQUIRES: valid(); afterwards it is not.
  template <typename Function>
  auto Then(Function function) {
    using Result =
        typename internal::ContinuationResult<Function, T>::Type;
    using Value = typename internal::Flatten<Result>::Value;
    Promise<Value> promise;
    Future<Value> future = promise.GetFuture();
    TakeState()->Attach([promise = std::move(promise),
                         function = std::move(function)](
                            Outcome<T>&& outcome) mutable {
      if constexpr (internal::kTakesOutcome<Function, T>) {
        internal::KeepWithResult<Value>(std::move(promise), function,
                                        std::move(outcome));
      } else if (!outcome.ok()) {
        promise.SetOutcome(StatusOf(outcome));
      } else if constexpr (std::is_void_v<T>) {
        internal::KeepWithResult<Value>(std::move(promise), function);
      } else {
        internal::KeepWithResult<Value>(std::move(promise), function,
                                        *std::move(outcome));
      }
    });
    return future;
  }

  // Gives the core back until the outcome is there, and returns it.
  // REQUIRES: valid(); afterwards it is not.
  Outcome<T> Block() {
    internal::StateRef<T> state = TakeState();
    if (state->ready()) return state->Take();
    EventContext context;
    std::optional<Outcome<T>> outcome;
    state->Attach([&](Outcome<T>&& kept) {
      outcome.emplace(std::move(kept));
      ActivateContext(context);
    });
    if (!SaveContext(context)) {
      state->Detach();
      return absl::ResourceExhaustedError("no memory for a stack to block on");
    }
    return *std::move(outcome);
  }

  // Keeps `promise` with the outcome, once it is there.
  // REQUIRES: valid(); afterwards it is not.
  void Forward(Promise<T> promise) {
    TakeState()->Attach(
        [promise = std::move(promise)](Outcome<T>&& outcome) mutable {
          promise.SetOutcome(std::move(outcome));
        });
  }

 private:
  template <typename>
  friend class Promise;
  friend struct internal::FutureAwaiter<T>;

  explicit Future(internal::FutureState<T>* state) : state_(state) {}

  internal::StateRef<T> TakeState() {
    EBBRT_CHECK(valid());
    return std::move(state_);
  }

  internal::StateRef<T> state_;
};

template <typename T>
class Promise {
 public:
  Promise() : state_(new internal::FutureState<T>) {}
  Promise(Promise&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)),
        future_taken_(other.future_taken_) {}
  Promise& operator=(Promise&& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(future_taken_, other.future_taken_);
    return *this;
  }
  ~Promise() {
    if (state_ != nullptr) {
      SetOutcome(absl::CancelledError("the promise was dropped"));
    }
  }

  // REQUIRES: called once, on the core that made the promise.
  Future<T> GetFuture() {
    EBBRT_CHECK(!std::exchange(future_taken_, true));
    state_->Ref();
    return Future<T>(state_);
  }

  // Keeps the promise. Each may be called once, on any core.
  template <typename... Args>
  void SetValue(Args&&... args) {
    if constexpr (std::is_void_v<T>) {
      SetOutcome(absl::OkStatus());
    } else {
      SetOutcome(T(std::forward<Args>(args)...));
    }
  }
  void SetOutcome(Outcome<T> outcome) {
    EBBRT_CHECK(state_ != nullptr);
    internal::FutureState<T>* state = std::exchange(state_, nullptr);
    if (state->at_home()) {
      state->Fulfil(std::move(outcome));
      state->Unref();
      return;
    }
    SpawnOn(state->home(), [state = internal::StateRef<T>(state),
                            outcome = std::move(outcome)]() mutable {
      state->Fulfil(std::move(outcome));
    });
  }

 private:
  internal::FutureState<T>* state_;
  bool future_taken_ = false;
};

// A future that is there already.
template <typename T>
Future<T> ReadyFuture(Outcome<T> outcome) {
  Promise<T> promise;
  Future<T> future = promise.GetFuture();
  promise.SetOutcome(std::move(outcome));
  return future;
}

namespace internal {

template <typename R, typename Function, typename... Args>
void KeepWithResult(Promise<R> promise, Function& function, Args&&... args) {
  using Result = std::invoke_result_t<Function&, Args&&...>;
  std::optional<absl::Status> thrown;
  try {
    if constexpr (std::is_void_v<Result>) {
      function(std::forward<Args>(args)...);
      promise.SetValue();
    } else if constexpr (std::is_same_v<Result, Future<R>>) {
      function(std::forward<Args>(args)...).Forward(std::move(promise));
    } else {
      promise.SetOutcome(function(std::forward<Args>(args)...));
    }
  } catch (...) {
    thrown = StatusOfCurrentException();
  }
  if (thrown.has_value()) promise.SetOutcome(*std::move(thrown));
}

// co_await future: yields its outcome.
template <typename T>
struct FutureAwaiter {
  explicit FutureAwaiter(Future<T>&& future) : state(future.TakeState()) {}

  bool await_ready() const { return state->ready(); }
  void await_suspend(std::coroutine_handle<> handle) {
    state->Attach([this, handle](Outcome<T>&& kept) {
      outcome.emplace(std::move(kept));
      handle.resume();
    });
  }
  Outcome<T> await_resume() {
    return outcome.has_value() ? *std::move(outcome) : state->Take();
  }

  StateRef<T> state;
  std::optional<Outcome<T>> outcome;
};

// Makes Future<T> the return type of coroutines. A coroutine starts at once
// and frees itself when it ends; it goes on on its own core.
template <typename T>
class CoroutinePromiseBase {
 public:
  Future<T> get_return_object() { return promise_.GetFuture(); }
  std::suspend_never initial_suspend() noexcept { return {}; }
  std::suspend_never final_suspend() noexcept { return {}; }
  void unhandled_exception() {
    promise_.SetOutcome(StatusOfCurrentException());
  }

 protected:
  Promise<T> promise_;
};

template <typename T>
class CoroutinePromise : public CoroutinePromiseBase<T> {
 public:
  void return_value(Outcome<T> outcome) {
    this->promise_.SetOutcome(std::move(outcome));
  }
};

// `co_return status;` in a coroutine without a value.
template <>
class CoroutinePromise<void> : public CoroutinePromiseBase<void> {
 public:
  void return_value(absl::Status outcome) {
    promise_.SetOutcome(std::move(outcome));
  }
};

}  // namespace internal

template <typename T>
internal::FutureAwaiter<T> operator co_await(Future<T>&& future) {
  return internal::FutureAwaiter<T>(std::move(future));
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_ASYNC_FUTURE_H_
