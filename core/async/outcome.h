// What an asynchronous computation ends in: a value or a failure.
//
// Cores: any. Blocks, allocates: never. Errors: a status.
#ifndef EBBRT_CORE_ASYNC_OUTCOME_H_
#define EBBRT_CORE_ASYNC_OUTCOME_H_

#include <exception>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ebbrt {

// absl::StatusOr<T>; absl::Status where there is no value.
template <typename T>
struct OutcomeOf {
  using Type = absl::StatusOr<T>;
};
template <>
struct OutcomeOf<void> {
  using Type = absl::Status;
};
template <typename T>
using Outcome = typename OutcomeOf<T>::Type;

// The status in an outcome of either form.
inline const absl::Status& StatusOf(const absl::Status& outcome) {
  return outcome;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& outcome) {
  return outcome.status();
}

// The exception in flight as a status: libraries that throw may be called from
// continuations and coroutines. REQUIRES: called in a catch block.
inline absl::Status StatusOfCurrentException() {
  try {
    throw;
  } catch (const std::exception& exception) {
    return absl::UnknownError(exception.what());
  } catch (...) {
    return absl::UnknownError("an exception of unknown type");
  }
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_ASYNC_OUTCOME_H_
