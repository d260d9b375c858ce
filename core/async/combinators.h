// Futures out of futures: all of several, the first of several, a delay, the
// result of a function on another core.
//
// Cores: as Future. Ownership: the arguments are consumed. Blocks: no.
// Allocates: a record a call. Bound: the number of futures given.
// Errors: WhenAll and WhenAny never fail themselves; the outcomes say.
#ifndef EBBRT_CORE_ASYNC_COMBINATORS_H_
#define EBBRT_CORE_ASYNC_COMBINATORS_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/async/future.h"
#include "core/async/outcome.h"
#include "core/base/check.h"
#include "core/base/types.h"
#include "core/event/event_loop.h"
#include "core/event/timer.h"

namespace ebbrt {

// The outcomes of all futures, in their order, once the last is there.
template <typename T>
Future<std::vector<Outcome<T>>> WhenAll(std::vector<Future<T>> futures) {
  struct Gathering {
    Promise<std::vector<Outcome<T>>> promise;
    std::vector<std::optional<Outcome<T>>> outcomes;
    size_t missing;
  };
  auto gathering = std::make_shared<Gathering>();
  gathering->outcomes.resize(futures.size());
  gathering->missing = futures.size();
  auto whole = gathering->promise.GetFuture();
  auto finish = [](Gathering& done) {
    std::vector<Outcome<T>> outcomes;
    outcomes.reserve(done.outcomes.size());
    for (auto& outcome : done.outcomes) {
      outcomes.push_back(*std::move(outcome));
    }
    done.promise.SetOutcome(std::move(outcomes));
  };
  if (futures.empty()) finish(*gathering);
  for (size_t i = 0; i < futures.size(); ++i) {
    static_cast<void>(std::move(futures[i]).Then(
        [gathering, i, finish](Outcome<T> outcome) {
          gathering->outcomes[i].emplace(std::move(outcome));
          if (--gathering->missing == 0) finish(*gathering);
        }));
  }
  return whole;
}

// Which of several came first.
template <typename T>
struct First {
  size_t index;
  Outcome<T> outcome;
};

// The first outcome; those of the others are dropped.
// REQUIRES: at least one future.
template <typename T>
Future<First<T>> WhenAny(std::vector<Future<T>> futures) {
  EBBRT_CHECK(!futures.empty());
  auto promise = std::make_shared<std::optional<Promise<First<T>>>>();
  promise->emplace();
  Future<First<T>> first = (*promise)->GetFuture();
  for (size_t i = 0; i < futures.size(); ++i) {
    static_cast<void>(
        std::move(futures[i]).Then([promise, i](Outcome<T> outcome) {
          if (!promise->has_value()) return;
          Promise<First<T>> winner = *std::move(*promise);
          promise->reset();
          winner.SetOutcome(First<T>{i, std::move(outcome)});
        }));
  }
  return first;
}

// Runs `function` as an event on `core`; the future of what it returns is the
// caller's.
template <typename Function>
auto Async(CoreId core, Function function) {
  using Result = std::invoke_result_t<Function&>;
  using Value = typename internal::Flatten<Result>::Value;
  Promise<Value> promise;
  Future<Value> future = promise.GetFuture();
  SpawnOn(core, [promise = std::move(promise),
                 function = std::move(function)]() mutable {
    internal::KeepWithResult<Value>(std::move(promise), function);
  });
  return future;
}

// Is there after `delay`.
inline Future<void> Delay(Duration delay) {
  // The timer's function keeps the timer: both go when it has fired.
  struct Sleep {
    Promise<void> promise;
    Timer timer;
    Sleep() : timer([this] {
      std::unique_ptr<Sleep> self(this);
      promise.SetValue();
    }) {}
  };
  auto* sleep = new Sleep;
  Future<void> future = sleep->promise.GetFuture();
  sleep->timer.SetAfter(delay);
  return future;
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_ASYNC_COMBINATORS_H_
