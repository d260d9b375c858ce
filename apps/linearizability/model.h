// What one key of a memcached server may do: the sequential model that
// histories are checked against.
//
// Cores: any. Blocks, allocates: never. Errors: none.
// Source: memcached's wiki, "BinaryProtocolRevamped" (results of commands).
#ifndef EBBRT_APPS_LINEARIZABILITY_MODEL_H_
#define EBBRT_APPS_LINEARIZABILITY_MODEL_H_

#include <cstdint>
#include <optional>

#include "apps/linearizability/history.h"

namespace ebbrt::linearizability {

// A key's item, as far as is known; a new server has none.
struct ItemState {
  bool present = false;
  uint64_t value = 0;
  // 0: not known, as who stored the item was not told. It becomes known by the
  // first operation that is told.
  uint64_t token = 0;

  friend bool operator==(const ItemState&, const ItemState&) = default;
};

// The state after an operation that takes effect on `state` and has the outcome
// that its client was told, if it was told one. Nothing if it has not, or if it
// would have no effect: an operation of unknown outcome that has none need not
// be looked at.
std::optional<ItemState> Step(const ItemState& state,
                              const Operation& operation);

}  // namespace ebbrt::linearizability

#endif  // EBBRT_APPS_LINEARIZABILITY_MODEL_H_
