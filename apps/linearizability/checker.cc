#include "apps/linearizability/checker.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>

#include "apps/linearizability/model.h"
#include "core/base/random.h"

namespace ebbrt::linearizability {
namespace {

// How many operations of a violation are told.
constexpr size_t kToldMax = 12;

// Which operations have been taken, and what came of it.
struct Place {
  std::vector<uint64_t> taken;
  ItemState state;

  friend bool operator==(const Place&, const Place&) = default;
};

struct PlaceHash {
  size_t operator()(const Place& place) const {
    uint64_t hash = MixBits(place.state.value * 2 + place.state.present) ^
                    place.state.token;
    for (uint64_t word : place.taken) hash = MixBits(hash ^ word);
    return static_cast<size_t>(hash);
  }
};

// The search, over operations in the order in which they were asked for.
class Search {
 public:
  Search(std::vector<Operation> operations, size_t places_max)
      : operations_(std::move(operations)), places_max_(places_max) {
    std::sort(operations_.begin(), operations_.end(),
              [](const Operation& a, const Operation& b) {
                return a.asked < b.asked;
              });
    place_.taken.resize((operations_.size() + 63) / 64);
    best_taken_ = place_.taken;
    for (const Operation& operation : operations_) {
      if (operation.result != Result::kUnknown) ++told_;
    }
  }

  Verdict Run() {
    for (size_t next = 0;;) {
      if (told_taken_ > best_) {
        best_ = told_taken_;
        best_taken_ = place_.taken;
      }
      if (told_taken_ == told_) return Verdict::kLinearizable;
      std::optional<size_t> found = FindNext(next);
      if (found.has_value()) {
        if (seen_.size() > places_max_) return Verdict::kUndecided;
        next = 0;
        continue;
      }
      if (path_.empty()) return Verdict::kViolation;
      next = GoBack() + 1;
    }
  }

  // What the longest order found lacks.
  std::vector<Operation> Stuck() const {
    std::vector<Operation> stuck;
    for (size_t i = 0; i < operations_.size(); ++i) {
      if ((best_taken_[i / 64] >> (i % 64) & 1) == 0) {
        stuck.push_back(operations_[i]);
      }
    }
    return stuck;
  }

 private:
  struct Taken {
    size_t number;
    ItemState before;
  };

  bool IsTaken(size_t number) const {
    return (place_.taken[number / 64] >> (number % 64) & 1) != 0;
  }
  void Flip(size_t number) {
    place_.taken[number / 64] ^= uint64_t{1} << (number % 64);
  }

  // Takes an operation that may be next, from number `from` on, and that leads
  // to where the search has not been. Nothing if there is none.
  std::optional<size_t> FindNext(size_t from) {
    // Whatever is next was asked for before anything else that is left was
    // answered.
    Moment answered = kNever;
    for (size_t i = first_; i < operations_.size(); ++i) {
      if (IsTaken(i)) continue;
      const Operation& operation = operations_[i];
      if (operation.asked > answered) break;
      answered = std::min(answered, operation.answered);
      if (i < from) continue;
      std::optional<ItemState> after = Step(place_.state, operation);
      if (!after.has_value()) continue;
      Flip(i);
      ItemState before = std::exchange(place_.state, *after);
      if (seen_.insert(place_).second) {
        path_.push_back({i, before});
        if (operation.result != Result::kUnknown) ++told_taken_;
        while (first_ < operations_.size() && IsTaken(first_)) ++first_;
        return i;
      }
      place_.state = before;
      Flip(i);
    }
    return std::nullopt;
  }

  // Gives the last operation back; returns its number.
  size_t GoBack() {
    Taken last = path_.back();
    path_.pop_back();
    Flip(last.number);
    place_.state = last.before;
    first_ = std::min(first_, last.number);
    if (operations_[last.number].result != Result::kUnknown) --told_taken_;
    return last.number;
  }

