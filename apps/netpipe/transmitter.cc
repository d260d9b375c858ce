#include "apps/netpipe/transmitter.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <span>

#include "absl/status/status.h"
#include "apps/netpipe/wire.h"
#include "platform/current.h"

namespace ebbrt::netpipe {
namespace {

// Its period is a prime, so that bytes which come back at the wrong place, by
// the size of a segment or a page say, are not those that belong there.
std::unique_ptr<IOBuf> MakeMessage(size_t bytes) {
  constexpr uint32_t kPrime = 251;
  std::unique_ptr<IOBuf> message = IOBuf::Create(bytes);
  if (message == nullptr) return nullptr;
  std::byte* to = message->Append(bytes);
  for (size_t i = 0; i < bytes; ++i) {
    to[i] = static_cast<std::byte>(i % kPrime);
  }
  return message;
}

}  // namespace

uint32_t RepeatsFor(Duration trial, double last_latency_ns, uint32_t last_bytes,
                    uint32_t bytes, uint32_t repeats_min) {
  const double growth = std::max(1.0, double(bytes) / last_bytes);
  const double expected_ns = last_latency_ns * growth;
  const auto trial_ns = static_cast<double>(trial.count());
  double repeats = Options::kRepeatsMax;
  // Where time is virtual, it may be that none passes.
  if (expected_ns * repeats > trial_ns) repeats = trial_ns / expected_ns;
  return std::max(static_cast<uint32_t>(repeats), repeats_min);
}

void Transmitter::OnOpen() { Say(Sync::kBeforeProbe); }

void Transmitter::Say(Sync sync) {
  sync_ = sync;
  ExpectSync();
  SendSync();
}

void Transmitter::OnSync() {
  switch (sync_) {
    case Sync::kBeforeProbe:
      BeginTrial(kProbeRepeats, options_->first_bytes);
      break;
    case Sync::kAfterProbe:
      Say(Sync::kBeforeSize);
      break;
    case Sync::kBeforeSize:
      BeginSize();
      break;
    case Sync::kBeforeTrial:
      BeginTrial(repeats_, step().bytes);
      break;
  }
}

// The other end thinks that larger messages would take too long.
void Transmitter::OnQuit() {
  if (sync_ != Sync::kBeforeSize) {
    Abort(absl::UnavailableError("the receiver quit in the middle"));
    return;
  }
  Finish();
}

void Transmitter::BeginSize() {
  repeats_ = options_->repeats;
  if (repeats_ == 0) {
    repeats_ = RepeatsFor(options_->trial, last_latency_ns_, last_bytes_,
                          step().bytes, options_->trials);
  }
  trial_ = 0;
  best_ns_ = std::numeric_limits<double>::max();
  std::array<std::byte, kRepeatsBytes> number;
  for (size_t i = 0; i < number.size(); ++i) {
    number[i] = static_cast<std::byte>(repeats_ >> 8 * (number.size() - 1 - i));
  }
  Send(IOBufChain(IOBuf::CopyOf(std::span<const std::byte>(number))));
  Say(Sync::kBeforeTrial);
}

void Transmitter::BeginTrial(uint32_t repeats, uint32_t bytes) {
  if (message_ == nullptr || message_->length() < bytes) {
    message_ = MakeMessage(bytes);
    if (message_ == nullptr) {
      Abort(absl::ResourceExhaustedError("no memory for a message"));
      return;
    }
  }
  left_ = repeats;
  message_bytes_ = bytes;
  begin_ = Platform::Now();
  SendMessage();
}

void Transmitter::SendMessage() {
  ExpectMessage(message_bytes_);
  std::unique_ptr<IOBuf> view = message_->Clone();
  if (view != nullptr) view->TrimBack(view->length() - message_bytes_);
  Send(IOBufChain(std::move(view)));
}

void Transmitter::OnPart(IOBufChain part, size_t offset) {
  if (!options_->verify) return;
  const std::byte* expected = message_->data() + offset;
  for (const IOBuf& buffer : part) {
    is_wrong_ |=
        std::memcmp(expected, buffer.data(), buffer.length()) != 0;
    expected += buffer.length();
  }
}

void Transmitter::OnMessage() {
  ++measurement_.messages;
  if (std::exchange(is_wrong_, false)) ++measurement_.wrong_messages;
  if (--left_ > 0) {
    SendMessage();
  } else {
    EndTrial();
  }
}

void Transmitter::EndTrial() {
  const Duration passed = Platform::Now() - begin_;
  const bool is_probe = sync_ == Sync::kBeforeProbe;
  const double latency_ns = static_cast<double>(passed.count()) /
                            (is_probe ? kProbeRepeats : repeats_) / 2;
  if (is_probe) {
    last_latency_ns_ = latency_ns;
    last_bytes_ = message_bytes_;
    Say(Sync::kAfterProbe);
    return;
  }
  best_ns_ = std::min(best_ns_, latency_ns);
  if (++trial_ < options_->trials) {
    Say(Sync::kBeforeTrial);
    return;
  }
  last_latency_ns_ = best_ns_;
  last_bytes_ = message_bytes_;
  measurement_.sizes.push_back({message_bytes_, repeats_, best_ns_});
  measured_(measurement_);
  NextSize();
}

void Transmitter::NextSize() {
  ++step_;
  const bool is_last = step_ == options_->schedule.size();
  const auto stop_ns = static_cast<double>(options_->stop.count());
  if (is_last || (step().begins_length && last_latency_ns_ >= stop_ns)) {
    SendQuit();
    Finish();
    return;
  }
  Say(Sync::kBeforeSize);
}

}  // namespace ebbrt::netpipe
