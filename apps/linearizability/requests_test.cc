// Requests, served by the server's own protocol without a network between.
#include "apps/linearizability/requests.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "apps/linearizability/checker.h"
#include "apps/memcached/session_harness.h"
#include "core/base/random.h"
#include "core/testing/run_on_cores.h"
#include "core/testing/seed.h"

namespace ebbrt::linearizability {
namespace {

using ebbrt::testing::RunOnCores;

std::string Request(const Operation& operation) {
  std::string text;
  AppendRequest(operation, "key", text);
  return text;
}

TEST(Requests, TheServerDoesWhatTheModelSays) {
  RunOnCores(1, [] {
    memcached::SessionHarness server;
    Random random(testing::Seed());
    History history;
    uint64_t token = 0;
    for (int i = 0; i < 300; ++i) {
      Operation operation;
      operation.action = static_cast<Action>(random.Below(kActions));
      operation.argument = random.Below(2000);
      if (operation.action == Action::kCompareAndSet) {
        operation.token = random.Chance(0.7) ? token : token + 1;
        if (operation.token == 0) continue;
      }
      size_t number = history.Ask(operation);
      std::string replies = server.Serve(Request(operation));
      std::string_view rest = replies;
      Reply reply;
      ASSERT_EQ(ReadReply(operation.action, rest, reply), ReadOutcome::kReply);
      EXPECT_TRUE(rest.empty());
      Operation& done = history.Answer(number, reply.result);
      done.value = reply.value;
      done.found_token = reply.token;
      if (reply.result == Result::kDone && reply.token != 0) {
        token = reply.token;
      }
    }
    Judgement judgement = Check(history);
    EXPECT_EQ(judgement.verdict, Verdict::kLinearizable)
        << judgement.explanation;
  });
}

TEST(Requests, ReadsNothingOfAReplyThatIsCut) {
  RunOnCores(1, [] {
    memcached::SessionHarness server;
    Operation operation;
    operation.action = Action::kSet;
    operation.argument = 123;
    server.Serve(Request(operation));
    operation.action = Action::kGet;
    std::string whole = server.Serve(Request(operation));
    for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
      std::string_view rest = std::string_view(whole).substr(0, bytes);
      Reply reply;
      EXPECT_EQ(ReadReply(Action::kGet, rest, reply), ReadOutcome::kIncomplete);
      EXPECT_EQ(rest.size(), bytes);
    }
  });
}

TEST(Requests, TrustsNoReply) {
  RunOnCores(1, [] {
    memcached::SessionHarness server;
    Operation operation;
    operation.action = Action::kSet;
    operation.argument = 123;
    server.Serve(Request(operation));
    operation.action = Action::kGet;
    const std::string right = server.Serve(Request(operation));
    auto read = [](std::string text) {
      std::string_view rest = text;
      Reply reply;
      return ReadReply(Action::kGet, rest, reply);
    };
    ASSERT_EQ(read(right), ReadOutcome::kReply);
    std::string not_a_reply = right;
    not_a_reply[0] = 0;
    EXPECT_EQ(read(not_a_reply), ReadOutcome::kWrong);
    std::string of_another = right;
    of_another[1] = 1;
    EXPECT_EQ(read(of_another), ReadOutcome::kWrong);
    std::string too_long = right;
    too_long[8] = 1;
    EXPECT_EQ(read(too_long), ReadOutcome::kWrong);
    std::string no_number = right;
    no_number.back() = 'x';
    EXPECT_EQ(read(no_number), ReadOutcome::kWrong);
    // Whatever the bytes are, the reader comes to an end with them.
    Random random(testing::Seed());
    for (int i = 0; i < 1000; ++i) {
      std::string changed = right;
      changed[random.Below(changed.size())] = static_cast<char>(random());
      read(changed);
    }
  });
}

}  // namespace
}  // namespace ebbrt::linearizability