  std::vector<Operation> operations_;
  const size_t places_max_;
  // Invariant: place_ is where path_ leads; all operations before first_ are
  // taken; told_taken_ of the told_ answered ones are.
  Place place_;
  std::vector<Taken> path_;
  size_t first_ = 0;
  size_t told_ = 0;
  size_t told_taken_ = 0;
  std::unordered_set<Place, PlaceHash> seen_;
  size_t best_ = 0;
  std::vector<uint64_t> best_taken_;
};

const char* NameOf(Action action) {
  switch (action) {
    case Action::kGet: return "get";
    case Action::kSet: return "set";
    case Action::kAdd: return "add";
    case Action::kReplace: return "replace";
    case Action::kDelete: return "delete";
    case Action::kIncrement: return "increment";
    case Action::kCompareAndSet: return "compare and set";
  }
  return "";
}

std::string Tell(uint32_t key, Verdict verdict,
                 const std::vector<Operation>& operations) {
  std::string text = "key " + std::to_string(key);
  text += verdict == Verdict::kUndecided
              ? " has more histories than can be searched"
              : " is not linearizable; no order explains these:";
  if (verdict == Verdict::kUndecided) return text;
  for (size_t i = 0; i < std::min(operations.size(), kToldMax); ++i) {
    text += "\n  " + Describe(operations[i]);
  }
  if (operations.size() > kToldMax) {
    text += "\n  and " + std::to_string(operations.size() - kToldMax) + " more";
  }
  return text;
}

// What is wrong with the order of the server's lives; "" if nothing is.
std::string CheckLives(const History& history, size_t& lives) {
  struct Span {
    Moment first_answer = kNever;
    Moment last_asked = 0;  // Of what was answered.
  };
  std::map<uint64_t, Span> spans;
  for (const Operation& operation : history.operations()) {
    Span& span = spans[operation.life];
    if (operation.result == Result::kUnknown) continue;
    span.first_answer = std::min(span.first_answer, operation.answered);
    span.last_asked = std::max(span.last_asked, operation.asked);
  }
  lives = spans.size();
  for (const auto& [life, span] : spans) {
    for (const auto& [other, other_span] : spans) {
      // Each has answered something before the other was asked something that
      // it has answered: neither was over when the other began.
      if (life < other && span.first_answer < other_span.last_asked &&
          other_span.first_answer < span.last_asked) {
        return "two lives of the server, " + std::to_string(life) + " and " +
               std::to_string(other) + ", were there at one time";
      }
    }
  }
  return "";
}

}  // namespace

Verdict CheckKey(std::span<const Operation> operations,
                 std::vector<Operation>* stuck, size_t places_max) {
  Search search({operations.begin(), operations.end()}, places_max);
  Verdict verdict = search.Run();
  if (verdict == Verdict::kViolation) *stuck = search.Stuck();
  return verdict;
}

Judgement Check(const History& history) {
  Judgement judgement;
  judgement.explanation = CheckLives(history, judgement.lives);
  if (!judgement.explanation.empty()) judgement.verdict = Verdict::kViolation;
  std::map<std::pair<uint64_t, uint32_t>, std::vector<Operation>> by_key;
  for (const Operation& operation : history.operations()) {
    by_key[{operation.life, operation.key}].push_back(operation);
  }
  judgement.keys = by_key.size();
  for (const auto& [place, operations] : by_key) {
    if (judgement.verdict != Verdict::kLinearizable) break;
    std::vector<Operation> stuck;
    judgement.verdict = CheckKey(operations, &stuck);
    if (judgement.verdict != Verdict::kLinearizable) {
      judgement.explanation = Tell(place.second, judgement.verdict, stuck);
    }
  }
  return judgement;
}

std::string Describe(const Operation& operation) {
  char text[256];
  int length = std::snprintf(
      text, sizeof(text), "%" PRId64 " ns: client %u: %s",
      operation.asked_at.time_since_epoch().count(), operation.client,
      NameOf(operation.action));
  std::string line(text, static_cast<size_t>(std::max(length, 0)));
  if (operation.action != Action::kGet && operation.action != Action::kDelete) {
    line += " " + std::to_string(operation.argument);
  }
  if (operation.action == Action::kCompareAndSet) {
    line += " over item " + std::to_string(operation.token);
  }
  switch (operation.result) {
    case Result::kUnknown: return line + ": no answer";
    case Result::kNotFound: line += ": not found"; break;
    case Result::kExists: line += ": exists"; break;
    case Result::kDone:
      line += ": done";
      if (operation.action == Action::kGet ||
          operation.action == Action::kIncrement) {
        line += ", " + std::to_string(operation.value);
      }
      if (operation.found_token != 0) {
        line += ", item " + std::to_string(operation.found_token);
      }
  }
  return line + ", at " +
         std::to_string(operation.answered_at.time_since_epoch().count()) +
         " ns";
}

}  // namespace ebbrt::linearizability
