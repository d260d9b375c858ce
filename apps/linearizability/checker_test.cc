// The checker, on histories that are right by construction, on ones that are
// not, and on small ones of which every order can be tried.
#include "apps/linearizability/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "apps/linearizability/model.h"
#include "core/base/random.h"
#include "core/testing/seed.h"

namespace ebbrt::linearizability {
namespace {

using ::testing::HasSubstr;

// Histories a test; each test has twenty seeds more in virtual time.
constexpr int kHistories = 500;

// A key of a server, which does what it is asked.
class Machine {
 public:
  // Does the operation, and fills in its answer but for the moment.
  void Do(Operation& operation) {
    operation.result = Result::kDone;
    switch (operation.action) {
      case Action::kGet:
      case Action::kDelete:
      case Action::kReplace:
      case Action::kIncrement:
        if (!present_) operation.result = Result::kNotFound;
        break;
      case Action::kAdd:
        if (present_) operation.result = Result::kExists;
        break;
      case Action::kCompareAndSet:
        if (!present_) {
          operation.result = Result::kNotFound;
        } else if (token_ != operation.token) {
          operation.result = Result::kExists;
        }
        break;
      case Action::kSet:
        break;
    }
    if (operation.result == Result::kDone) Change(operation);
  }

  uint64_t token() const { return token_; }

 private:
  void Change(Operation& operation) {
    switch (operation.action) {
      case Action::kGet:
        operation.value = value_;
        break;
      case Action::kDelete:
        present_ = false;
        return;
      case Action::kIncrement:
        value_ += operation.argument;
        operation.value = value_;
        token_ = ++tokens_;
        break;
      default:
        value_ = operation.argument;
        token_ = ++tokens_;
    }
    present_ = true;
    operation.found_token = token_;
  }

