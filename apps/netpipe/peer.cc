#include "apps/netpipe/peer.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/check.h"

namespace ebbrt::netpipe {

Peer::Peer(Duration silence_max, Ended ended)
    : silence_max_(silence_max),
      ended_(std::move(ended)),
      silence_timer_([this] { OnSilence(); }) {}

void Peer::OnSilence() {
  if (moved_bytes_ == moved_bytes_seen_) {
    Abort(absl::DeadlineExceededError(
        "the other end is silent: both have to be given the same sizes and "
        "trials"));
    return;
  }
  moved_bytes_seen_ = moved_bytes_;
  silence_timer_.SetAfter(silence_max_);
}

void Peer::Abort(const absl::Status& why) {
  if (!finished_) failure_ = why;
  finished_ = true;
  if (connection_ != nullptr) connection_->Abort();
}

void Peer::Finish() {
  finished_ = true;
  if (connection_ == nullptr || closed_ || !unsent_.empty()) return;
  closed_ = true;
  connection_->Close();
}

void Peer::Expect(Kind kind, size_t bytes) {
  EBBRT_CHECK(bytes > 0);
  kind_ = kind;
  expected_bytes_ = bytes;
  taken_bytes_ = 0;
}

void Peer::Send(IOBufChain data) {
  if (connection_ == nullptr || finished_) return;
  if (data.empty()) {
    Abort(absl::ResourceExhaustedError("no memory for what is to be sent"));
    return;
  }
  // While something is left over, the network will say when to go on.
  const bool waits = !unsent_.empty();
  unsent_.Append(std::move(data));
  if (!waits) Push();
}

void Peer::Push() { moved_bytes_ += connection_->Send(unsent_); }

void Peer::OnConnected(TcpConnection& connection) {
  connection_ = &connection;
  was_open_ = true;
  if (finished_) {
    connection.Abort();
  } else {
    silence_timer_.SetAfter(silence_max_);
    OnOpen();
  }
}

void Peer::OnReceive(IOBufChain data) {
  moved_bytes_ += data.length();
  while (!data.empty() && !finished_) {
    if (kind_ == Kind::kMessage) {
      TakeMessage(data);
    } else {
      TakeControl(data);
    }
  }
}

void Peer::TakeControl(IOBufChain& data) {
  const size_t bytes = std::min(expected_bytes_ - taken_bytes_, data.length());
  data.CopyTo(std::as_writable_bytes(
      std::span(control_).subspan(taken_bytes_, bytes)));
  data.TrimFront(bytes);
  taken_bytes_ += bytes;
  const std::string_view word(control_.data(), taken_bytes_);
  if (kind_ == Kind::kSync && word.starts_with(kQuit)) {
    OnQuit();
    return;
  }
  if (taken_bytes_ < expected_bytes_) return;
  if (kind_ == Kind::kRepeats) {
    uint32_t repeats = 0;
    for (char byte : word) {
      repeats = repeats << 8 | static_cast<unsigned char>(byte);
    }
    OnRepeats(repeats);
  } else if (word == kSync) {
    OnSync();
  } else {
    Abort(absl::InvalidArgumentError(
        "the other end is not where this one is: both have to be given the "
        "same sizes and trials"));
  }
}

void Peer::TakeMessage(IOBufChain& data) {
  const size_t offset = taken_bytes_;
  const size_t left = expected_bytes_ - offset;
  if (data.length() <= left) {
    taken_bytes_ += data.length();
    OnPart(std::exchange(data, IOBufChain()), offset);
  } else {
    std::optional<IOBufChain> part = data.SplitFront(left);
    if (!part.has_value()) {
      Abort(absl::ResourceExhaustedError("no memory to split what has come"));
      return;
    }
    taken_bytes_ += left;
    OnPart(*std::move(part), offset);
  }
  if (taken_bytes_ == expected_bytes_ && !finished_) OnMessage();
}

void Peer::OnSendReady() {
  if (connection_ == nullptr) return;
  Push();
  if (finished_) Finish();
}

void Peer::OnPeerClosed() {
  if (finished_) {
    Finish();
  } else {
    Abort(absl::UnavailableError("the other end closed the connection"));
  }
}

void Peer::OnClosed(const absl::Status& status) {
  connection_ = nullptr;
  silence_timer_.Cancel();
  if (failure_.ok()) {
    // Once all has been said, it does not matter how the connection ends.
    failure_ = finished_ && was_open_ ? absl::OkStatus() : status;
  }
  finished_ = true;
  ended_(*this, failure_);
}

}  // namespace ebbrt::netpipe
