#include "apps/linearizability/session.h"

#include <utility>

namespace ebbrt::linearizability {

Session::Session(Owner& owner, std::string mark_name, uint64_t mark)
    : owner_(&owner), mark_name_(std::move(mark_name)), mark_(mark) {}

void Session::Ask(const Operation& operation, std::string_view key) {
  std::string text;
  AppendRequest(operation, key, text);
  asked_.push_back(operation.action);
  Send(text);
}

void Session::Send(const std::string& text) {
  bool waits = !unsent_.empty();
  unsent_.PushBack(IOBuf::CopyOf(text));
  if (!waits) connection_->Send(unsent_);
}

void Session::Abandon() {
  owner_ = nullptr;
  if (connection_ != nullptr) connection_->Abort();
}

void Session::OnConnected(TcpConnection& connection) {
  connection_ = &connection;
  if (owner_ == nullptr) {
    connection.Abort();
    return;
  }
  Operation operation;
  operation.action = Action::kAdd;
  operation.argument = mark_;
  Ask(operation, mark_name_);
  operation.action = Action::kGet;
  Ask(operation, mark_name_);
}

void Session::OnReceive(IOBufChain data) {
  received_ += data.ToString();
  std::string_view rest = received_;
  while (owner_ != nullptr && !asked_.empty()) {
    Reply reply;
    ReadOutcome outcome = ReadReply(asked_.front(), rest, reply);
    if (outcome == ReadOutcome::kIncomplete) break;
    if (outcome == ReadOutcome::kWrong) {
      Refuse();
      return;
    }
    Action action = asked_.front();
    asked_.pop_front();
    Answer(action, reply);
  }
  received_ = std::string(rest);
  if (owner_ != nullptr && asked_.empty() && !received_.empty()) Refuse();
}

void Session::Answer(Action action, const Reply& reply) {
  if (is_marked_) {
    owner_->OnReply(reply);
  } else if (action == Action::kGet) {
    if (reply.result != Result::kDone) {
      Refuse();
      return;
    }
    is_marked_ = true;
    owner_->OnOpen(reply.value);
  }
}

void Session::Refuse() {
  TcpConnection* connection = connection_;
  Lose(absl::DataLossError("the server sent what is no reply"));
  connection->Abort();
}

void Session::OnPeerClosed() {
  TcpConnection* connection = connection_;
  Lose(absl::UnavailableError("the server closed the connection"));
  connection->Close();
}

void Session::OnClosed(const absl::Status& status) {
  connection_ = nullptr;
  Lose(status);
}

void Session::Lose(const absl::Status& why) {
  if (Owner* owner = std::exchange(owner_, nullptr)) owner->OnLost(why);
}

}  // namespace ebbrt::linearizability
