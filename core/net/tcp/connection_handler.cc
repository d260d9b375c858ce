// What a connection tells its handler, one call after the other: never two at
// a time, even if one blocks.
#include <utility>

#include "core/base/check.h"
#include "core/net/tcp/connection.h"

namespace ebbrt::tcp {

void Connection::RunDeferred() {
  // Comes again once the call has returned.
  if (in_handler_) return;
  if (!ended_) {
    Pump();
    return;
  }
  in_handler_ = true;
  // Nobody has heard of a connection that was never accepted.
  if (handler_ != nullptr) handler_->OnClosed(status_);
  engine_.Destroy(*this);
}

void Connection::Pump() {
  if (in_handler_) return;
  in_handler_ = true;
  while (PumpOnce()) {
  }
  in_handler_ = false;
  if (ended_) engine_.Defer(*this);
}

bool Connection::PumpOnce() {
  if (ended_ || state_ == State::kSynSent || state_ == State::kSynReceived) {
    return false;
  }
  if (!told_connected_) {
    Accept();
    return true;
  }
  if (!receive_.ready().empty() && receive_window_ != 0) {
    Deliver();
    return true;
  }
  if (receive_.finished() && !told_peer_closed_ && receive_.ready().empty()) {
    told_peer_closed_ = true;
    handler_->OnPeerClosed();
    if (!ended_) EndIfBothClosed();
    return true;
  }
  if (untaken_bytes_ != 0 && open() && !starved_ &&
      sender_.NextBytes(untaken_bytes_) != 0) {
    untaken_bytes_ = 0;
    handler_->OnSendReady();
    // It may have had nothing after all.
    if (!ended_ && untaken_bytes_ == 0 && !close_wanted_) {
      sender_.SetBlocked(false, engine_.output.Now());
    }
    return true;
  }
  return false;
}

void Connection::Accept() {
  told_connected_ = true;
  if (passive_) {
    handler_ = engine_.listeners.Accept(key.local, key.remote);
    if (ended_) return;
    if (handler_ == nullptr) {
      SendReset();
      End(absl::UnavailableError("refused"));
      return;
    }
  }
  handler_->OnConnected(*this);
}

void Connection::Deliver() {
  std::optional<IOBufChain> data = receive_.Take(receive_window_);
  if (!data.has_value()) {
    SendReset();
    End(absl::ResourceExhaustedError("no memory for a segment"));
    return;
  }
  if (receive_window_ != kUnlimitedWindow) receive_window_ -= data->length();
  handler_->OnReceive(*std::move(data));
}

}  // namespace ebbrt::tcp
