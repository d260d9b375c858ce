// What several clients did to some keys of a server, and what they were told.
//
// The clients share one History, which numbers everything that begins or ends:
// so of two operations it is known whether one had been answered before the
// other was asked for, whatever any clock says.
//
// Cores: one. Ownership: of its operations. Allocates: an entry an operation.
// Bound: whoever adds; kOperationsMax.
// Source: Herlihy, Wing, "Linearizability: a correctness condition for
// concurrent objects", 1990.
#ifndef EBBRT_APPS_LINEARIZABILITY_HISTORY_H_
#define EBBRT_APPS_LINEARIZABILITY_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/base/check.h"
#include "core/base/types.h"

namespace ebbrt::linearizability {

enum class Action : uint8_t {
  kGet,
  kSet,
  kAdd,      // If the key has no item.
  kReplace,  // If it has.
  kDelete,
  kIncrement,
  kCompareAndSet,  // If the item is the one that has the token.
};
inline constexpr size_t kActions = 7;

enum class Result : uint8_t {
  kUnknown,   // No answer came: it may have been done, or may be done yet.
  kDone,
  kNotFound,  // The key has no item.
  kExists,    // It has one, or another one than that of the token.
};

// When something begins or ends, among all that does.
using Moment = uint64_t;
inline constexpr Moment kNever = std::numeric_limits<Moment>::max();

struct Operation {
  Action action = Action::kGet;
  uint32_t key = 0;
  // Which life of the server it was sent to: what is stored ends with it.
  uint64_t life = 0;
  uint32_t client = 0;
  // What is to be stored, or by how much to increment.
  uint64_t argument = 0;
  // Of kCompareAndSet: of the item that is to be replaced.
  uint64_t token = 0;

  Result result = Result::kUnknown;
  // With kDone: what was found, or what the increment came to.
  uint64_t value = 0;
  // With kDone: of the item that was found or stored; of kDelete none.
  uint64_t found_token = 0;

  Moment asked = 0;
  Moment answered = kNever;
  // The client's clock, for messages only.
  Time asked_at{};
  Time answered_at{};
};

class History {
 public:
  static constexpr size_t kOperationsMax = size_t{1} << 24;

  // Begins an operation; returns its number.
  size_t Ask(Operation operation) {
    EBBRT_CHECK(operations_.size() < kOperationsMax);
    operation.asked = ++moment_;
    operations_.push_back(operation);
    return operations_.size() - 1;
  }
  // It has been answered. What is never answered stays kUnknown.
  Operation& Answer(size_t number, Result result) {
    Operation& operation = operations_[number];
    EBBRT_CHECK(operation.result == Result::kUnknown);
    operation.result = result;
    operation.answered = ++moment_;
    return operation;
  }

  const std::vector<Operation>& operations() const { return operations_; }

 private:
  std::vector<Operation> operations_;
  Moment moment_ = 0;
};

}  // namespace ebbrt::linearizability

#endif  // EBBRT_APPS_LINEARIZABILITY_HISTORY_H_
