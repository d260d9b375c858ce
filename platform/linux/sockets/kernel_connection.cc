#include "platform/linux/sockets/kernel_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "platform/linux/linux.h"
#include "platform/linux/sockets/kernel_network.h"
#include "platform/linux/sockets/socket_address.h"

namespace ebbrt::sockets {
namespace {

// The kernel's own bounds: MAX_TCP_KEEPIDLE and MAX_TCP_KEEPCNT.
constexpr int64_t kSecondsMax = 32767;
constexpr uint32_t kProbesMax = 127;

int Seconds(Duration duration) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration);
  return static_cast<int>(std::clamp<int64_t>(seconds.count(), 1, kSecondsMax));
}

void SetOption(int descriptor, int level, int option, int value) {
  // These are values that the kernel takes.
  EBBRT_CHECK(setsockopt(descriptor, level, option, &value, sizeof(value)) ==
              0);
}

}  // namespace

KernelConnection::KernelConnection(KernelNetwork& network, int descriptor,
                                   const Endpoint& remote,
                                   std::unique_ptr<TcpHandler> handler,
                                   std::shared_ptr<ListenerLoad> load)
    : network_(network),
      handler_(std::move(handler)),
      remote_(remote),
      stream_(network.streams().Make(descriptor, *this)),
      load_(std::move(load)) {}

KernelConnection::~KernelConnection() {
  if (load_ != nullptr) load_->Remove(platform::Linux::CurrentCore());
}

template <typename Function>
void KernelConnection::CallHandler(Function function) {
  Pin();
  function(*handler_);
  Unpin();
}

void KernelConnection::Post(void (KernelConnection::*method)()) {
  Pin();
  Spawn([this, method] {
    (this->*method)();
    Unpin();
  });
}

void KernelConnection::Unpin() {
  if (--pins_ != 0 || !detached_) return;
  Spawn([this] { Finish(); });
}

void KernelConnection::Open() {
  CallHandler([this](TcpHandler& handler) { handler.OnConnected(*this); });
  UpdateReceiveLimit();
}

size_t KernelConnection::Send(IOBufChain& data) {
  if (closing_ || ended_ || data.empty()) return 0;
  const size_t wanted = data.length();
  const size_t taken = std::min(wanted, kUnsentBytesMax - unsent_.length());
  if (taken < wanted) send_blocked_ = true;
  if (taken == 0) return 0;
  std::optional<IOBufChain> front = data.SplitFront(taken);
  if (!front.has_value()) {
    // Without a descriptor for the cut, the whole buffers before it will do.
    front.emplace();
    while (!data.empty() &&
           front->length() + data.front().length() <= taken) {
      front->PushBack(data.PopFront());
    }
    send_blocked_ = true;
    if (front->empty() && unsent_.empty()) {
      // Nothing under way will report that there is room.
      Post(&KernelConnection::NotifySendReady);
      return 0;
    }
  }
  const size_t sent = front->length();
  unsent_.Append(*std::move(front));
  QueueFlush();
  return sent;
}

size_t KernelConnection::SendWindow() const {
  return closing_ || ended_ ? 0 : kUnsentBytesMax - unsent_.length();
}

void KernelConnection::QueueFlush() {
  if (flush_queued_) return;
  flush_queued_ = true;
  Pin();
  network_.QueueFlush(*this);
}

void KernelConnection::Flush() {
  flush_queued_ = false;
  if (ended_ || stream_->sending()) {
    // What is under way calls OnSent.
  } else if (!unsent_.empty()) {
    stream_->Send(unsent_);
  } else if (closing_ && !shut_down_) {
    shut_down_ = true;
    // It fails only if there is no connection any more, which a receive tells.
    shutdown(stream_->descriptor(), SHUT_WR);
    CloseIfBothEnded();
  }
  Unpin();
}

void KernelConnection::OnSent(size_t bytes) {
  unsent_.TrimFront(bytes);
  if (!unsent_.empty() || closing_) QueueFlush();
  if (send_blocked_ && unsent_.length() <= kUnsentBytesMax / 2) {
    Post(&KernelConnection::NotifySendReady);
  }
}

void KernelConnection::NotifySendReady() {
  if (ended_ || closing_ || !std::exchange(send_blocked_, false)) return;
  CallHandler([](TcpHandler& handler) { handler.OnSendReady(); });
}

