#include "core/net/memory_connection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "core/net/memory_core.h"
#include "platform/current.h"

namespace ebbrt::internal {

using Kind = MemoryMessage::Kind;

MemoryConnection::MemoryConnection(MemoryNetwork& network,
                                   const Identity& identity,
                                   std::unique_ptr<TcpHandler> handler)
    : network_(network),
      identity_(identity),
      handler_(std::move(handler)),
      arrival_([this] { Pump(); }) {}

size_t MemoryConnection::SendWindow() const {
  if (!open() || send_closed_) return 0;
  return network_.options().window_bytes - unacknowledged_bytes_;
}

size_t MemoryConnection::Send(IOBufChain& data) {
  if (!open() || send_closed_) return 0;
  const size_t takes = std::min(data.length(), SendWindow());
  size_t taken = 0;
  while (taken < takes) {
    if (network_.random().Chance(network_.options().reset)) {
      Post({.kind = Kind::kReset});
      Fail(absl::UnavailableError("connection reset"));
      return taken;
    }
    size_t bytes = network_.SegmentBytes(takes - taken);
    std::optional<IOBufChain> segment = data.SplitFront(bytes);
    if (!segment.has_value()) {
      // With nothing under way, no message would come to try again on.
      Post({.kind = Kind::kReset});
      Fail(absl::ResourceExhaustedError("no memory for a segment"));
      return taken;
    }
    unacknowledged_bytes_ += bytes;
    taken += bytes;
    Post({.kind = Kind::kData, .data = *std::move(segment)});
  }
  if (!data.empty()) wants_send_ready_ = true;
  return taken;
}

void MemoryConnection::SetReceiveWindow(size_t bytes) {
  receive_window_ = bytes;
  if (bytes == 0 || undelivered_.empty() || pumping_ || failed_) return;
  // What waits is given to the handler in an event of its own.
  network_.SpawnPump(identity_.key);
}

void MemoryConnection::Close() {
  if (!open() || send_closed_) return;
  send_closed_ = true;
  wants_send_ready_ = false;
  Post({.kind = Kind::kClosed});
  if (told_closed_) Fail(absl::OkStatus());
}

void MemoryConnection::Abort() {
  if (failed_) return;
  Post({.kind = Kind::kReset});
  Fail(absl::CancelledError("aborted"));
}

void MemoryConnection::Fail(absl::Status status) {
  if (failed_) return;
  failed_ = true;
  status_ = std::move(status);
  inbox_.clear();
  undelivered_.Clear();
  arrival_.Cancel();
  network_.SpawnEnd(identity_.key);
}

bool MemoryConnection::End() {
  if (pumping_) {
    end_waits_ = true;
    return false;
  }
  // Nobody has heard of an end that was refused.
  if (handler_ != nullptr) handler_->OnClosed(status_);
  return true;
}

void MemoryConnection::Receive(MemoryMessage message) {
  if (failed_) return;
  inbox_.push_back(std::move(message));
  Pump();
}

void MemoryConnection::Pump() {
  if (pumping_ || failed_) return;
  pumping_ = true;
  while (!failed_ && PumpOnce()) {
  }
  pumping_ = false;
  if (failed_) {
    if (end_waits_) network_.SpawnEnd(identity_.key);
  } else if (!inbox_.empty()) {
    arrival_.Set(inbox_.front().due);
  }
}

bool MemoryConnection::PumpOnce() {
  if (!undelivered_.empty() && receive_window_ != 0) {
    Deliver();
    return true;
  }
  if (receive_closed_ && !told_closed_ && undelivered_.empty()) {
    told_closed_ = true;
    handler_->OnPeerClosed();
    if (send_closed_) Fail(absl::OkStatus());
    return true;
  }
  if (inbox_.empty()) return false;
  Time due = inbox_.front().due;
  if (due != Time::min() && due > Platform::Now()) return false;
  MemoryMessage message = std::move(inbox_.front());
  inbox_.pop_front();
  Handle(std::move(message));
  return true;
}

void MemoryConnection::Handle(MemoryMessage message) {
  switch (message.kind) {
    case Kind::kConnect:
      Accept();
      break;
    case Kind::kAccepted:
      open_ = true;
      handler_->OnConnected(*this);
      break;
    case Kind::kData:
      undelivered_.Append(std::move(message.data));
      break;
    case Kind::kTaken:
      unacknowledged_bytes_ -= message.bytes;
      if (std::exchange(wants_send_ready_, false)) handler_->OnSendReady();
      break;
    case Kind::kClosed:
      receive_closed_ = true;
      break;
    case Kind::kReset:
      Fail(absl::UnavailableError(open_ ? "connection reset by peer"
                                        : "connection refused"));
      break;
  }
}

void MemoryConnection::Accept() {
  handler_ = network_.CallAcceptor(identity_.listening, identity_.remote);
  if (handler_ == nullptr) {
    Post({.kind = Kind::kReset});
    Fail(absl::UnavailableError("refused"));
    return;
  }
  open_ = true;
  Post({.kind = Kind::kAccepted});
  handler_->OnConnected(*this);
}

void MemoryConnection::Deliver() {
  IOBufChain data;
  if (undelivered_.length() <= receive_window_) {
    data = std::move(undelivered_);
  } else {
    std::optional<IOBufChain> part = undelivered_.SplitFront(receive_window_);
    if (!part.has_value()) {
      Post({.kind = Kind::kReset});
      Fail(absl::ResourceExhaustedError("no memory for a segment"));
      return;
    }
    data = *std::move(part);
  }
  size_t bytes = data.length();
  if (receive_window_ != kUnlimitedWindow) receive_window_ -= bytes;
  Post({.kind = Kind::kTaken, .bytes = bytes});
  handler_->OnReceive(std::move(data));
}

void MemoryConnection::Post(MemoryMessage message) {
  // A connection is first in, first out.
  last_due_ = std::max(last_due_,
                       network_.DueTime(message.kind == Kind::kData));
  message.due = last_due_;
  network_.PostTo(identity_.peer_core, identity_.key ^ 1, std::move(message));
}

}  // namespace ebbrt::internal
