#include "apps/netpipe/receiver.h"

#include <span>

#include "absl/status/status.h"
#include "apps/netpipe/wire.h"

namespace ebbrt::netpipe {

void Receiver::OnOpen() { ExpectSync(Sync::kBeforeProbe); }

void Receiver::ExpectSync(Sync sync) {
  sync_ = sync;
  Peer::ExpectSync();
}

void Receiver::OnSync() {
  if (sync_ == Sync::kBeforeSize && step_ == options_->schedule.size()) {
    Abort(absl::InvalidArgumentError(
        "the transmitter goes on behind the last size: both ends have to be "
        "given the same"));
    return;
  }
  SendSync();
  switch (sync_) {
    case Sync::kBeforeProbe:
      BeginTrial(kProbeRepeats, options_->first_bytes);
      break;
    case Sync::kAfterProbe:
      ExpectSync(Sync::kBeforeSize);
      break;
    case Sync::kBeforeSize:
      ExpectRepeats();
      break;
    case Sync::kBeforeTrial:
      BeginTrial(repeats_, options_->schedule[step_].bytes);
      break;
  }
}

void Receiver::OnQuit() {
  SendQuit();
  Finish();
}

void Receiver::OnRepeats(uint32_t repeats) {
  repeats_ = repeats;
  trial_ = 0;
  ExpectSync(Sync::kBeforeTrial);
}

void Receiver::BeginTrial(uint32_t repeats, uint32_t bytes) {
  left_ = repeats;
  message_bytes_ = bytes;
  if (left_ == 0) {
    EndTrial();
  } else {
    ExpectMessage(bytes);
  }
}

void Receiver::EndTrial() {
  if (sync_ == Sync::kBeforeProbe) {
    ExpectSync(Sync::kAfterProbe);
  } else if (++trial_ < options_->trials) {
    ExpectSync(Sync::kBeforeTrial);
  } else {
    ++step_;
    ExpectSync(Sync::kBeforeSize);
  }
}

void Receiver::OnPart(IOBufChain part, size_t offset) {
  if (message_bytes_ <= kLentBytesMax) {
    small_.Append(std::move(part));
    return;
  }
  // The buffer of the message before is free once the network has sent it.
  if (offset == 0 && (large_ == nullptr || !large_->writable() ||
                      large_->length() != message_bytes_)) {
    large_ = IOBuf::Create(message_bytes_);
    if (large_ == nullptr) {
      Abort(absl::ResourceExhaustedError("no memory for a message"));
      return;
    }
    large_->Append(message_bytes_);
  }
  part.CopyTo(std::span(large_->mutable_data() + offset, part.length()));
}

void Receiver::OnMessage() {
  ++messages_;
  if (message_bytes_ <= kLentBytesMax) {
    Send(std::exchange(small_, IOBufChain()));
  } else {
    Send(IOBufChain(large_->Clone()));
  }
  if (--left_ == 0) {
    EndTrial();
  } else {
    ExpectMessage(message_bytes_);
  }
}

}  // namespace ebbrt::netpipe