void KernelConnection::SetReceiveWindow(size_t bytes) {
  receive_window_ = bytes;
  if (ended_) return;
  if (!held_.empty() && bytes != 0 && !delivering_held_) {
    delivering_held_ = true;
    Post(&KernelConnection::DeliverHeld);
  }
  UpdateReceiveLimit();
}

void KernelConnection::SetKeepAlive(
    const std::optional<KeepAlive>& keep_alive) {
  if (ended_) return;
  const int descriptor = stream_->descriptor();
  if (keep_alive.has_value()) {
    SetOption(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, Seconds(keep_alive->idle));
    SetOption(descriptor, IPPROTO_TCP, TCP_KEEPINTVL,
              Seconds(keep_alive->interval));
    SetOption(descriptor, IPPROTO_TCP, TCP_KEEPCNT,
              static_cast<int>(std::min(keep_alive->probes, kProbesMax)));
  }
  SetOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, keep_alive.has_value());
}

void KernelConnection::UpdateReceiveLimit() {
  if (ended_ || end_of_stream_) return;
  static_assert(kUnlimitedWindow == Stream::kUnlimited);
  stream_->SetReceiveLimit(held_.empty() ? receive_window_ : 0);
}

void KernelConnection::OnReceived(std::unique_ptr<IOBuf> data) {
  if (ended_) return;
  if (data == nullptr) {
    End(absl::ResourceExhaustedError("no memory to receive into"));
    return;
  }
  if (receive_window_ == kUnlimitedWindow && held_.empty()) [[likely]] {
    Deliver(IOBufChain(std::move(data)));
    return;
  }
  held_.PushBack(std::move(data));
  if (!delivering_held_) DeliverHeld();
  UpdateReceiveLimit();
}

void KernelConnection::DeliverHeld() {
  delivering_held_ = true;
  while (!ended_ && !held_.empty() && receive_window_ != 0) {
    std::optional<IOBufChain> front =
        held_.SplitFront(std::min(held_.length(), receive_window_));
    if (!front.has_value()) {
      End(absl::ResourceExhaustedError("no memory to receive into"));
      break;
    }
    Deliver(*std::move(front));
  }
  delivering_held_ = false;
  if (ended_ || !held_.empty()) return;
  if (end_of_stream_) ReportPeerClosed();
  UpdateReceiveLimit();
}

void KernelConnection::Deliver(IOBufChain data) {
  if (receive_window_ != kUnlimitedWindow) receive_window_ -= data.length();
  event_loop->AddBytes(data.length());
  CallHandler([&data](TcpHandler& handler) {
    handler.OnReceive(std::move(data));
  });
}

void KernelConnection::OnEndOfStream() {
  end_of_stream_ = true;
  if (!ended_ && held_.empty()) ReportPeerClosed();
}

void KernelConnection::ReportPeerClosed() {
  if (std::exchange(peer_closed_reported_, true)) return;
  CallHandler([](TcpHandler& handler) { handler.OnPeerClosed(); });
  CloseIfBothEnded();
}

void KernelConnection::OnError(int error) {
  End(SocketError(remote_, "connection lost", error));
}

void KernelConnection::Close() {
  if (closing_ || ended_) return;
  closing_ = true;
  QueueFlush();
}

void KernelConnection::Abort() {
  if (ended_) return;
  // Closing it then sends a reset, and drops what is still to be sent.
  const linger reset = {.l_onoff = 1, .l_linger = 0};
  setsockopt(stream_->descriptor(), SOL_SOCKET, SO_LINGER, &reset,
             sizeof(reset));
  End(absl::CancelledError("aborted"));
}

void KernelConnection::CloseIfBothEnded() {
  if (shut_down_ && peer_closed_reported_) End(absl::OkStatus());
}

void KernelConnection::End(absl::Status status) {
  if (std::exchange(ended_, true)) return;
  status_ = std::move(status);
  // So that there is one after the socket is gone.
  local();
  stream_->Detach();
}

void KernelConnection::OnDetached() {
  unsent_.Clear();
  held_.Clear();
  // What has pinned it comes first: calls that block, events that are queued.
  Pin();
  detached_ = true;
  Unpin();
}

void KernelConnection::Finish() {
  handler_->OnClosed(status_);
  network_.Remove(*this);
}

const Endpoint& KernelConnection::local() const {
  if (local_.port == 0) local_ = LocalEndpoint(stream_->descriptor());
  return local_;
}

}  // namespace ebbrt::sockets
