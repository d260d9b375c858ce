#include "core/net/link/pcap_nic.h"

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/spin_lock.h"
#include "core/base/types.h"
#include "core/net/link/complete_frames.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

// Both in the machine's own order, which the magic number tells.
struct FileHeader {
  uint32_t magic = 0xa1b23c4d;  // Nanoseconds.
  uint16_t major = 2;
  uint16_t minor = 4;
  uint32_t unused[2] = {};
  uint32_t bytes_max = 1 << 18;
  uint32_t link_type = 1;  // Ethernet.
};
struct RecordHeader {
  uint32_t seconds;
  uint32_t nanoseconds;
  uint32_t bytes;
  uint32_t bytes_on_wire;
};

class Writer {
 public:
  explicit Writer(PcapSink sink) : sink_(std::move(sink)) {
    const FileHeader header;
    sink_(std::as_bytes(std::span(&header, 1)));
  }
  void Write(const IOBufChain& frame) {
    const int64_t now = Platform::Now().time_since_epoch().count();
    constexpr int64_t kSecond = 1'000'000'000;
    const auto bytes = static_cast<uint32_t>(frame.length());
    const RecordHeader header = {static_cast<uint32_t>(now / kSecond),
                                 static_cast<uint32_t>(now % kSecond), bytes,
                                 bytes};
    std::scoped_lock guard(lock_);
    sink_(std::as_bytes(std::span(&header, 1)));
    for (const IOBuf& buffer : frame) sink_(buffer.bytes());
  }

 private:
  SpinLock lock_;
  const PcapSink sink_;
};

class PcapQueue final : public NicQueue, private NicReceiver {
 public:
  PcapQueue(Writer& writer, NicReceiver& receiver)
      : writer_(writer), receiver_(receiver) {}
  absl::Status Open(Nic& inside, uint32_t number) {
    absl::StatusOr<NicQueue*> queue = inside.OpenQueue(number, *this);
    if (!queue.ok()) return queue.status();
    inside_ = *queue;
    return absl::OkStatus();
  }

  bool Transmit(IOBufChain& frame, const TransmitRequest& request) override {
    std::vector<std::unique_ptr<IOBuf>> complete;
    CompleteFrames(frame, request, [&](std::unique_ptr<IOBuf> one) {
      complete.push_back(std::move(one));
    });
    if (!inside_->Transmit(frame, request)) return false;
    for (auto& one : complete) writer_.Write(IOBufChain(std::move(one)));
    return true;
  }
  void Flush() override { inside_->Flush(); }
  bool link_up() const override { return inside_->link_up(); }
  void Close() override { inside_->Close(); }

 private:
  void OnFrame(IOBufChain frame, const ReceiveReport& report) override {
    writer_.Write(frame);
    receiver_.OnFrame(std::move(frame), report);
  }
  void OnFramesEnd() override { receiver_.OnFramesEnd(); }
  void OnTransmitReady() override { receiver_.OnTransmitReady(); }
  void OnLink(bool up) override { receiver_.OnLink(up); }

  Writer& writer_;
  NicReceiver& receiver_;
  NicQueue* inside_ = nullptr;
};

class PcapNic final : public Nic {
 public:
  PcapNic(std::unique_ptr<Nic> inside, PcapSink sink)
      : inside_(std::move(inside)),
        writer_(std::move(sink)),
        queues_(inside_->facts().queue_count) {}

  const NicFacts& facts() const override { return inside_->facts(); }
  absl::StatusOr<NicQueue*> OpenQueue(uint32_t queue,
                                      NicReceiver& receiver) override {
    auto made = std::make_unique<PcapQueue>(writer_, receiver);
    absl::Status opened = made->Open(*inside_, queue);
    if (!opened.ok()) return opened;
    queues_[queue] = std::move(made);
    return queues_[queue].get();
  }
  uint32_t QueueOf(uint32_t source, uint32_t destination, uint16_t source_port,
                   uint16_t destination_port) const override {
    return inside_->QueueOf(source, destination, source_port,
                            destination_port);
  }

 private:
  const std::unique_ptr<Nic> inside_;
  Writer writer_;
  std::vector<std::unique_ptr<PcapQueue>> queues_;
};

}  // namespace

std::unique_ptr<Nic> WithPcap(std::unique_ptr<Nic> inside, PcapSink sink) {
  return std::make_unique<PcapNic>(std::move(inside), std::move(sink));
}

}  // namespace ebbrt
