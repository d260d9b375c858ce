#include "core/net/link/faulty_nic.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/event/timer.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

class FaultyQueue final : public NicQueue, private NicReceiver {
 public:
  FaultyQueue(const NicFaults& faults, uint32_t number, NicReceiver& receiver)
      : faults_(faults), random_(faults.seed, number), receiver_(receiver) {
    arrival_.emplace([this] { Deliver(); });
  }
  // Its receiver is this queue.
  absl::Status Open(Nic& inside, uint32_t number) {
    absl::StatusOr<NicQueue*> queue = inside.OpenQueue(number, *this);
    if (!queue.ok()) return queue.status();
    inside_ = *queue;
    return absl::OkStatus();
  }

  bool Transmit(IOBufChain& frame, const TransmitRequest& request) override {
    return inside_->Transmit(frame, request);
  }
  void Flush() override { inside_->Flush(); }
  bool link_up() const override { return inside_->link_up(); }
  void Close() override {
    arrival_.reset();
    held_.clear();
    inside_->Close();
  }

 private:
  struct Held {
    IOBufChain frame;
    ReceiveReport report;
  };

  void OnFrame(IOBufChain frame, const ReceiveReport& report) override {
    if (random_.Chance(faults_.loss)) return;
    if (random_.Chance(faults_.duplicate)) {
      std::optional<IOBufChain> copy = frame.Clone();
      if (copy.has_value()) Schedule(*std::move(copy), report);
    }
    if (random_.Chance(faults_.corrupt)) {
      frame = Corrupted(frame);
      // Whoever looks will see it.
      Schedule(std::move(frame), {.checksum_good = false});
    } else {
      Schedule(std::move(frame), report);
    }
  }
  void OnFramesEnd() override { receiver_.OnFramesEnd(); }
  void OnTransmitReady() override { receiver_.OnTransmitReady(); }
  void OnLink(bool up) override { receiver_.OnLink(up); }

  IOBufChain Corrupted(const IOBufChain& frame) {
    std::unique_ptr<IOBuf> copy = IOBuf::Create(frame.length());
    if (copy == nullptr) return {};
    std::byte* at = copy->Append(frame.length());
    frame.CopyTo({at, frame.length()});
    at[random_.Below(frame.length())] ^=
        static_cast<std::byte>(1 << random_.Below(8));
    return IOBufChain(std::move(copy));
  }

  // Passes a frame up when it is due.
  void Schedule(IOBufChain frame, const ReceiveReport& report) {
    const Time now = Platform::Now();
    Time due = now + faults_.delay;
    if (faults_.bytes_per_second != 0) {
      line_free_ = std::max(line_free_, now) +
                   Duration(std::chrono::seconds(1)) * frame.length() /
                       faults_.bytes_per_second;
      due = line_free_ + faults_.delay;
    }
    if (random_.Chance(faults_.reorder)) {
      due += Duration(random_.Between(0, faults_.reorder_delay_max.count()));
    }
    if (due <= now && held_.empty()) {
      receiver_.OnFrame(std::move(frame), report);
      return;
    }
    if (held_.size() == faults_.frames_max) return;
    held_.emplace(due, Held{std::move(frame), report});
    arrival_->Set(held_.begin()->first);
  }

  void Deliver() {
    const Time now = Platform::Now();
    while (!held_.empty() && held_.begin()->first <= now) {
      Held next = std::move(held_.begin()->second);
      held_.erase(held_.begin());
      receiver_.OnFrame(std::move(next.frame), next.report);
    }
    receiver_.OnFramesEnd();
    if (!held_.empty()) arrival_->Set(held_.begin()->first);
  }

  const NicFaults faults_;
  Random random_;
  NicReceiver& receiver_;
  NicQueue* inside_ = nullptr;
  std::optional<Timer> arrival_;
  std::multimap<Time, Held> held_;
  Time line_free_{};
};

class FaultyNic final : public Nic {
 public:
  FaultyNic(std::unique_ptr<Nic> inside, const NicFaults& faults)
      : inside_(std::move(inside)),
        faults_(faults),
        queues_(inside_->facts().queue_count) {}

  const NicFacts& facts() const override { return inside_->facts(); }
  absl::StatusOr<NicQueue*> OpenQueue(uint32_t queue,
                                      NicReceiver& receiver) override {
    auto made = std::make_unique<FaultyQueue>(faults_, queue, receiver);
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
  const NicFaults faults_;
  std::vector<std::unique_ptr<FaultyQueue>> queues_;
};

}  // namespace

std::unique_ptr<Nic> WithFaults(std::unique_ptr<Nic> inside,
                                const NicFaults& faults) {
  return std::make_unique<FaultyNic>(std::move(inside), faults);
}

}  // namespace ebbrt
