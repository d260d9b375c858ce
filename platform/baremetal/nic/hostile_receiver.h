// For fuzzers of drivers: a receiver that reads every byte that it is given,
// keeps some of the frames, and sends from within its calls.
//
// Cores: the queue's. Ownership: refers to the choices, which outlive it.
#ifndef EBBRT_PLATFORM_BAREMETAL_NIC_HOSTILE_RECEIVER_H_
#define EBBRT_PLATFORM_BAREMETAL_NIC_HOSTILE_RECEIVER_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/buf/iobuf_chain.h"
#include "core/net/nic.h"
#include "core/testing/choices.h"

namespace ebbrt::platform::testing {

class HostileReceiver final : public NicReceiver {
 public:
  static constexpr size_t kKeptMax = 64;

  // No frame may be longer than `frame_bytes_max`.
  HostileReceiver(ebbrt::testing::Choices& choices, size_t frame_bytes_max)
      : choices_(choices), frame_bytes_max_(frame_bytes_max) {}

  // What it sends by, from when it is open.
  void SetQueue(NicQueue* queue, size_t buffers_max) {
    queue_ = queue;
    buffers_max_ = buffers_max;
  }

  void OnFrame(IOBufChain frame, const ReceiveReport&) override {
    EBBRT_CHECK(frame.length() >= 14 && frame.length() <= frame_bytes_max_);
    size_t sum = 0;
    for (const IOBuf& buffer : frame) {
      for (std::byte byte : buffer.bytes()) sum += static_cast<size_t>(byte);
    }
    sum_ = sum;
    if (choices_.Flip() && kept_.size() < kKeptMax) {
      kept_.push_back(std::move(frame));
    }
  }
  void OnFramesEnd() override { Send(); }
  void OnTransmitReady() override { Send(); }
  void OnLink(bool) override {}

  // A frame of drawn length, in some buffers, that asks for whatever sense
  // there is in it.
  void Send() {
    if (queue_ == nullptr) return;
    const size_t count = 1 + choices_.Next() % buffers_max_;
    IOBufChain frame(Buffer(64 + choices_.Number() % 3000));
    for (size_t i = 1; i < count; ++i) {
      frame.PushBack(Buffer(1 + choices_.Number() % 3000));
    }
    TransmitRequest request;
    const uint8_t kind = choices_.Next() % 4;
    if (kind != 0) request = {.checksum_begin = 34, .checksum_at = 50};
    if (kind == 3) {
      request.header_bytes = 54;
      request.segment_bytes = static_cast<uint16_t>(1 + choices_.Next16());
    }
    queue_->Transmit(frame, request);
    if (choices_.Flip()) queue_->Flush();
  }
  void DropOne() {
    if (kept_.empty()) return;
    std::swap(kept_[choices_.Next() % kept_.size()], kept_.back());
    kept_.pop_back();
  }

 private:
  static std::unique_ptr<IOBuf> Buffer(size_t bytes) {
    std::unique_ptr<IOBuf> buffer = IOBuf::Create(bytes);
    std::memset(buffer->Append(bytes), 0x11, bytes);
    return buffer;
  }

  ebbrt::testing::Choices& choices_;
  const size_t frame_bytes_max_;
  NicQueue* queue_ = nullptr;
  size_t buffers_max_ = 1;
  volatile size_t sum_ = 0;
  std::vector<IOBufChain> kept_;
};

}  // namespace ebbrt::platform::testing

#endif  // EBBRT_PLATFORM_BAREMETAL_NIC_HOSTILE_RECEIVER_H_
