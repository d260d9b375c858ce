#include "apps/linearizability/model.h"

namespace ebbrt::linearizability {
namespace {

// Whether the state's item may be the one of the token.
bool MayBe(const ItemState& state, uint64_t token) {
  return state.present && (state.token == 0 || state.token == token);
}

ItemState Stored(const Operation& operation) {
  return {true, operation.argument, operation.found_token};
}

// Of an answer that says that nothing was changed.
bool Refuses(const ItemState& state, const Operation& operation) {
  if (operation.result == Result::kNotFound) {
    return !state.present && operation.action != Action::kSet &&
           operation.action != Action::kAdd;
  }
  switch (operation.action) {
    case Action::kAdd:
      return state.present;
    case Action::kCompareAndSet:
      return state.present && state.token != operation.token;
    default:
      return false;
  }
}

}  // namespace

std::optional<ItemState> Step(const ItemState& state,
                              const Operation& operation) {
  const bool told = operation.result != Result::kUnknown;
  if (told && operation.result != Result::kDone) {
    if (!Refuses(state, operation)) return std::nullopt;
    return state;
  }
  switch (operation.action) {
    case Action::kGet:
      if (!told || !MayBe(state, operation.found_token) ||
          state.value != operation.value) {
        return std::nullopt;
      }
      return ItemState{true, state.value, operation.found_token};
    case Action::kSet:
      return Stored(operation);
    case Action::kAdd:
      if (state.present) return std::nullopt;
      return Stored(operation);
    case Action::kReplace:
      if (!state.present) return std::nullopt;
      return Stored(operation);
    case Action::kDelete:
      if (!state.present) return std::nullopt;
      return ItemState{};
    case Action::kIncrement: {
      if (!state.present) return std::nullopt;
      uint64_t sum = state.value + operation.argument;
      if (told && sum != operation.value) return std::nullopt;
      return ItemState{true, sum, operation.found_token};
    }
    case Action::kCompareAndSet:
      if (!MayBe(state, operation.token)) return std::nullopt;
      return Stored(operation);
  }
  return std::nullopt;
}

}  // namespace ebbrt::linearizability
