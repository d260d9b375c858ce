// Checks that a history is linearizable: that what the clients were told can
// be explained by all operations having taken effect one after the other, each
// at some moment between its being asked for and its answer.
//
// Keys are independent of each other, and so are the lives of a server, which
// begins each with nothing: so each key is checked by itself in each life. A
// life has ended before the next one begins, which is checked as well.
//
// Within a key, a depth-first search takes one operation after the other that
// may be next, and never goes on twice from the same operations with the same
// state. One of unknown outcome may be taken at any moment after it was asked
// for, or never.
//
// Cores: any. Blocks: computes. Allocates: a record for each place that the
// search has been in. Bound: kPlacesMax of them a key and life.
// Errors: as Verdict. Source: Wing, Gong, "Testing and verifying concurrent
// objects", 1993; Lowe, "Testing for linearizability", 2017 (the memory).
#ifndef EBBRT_APPS_LINEARIZABILITY_CHECKER_H_
#define EBBRT_APPS_LINEARIZABILITY_CHECKER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apps/linearizability/history.h"

namespace ebbrt::linearizability {

inline constexpr size_t kPlacesMax = 4'000'000;

enum class Verdict : uint8_t {
  kLinearizable,
  kViolation,
  kUndecided,  // There was more to search than kPlacesMax.
};

struct Judgement {
  Verdict verdict = Verdict::kLinearizable;
  // What is wrong, for people; with kLinearizable nothing.
  std::string explanation;
  // How many keys there were, each counted once a life; and lives.
  size_t keys = 0;
  size_t lives = 0;
};

// Whether all that happened to one key in one life of the server is
// linearizable. Of a violation, `stuck` gets the operations that no order
// explains: those that none of the longest orders found has.
Verdict CheckKey(std::span<const Operation> operations,
                 std::vector<Operation>* stuck, size_t places_max = kPlacesMax);

Judgement Check(const History& history);

// One line.
std::string Describe(const Operation& operation);

}  // namespace ebbrt::linearizability

#endif  // EBBRT_APPS_LINEARIZABILITY_CHECKER_H_
