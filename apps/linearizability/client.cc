#include "apps/linearizability/client.h"

#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/net/network.h"
#include "platform/current.h"

namespace ebbrt::linearizability {
namespace {

// Values of different operations differ, and so do those that increments make
// of them.
constexpr uint64_t kClientStep = 1'000'000'000'000;
constexpr uint64_t kOperationStep = 10'000;

}  // namespace

Client::Client(uint32_t number, const ClientOptions& options, History& history,
               uint64_t seed)
    : number_(number),
      options_(options),
      history_(history),
      random_(seed, number),
      timer_([this] { OnTimer(); }),
      tokens_(options.keys) {}

Client::~Client() {
  if (session_ != nullptr) session_->Abandon();
}

Future<void> Client::Run() {
  Future<void> done = done_.GetFuture();
  deadline_ = Platform::Now() + options_.deadline;
  Connect();
  return done;
}

void Client::Connect() {
  ++connections_;
  is_open_ = false;
  // A number that nobody else draws.
  uint64_t mark = random_() | 1;
  Session::Owner& owner = *this;
  auto session =
      std::make_unique<Session>(owner, options_.prefix + "life", mark);
  session_ = session.get();
  timer_.SetAfter(options_.timeout);
  network->ConnectTcp(options_.server, std::move(session));
}

void Client::OnOpen(uint64_t life) {
  is_open_ = true;
  life_ = life;
  ThinkThenAsk();
}

void Client::ThinkThenAsk() {
  if (asked_ == options_.operations) {
    End(absl::OkStatus());
    return;
  }
  double mean = static_cast<double>(options_.think.count());
  timer_.SetAfter(Duration(
      static_cast<int64_t>(-std::log(1 - random_.Fraction()) * mean)));
}

void Client::OnTimer() {
  if (is_open_ && !under_way_.has_value()) {
    Ask();
  } else if (session_ != nullptr) {
    GiveUp();  // No answer in time.
  } else if (Platform::Now() >= deadline_) {
    End(absl::DeadlineExceededError(absl::StrCat(
        "client ", number_, " has done ", asked_, " of ", options_.operations,
        " operations, and the server does not answer any more")));
  } else {
    Connect();
  }
}

void Client::Ask() {
  Operation operation = Choose();
  ++asked_;
  under_way_ = history_.Ask(operation);
  timer_.SetAfter(options_.timeout);
  session_->Ask(operation,
                options_.prefix + std::to_string(operation.key));
}

Operation Client::Choose() {
  Operation operation;
  operation.action = static_cast<Action>(random_.Below(kActions));
  operation.key = static_cast<uint32_t>(random_.Below(options_.keys));
  operation.client = number_;
  operation.life = life_;
  operation.argument =
      operation.action == Action::kIncrement
          ? 1
          : (number_ + 1) * kClientStep + asked_ * kOperationStep;
  if (operation.action == Action::kCompareAndSet) {
    operation.token = tokens_[operation.key];
    // Nothing to compare with yet.
    if (operation.token == 0) operation.action = Action::kGet;
  }
  operation.asked_at = Platform::Now();
  return operation;
}

void Client::OnReply(const Reply& reply) {
  Operation& operation =
      history_.Answer(*std::exchange(under_way_, std::nullopt), reply.result);
  operation.value = reply.value;
  operation.found_token = reply.token;
  operation.answered_at = Platform::Now();
  if (operation.action == Action::kGet && reply.result == Result::kDone) {
    tokens_[operation.key] = reply.token;
  }
  ThinkThenAsk();
}

void Client::OnLost(const absl::Status& why) {
  session_ = nullptr;
  if (why.code() == absl::StatusCode::kDataLoss) {
    End(why);
  } else {
    GiveUp();
  }
}

void Client::GiveUp() {
  if (session_ != nullptr) std::exchange(session_, nullptr)->Abandon();
  // What is under way stays without an answer.
  under_way_.reset();
  is_open_ = false;
  // Another life's tokens may be this one's by chance.
  tokens_.assign(options_.keys, 0);
  timer_.SetAfter(options_.retry);
}

void Client::End(absl::Status status) {
  if (std::exchange(ended_, true)) return;
  timer_.Cancel();
  if (session_ != nullptr) std::exchange(session_, nullptr)->Abandon();
  done_.SetOutcome(std::move(status));
}

}  // namespace ebbrt::linearizability