  bool present_ = false;
  uint64_t value_ = 0;
  uint64_t token_ = 0;
  uint64_t tokens_ = 100;
};

// What clients see of a machine: an operation is asked for, takes effect later
// and is answered later still, and in between so do the others'. Of some no
// answer comes; of those some never take effect, and some do long afterwards.
std::vector<Operation> MakeHistory(Random& random, size_t clients,
                                   size_t operation_count) {
  struct UnderWay {
    Operation operation;
    bool done = false;
    bool lost = false;  // No answer will come.
  };
  Machine machine;
  Moment moment = 0;
  std::vector<std::optional<UnderWay>> by_client(clients);
  std::vector<Operation> late;  // Lost, and still to take effect.
  std::vector<Operation> history;
  size_t asked = 0;
  auto is_idle = [&] {
    return std::none_of(by_client.begin(), by_client.end(),
                        [](const auto& one) { return one.has_value(); });
  };
  while (asked < operation_count || !is_idle()) {
    if (!late.empty() && random.Chance(0.05)) {
      Operation forgotten = late.back();
      late.pop_back();
      machine.Do(forgotten);
    }
    size_t client = random.Below(clients);
    std::optional<UnderWay>& mine = by_client[client];
    if (!mine.has_value()) {
      if (asked == operation_count) continue;
      ++asked;
      Operation operation;
      operation.action = static_cast<Action>(random.Below(kActions));
      operation.client = static_cast<uint32_t>(client);
      operation.argument = asked * 1000;
      if (operation.action == Action::kIncrement) operation.argument = 1;
      // Now the item's, now that of one before. 0 is no item's.
      operation.token = std::max<uint64_t>(
          1, machine.token() - std::min(machine.token(), random.Below(2)));
      operation.asked = ++moment;
      mine.emplace(UnderWay{operation, false, random.Chance(0.05)});
    } else if (!mine->done) {
      mine->done = true;
      // A lost one may take effect in its time, later, or never.
      if (mine->lost && random.Chance(0.5)) {
        if (random.Chance(0.5)) late.push_back(mine->operation);
        continue;
      }
      machine.Do(mine->operation);
    } else {
      Operation operation = mine->operation;
      if (mine->lost) {
        operation.result = Result::kUnknown;
        operation.value = operation.found_token = 0;
      } else {
        operation.answered = ++moment;
      }
      history.push_back(operation);
      mine.reset();
    }
  }
  return history;
}

Verdict Judge(const std::vector<Operation>& history) {
  std::vector<Operation> stuck;
  return CheckKey(history, &stuck);
}

// Whether some order of all that was answered, and of any of the others,
// explains the history: by trying every one.
bool HasOrder(const std::vector<Operation>& history, std::vector<bool>& taken,
              const ItemState& state) {
  bool all = true;
  for (size_t i = 0; i < history.size(); ++i) {
    all = all && (taken[i] || history[i].result == Result::kUnknown);
  }
  if (all) return true;
  for (size_t i = 0; i < history.size(); ++i) {
    if (taken[i]) continue;
    bool is_next = true;
    for (size_t j = 0; j < history.size(); ++j) {
      if (!taken[j] && history[j].answered < history[i].asked) is_next = false;
    }
    std::optional<ItemState> after =
        is_next ? Step(state, history[i]) : std::nullopt;
    if (!after.has_value()) continue;
    taken[i] = true;
    if (HasOrder(history, taken, *after)) return true;
    taken[i] = false;
  }
  return false;
}

Operation Done(Action action, uint64_t argument, Moment asked, Moment answered,
               uint64_t value = 0, uint64_t found_token = 0) {
  Operation operation;
  operation.action = action;
  operation.argument = argument;
  operation.result = Result::kDone;
  operation.value = value;
  operation.found_token = found_token;
  operation.asked = asked;
  operation.answered = answered;
  return operation;
}

Operation Lost(Action action, uint64_t argument, Moment asked) {
  Operation operation;
  operation.action = action;
  operation.argument = argument;
  operation.asked = asked;
  return operation;
}

TEST(Checker, AcceptsWhateverAnItemDoes) {
  for (int i = 0; i < kHistories; ++i) {
    Random random(testing::Seed(), static_cast<uint64_t>(i));
    std::vector<Operation> history = MakeHistory(random, 5, 60);
    std::vector<Operation> stuck;
    EXPECT_EQ(CheckKey(history, &stuck), Verdict::kLinearizable)
        << "history " << i << ", stuck at " << Describe(stuck.front());
    if (HasFailure()) return;
  }
}

TEST(Checker, AgreesWithTryingEveryOrder) {
  size_t violations = 0;
  for (int i = 0; i < kHistories; ++i) {
    Random random(testing::Seed(), static_cast<uint64_t>(i));
    std::vector<Operation> history = MakeHistory(random, 3, 7);
    // Something about it is made another, and then may or may not be right.
    Operation& changed = history[random.Below(history.size())];
    switch (random.Below(3)) {
      case 0:
        changed.value += 1;
        break;
      case 1:
        if (changed.result == Result::kUnknown) break;
        changed.result = static_cast<Result>(random.Between(1, 3));
        break;
      default:
        changed.found_token = random.Between(0, 105);
    }
    std::vector<bool> taken(history.size());
    bool has_order = HasOrder(history, taken, ItemState{});
    violations += has_order ? 0 : 1;
    EXPECT_EQ(Judge(history) == Verdict::kLinearizable, has_order)
        << "history " << i;
    if (HasFailure()) return;
  }
  // Or it would have been tried for nothing.
  EXPECT_GT(violations, 0u);
  EXPECT_LT(violations, static_cast<size_t>(kHistories));
}

TEST(Checker, FindsALostUpdate) {
  // Two clients replace the same item, and both are told that they did.
  std::vector<Operation> history = {
      Done(Action::kSet, 5, 1, 2, 0, 11),
      Done(Action::kCompareAndSet, 6, 3, 5, 0, 12),
      Done(Action::kCompareAndSet, 7, 4, 6, 0, 13)};
  history[1].token = history[2].token = 11;
  EXPECT_EQ(Judge(history), Verdict::kViolation);
  history[2].token = 12;
  EXPECT_EQ(Judge(history), Verdict::kLinearizable);
}

TEST(Checker, FindsALostIncrement) {
  EXPECT_EQ(Judge({Done(Action::kSet, 5, 1, 2), Done(Action::kIncrement, 1, 3,
                                                     5, 6),
                   Done(Action::kIncrement, 1, 4, 6, 6)}),
            Verdict::kViolation);
}

TEST(Checker, FindsWhatWasReadTooLate) {
  // The older value comes after the newer one has been read.
  EXPECT_EQ(Judge({Done(Action::kSet, 5, 1, 2), Done(Action::kSet, 6, 3, 10),
                   Done(Action::kGet, 0, 4, 5, 6),
                   Done(Action::kGet, 0, 6, 7, 5)}),
            Verdict::kViolation);
  EXPECT_EQ(Judge({Done(Action::kSet, 5, 1, 2), Done(Action::kSet, 6, 3, 10),
                   Done(Action::kGet, 0, 4, 5, 5),
                   Done(Action::kGet, 0, 6, 7, 6)}),
            Verdict::kLinearizable);
}

TEST(Checker, WhatWasNotAnsweredMayBeDoneAtAnyTimeOrNever) {
  std::vector<Operation> history = {Done(Action::kSet, 5, 1, 2),
                                    Lost(Action::kSet, 6, 3),
                                    Done(Action::kGet, 0, 4, 5, 5)};
  EXPECT_EQ(Judge(history), Verdict::kLinearizable);
  history.push_back(Done(Action::kGet, 0, 100, 101, 6));
  EXPECT_EQ(Judge(history), Verdict::kLinearizable);
  // But once.
  history.push_back(Done(Action::kSet, 7, 102, 103));
  history.push_back(Done(Action::kGet, 0, 104, 105, 6));
  EXPECT_EQ(Judge(history), Verdict::kViolation);
  // And not before it was asked for.
  EXPECT_EQ(Judge({Done(Action::kGet, 0, 1, 2, 6), Lost(Action::kSet, 6, 3)}),
            Verdict::kViolation);
}

TEST(Checker, ARestartedServerHasNothing) {
  History history;
  auto set = [&history](uint64_t life) {
    Operation operation;
    operation.action = Action::kSet;
    operation.argument = 5;
    operation.life = life;
    history.Answer(history.Ask(operation), Result::kDone);
  };
  auto get = [&history](uint64_t life, Result result) {
    Operation operation;
    operation.life = life;
    history.Answer(history.Ask(operation), result).value = 5;
  };
  set(1);
  get(1, Result::kDone);
  get(2, Result::kNotFound);
  Judgement judgement = Check(history);
  EXPECT_EQ(judgement.verdict, Verdict::kLinearizable);
  EXPECT_EQ(judgement.lives, 2u);
  EXPECT_EQ(judgement.keys, 2u);
  // The earlier life answers once more, though the later one has answered.
  get(1, Result::kDone);
  judgement = Check(history);
  EXPECT_EQ(judgement.verdict, Verdict::kViolation);
  EXPECT_THAT(judgement.explanation, HasSubstr("two lives"));
}

TEST(Checker, ARestartDoesNotExcuseALossWithinALife) {
  History history;
  Operation operation;
  operation.life = 3;
  operation.action = Action::kSet;
  operation.argument = 5;
  history.Answer(history.Ask(operation), Result::kDone);
  operation.action = Action::kGet;
  history.Answer(history.Ask(operation), Result::kNotFound);
  Judgement judgement = Check(history);
  EXPECT_EQ(judgement.verdict, Verdict::kViolation);
  EXPECT_THAT(judgement.explanation, HasSubstr("key 0 is not linearizable"));
  EXPECT_THAT(judgement.explanation, HasSubstr("get: not found"));
}

TEST(Checker, SaysWhereItHasTooMuchToSearch) {
  Random random(1);
  std::vector<Operation> stuck;
  EXPECT_EQ(CheckKey(MakeHistory(random, 5, 60), &stuck, 3),
            Verdict::kUndecided);
}

}  // namespace
}  // namespace ebbrt::linearizability
