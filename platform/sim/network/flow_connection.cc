#include "platform/sim/network/flow_connection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/trace/trace.h"
#include "platform/sim/fetch_ahead.h"
#include "platform/sim/network/flow_network.h"
#include "platform/sim/network/flow_world.h"

namespace ebbrt::platform {

using Kind = FlowMessage::Kind;

FlowConnection::FlowConnection(FlowNetwork& network, FlowAddress self,
                               const Endpoint& local, const Endpoint& remote,
                               std::unique_ptr<TcpHandler> handler)
    : network_(network),
      handler_(std::move(handler)),
      self_(self),
      local_(local),
      remote_(remote) {
  self_.place = network.world().AddConnection(*this);
}

FlowConnection::~FlowConnection() {
  if (linked()) Unlink();
  FlowWorld& world = network_.world();
  world.RemoveConnection(self_.place);
  DropInbox();
  for (FlowMessage* message : early_) world.Free(message);
  // Its node goes, and has no time to say so.
  if (!ended_ && peer_.key != 0) world.NoticeLater(self_, peer_);
}

void FlowConnection::Fetch(int step) const {
  if (step == 2) FetchLines(this, kLinesFetched);
  if (step != 3) return;
  FetchLines(handler_.get(), 1);
  FetchLines(&network_.world().fabric().topology().UpLink(self_.node), 1);
}

void FlowConnection::DropInbox() {
  while (SimInterrupt* message = inbox_.PopFront()) {
    network_.world().Free(static_cast<FlowMessage*>(message));
  }
}

void FlowConnection::Connect(uint32_t node) {
  peer_.node = node;
  FlowMessage* message = network_.world().NewMessage(Kind::kConnect);
  message->from = self_;
  message->to = peer_;
  message->source = local_;
  message->destination = remote_;
  network_.SendLater(message);
}

void FlowConnection::Accept(const FlowAddress& peer,
                            const Endpoint& listening) {
  peer_ = peer;
  pumping_ = true;
  handler_ = network_.CallAcceptor(listening, remote_);
  if (handler_ == nullptr) {
    Post(Kind::kReset);
    Fail(absl::UnavailableError("refused"));
  } else {
    open_ = true;
    Post(Kind::kAccepted);
    handler_->OnConnected(*this);
  }
  pumping_ = false;
  Pump();
}

size_t FlowConnection::SendWindow() const {
  if (!open() || send_closed_) return 0;
  return network_.world().options().window_bytes - unacknowledged_bytes_;
}

size_t FlowConnection::Send(IOBufChain& data) {
  const size_t takes = std::min(data.length(), SendWindow());
  if (takes == data.length()) {
    outgoing_.Append(std::move(data));
  } else if (!open() || send_closed_) {
    return 0;
  } else if (takes > 0) {
    std::optional<IOBufChain> part = data.SplitFront(takes);
    if (!part.has_value()) {
      Post(Kind::kReset);
      Fail(absl::ResourceExhaustedError("no memory to send"));
      return 0;
    }
    outgoing_.Append(*std::move(part));
  }
  if (!data.empty()) wants_send_ready_ = true;
  if (takes > 0) {
    unacknowledged_bytes_ += takes;
    LeaveLater();
  }
  return takes;
}

void FlowConnection::SetReceiveWindow(size_t bytes) {
  receive_window_ = bytes;
  if (bytes == 0 || undelivered_.empty() || pumping_ || failed_) return;
  // What waits is given to the handler in an event of its own.
  network_.SpawnPump(self_.key);
}

void FlowConnection::Close() {
  if (!open() || send_closed_) return;
  send_closed_ = close_leaves_ = true;
  wants_send_ready_ = false;
  LeaveLater();
  if (told_closed_) Fail(absl::OkStatus());
}

void FlowConnection::Abort() {
  if (failed_) return;
  outgoing_.Clear();
  if (peer_.key != 0) Post(Kind::kReset);
  Fail(absl::CancelledError("aborted"));
}

void FlowConnection::Fail(absl::Status status) {
  if (failed_) return;
  failed_ = true;
  status_ = std::move(status);
  DropInbox();
  undelivered_.Clear();
  network_.SpawnEnd(self_.key);
}

bool FlowConnection::End() {
  if (pumping_) {
    end_waits_ = true;
    return false;
  }
  // What was sent in this turn leaves before the connection is forgotten.
  Leave();
  ended_ = true;
  // Nobody has heard of an end that was refused.
  if (handler_ != nullptr) handler_->OnClosed(status_);
  return true;
}

bool FlowConnection::AddToWaiting(FlowMessage& message) {
  if (waiting_ == nullptr ||
      waiting_->count == FlowMessage::kCountMax ||
      message.sequence != waiting_->sequence + waiting_->count) {
    waiting_ = &message;
    return false;
  }
  waiting_->data.Append(std::move(message.data));
  ++waiting_->count;
  waiting_->SetWireBytes();  // Should it have to be sent again.
  return true;
}

void FlowConnection::Receive(FlowMessage* message) {
  if (network_.world().options().reads_at_once && waiting_ == message) {
    waiting_ = nullptr;
  }
  if (failed_) {
    network_.world().Free(message);
    return;
  }
  // What is not of the stream has no place in its order.
  if (message->kind == Kind::kReset || message->kind == Kind::kTimedOut) {
    inbox_.PushBack(message);
    Pump();
    return;
  }
  if (message->sequence != next_received_) {
    early_.push_back(message);
    return;
  }
  for (;;) {
    inbox_.PushBack(message);
    next_received_ += message->count;
    auto next = std::find_if(early_.begin(), early_.end(),
                             [this](const FlowMessage* early) {
                               return early->sequence == next_received_;
                             });
    if (next == early_.end()) break;
    message = *next;
    early_.erase(next);
  }
  Pump();
}

void FlowConnection::Pump() {
  if (pumping_ || failed_) return;
  pumping_ = true;
  while (!failed_ && PumpOnce()) {
  }
  pumping_ = false;
  if (failed_ && end_waits_) network_.SpawnEnd(self_.key);
}

bool FlowConnection::PumpOnce() {
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
  SimInterrupt* next = inbox_.PopFront();
  if (next == nullptr) return false;
  FlowMessage& message = *static_cast<FlowMessage*>(next);
  Handle(message);
  return true;
}

void FlowConnection::Handle(FlowMessage& message) {
  const Kind kind = message.kind;
  const size_t bytes = kind == Kind::kTaken ? message.bytes : 0;
  if (kind == Kind::kAccepted) peer_ = message.from;
  if (kind == Kind::kData) undelivered_.Append(std::move(message.data));
  // Freed before the handler is called, which may block.
  network_.world().Free(&message);
  switch (kind) {
    case Kind::kAccepted:
      open_ = true;
      handler_->OnConnected(*this);
      break;
    case Kind::kTaken:
      unacknowledged_bytes_ -= bytes;
      if (std::exchange(wants_send_ready_, false)) handler_->OnSendReady();
      break;
    case Kind::kClosed:
      receive_closed_ = true;
      break;
    case Kind::kReset:
      Fail(open_ ? absl::UnavailableError("connection reset by peer")
                 : absl::UnavailableError(absl::StrCat(
                       remote_.ToString(), ": connection refused")));
      break;
    case Kind::kTimedOut:
      Fail(open_ ? absl::DeadlineExceededError("connection timed out")
                 : absl::DeadlineExceededError(
                       absl::StrCat(remote_.ToString(), ": no answer")));
      break;
    case Kind::kData:
    case Kind::kConnect:
    case Kind::kDatagram:
      break;
  }
}

void FlowConnection::Deliver() {
  IOBufChain data;
  if (undelivered_.length() <= receive_window_) {
    data = std::move(undelivered_);
  } else {
    std::optional<IOBufChain> part = undelivered_.SplitFront(receive_window_);
    if (!part.has_value()) {
      Post(Kind::kReset);
      Fail(absl::ResourceExhaustedError("no memory to receive"));
      return;
    }
    data = *std::move(part);
  }
  size_t bytes = data.length();
  if (receive_window_ != kUnlimitedWindow) receive_window_ -= bytes;
  TraceBytes(bytes);
  Taken(bytes);
  handler_->OnReceive(std::move(data));
}

void FlowConnection::Taken(size_t bytes) {
  // Half a window at a time: a sender that has filled the window is told at the
  // latest when half of it has been taken, and others need not be told at all.
  untold_bytes_ += bytes;
  if (untold_bytes_ < network_.world().options().window_bytes / 2) return;
  Post(Kind::kTaken, {}, std::exchange(untold_bytes_, 0));
}

void FlowConnection::LeaveLater() {
  if (!linked()) network_.LeaveLater(*this);
}

void FlowConnection::Leave() {
  if (linked()) Unlink();
  if (!outgoing_.empty()) Post(Kind::kData, std::move(outgoing_));
  if (std::exchange(close_leaves_, false)) Post(Kind::kClosed);
}

void FlowConnection::Post(Kind kind, IOBufChain data, size_t bytes) {
  FlowMessage* message = network_.world().NewMessage(kind);
  message->from = self_;
  message->to = peer_;
  message->data = std::move(data);
  if (kind == Kind::kTaken) message->bytes = bytes;
  if (kind != Kind::kReset) message->sequence = next_sent_++;
  network_.SendLater(message);
}

}  // namespace ebbrt::platform
