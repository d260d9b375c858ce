#include "core/net/link/relay.h"

#include <utility>

#include "core/base/check.h"
#include "core/net/wire/ethernet.h"

namespace ebbrt {

// One NIC, and what it receives.
class Relay::Side final : public NicReceiver {
 public:
  explicit Side(std::unique_ptr<Nic> nic) : nic_(std::move(nic)) {}
  ~Side() {
    if (queue_ != nullptr) queue_->Close();
  }

  // Until both are open, frames are lost.
  absl::Status Open(Side& other) {
    EBBRT_CHECK(nic_->facts().queue_count == 1);
    absl::StatusOr<NicQueue*> queue = nic_->OpenQueue(0, *this);
    if (!queue.ok()) return queue.status();
    queue_ = *queue;
    other_ = &other;
    return absl::OkStatus();
  }

  void OnFrame(IOBufChain frame, const ReceiveReport&) override {
    const bool sent = other_ != nullptr && other_->Send(frame);
    ++(sent ? counters.passed : counters.dropped);
  }
  void OnFramesEnd() override {
    if (other_ != nullptr && other_->queue_ != nullptr) {
      other_->queue_->Flush();
    }
  }
  // What there was no room for is lost, as on any wire.
  void OnTransmitReady() override {}
  void OnLink(bool) override {}

  Counters counters;

 private:
  bool Send(IOBufChain& frame) {
    const NicFacts& facts = nic_->facts();
    return queue_ != nullptr &&
           frame.length() <= facts.mtu + kEthernetHeaderBytes &&
           frame.buffer_count() <= facts.buffers_max &&
           queue_->Transmit(frame, {});
  }

  const std::unique_ptr<Nic> nic_;
  NicQueue* queue_ = nullptr;
  Side* other_ = nullptr;
};

Relay::Relay(std::unique_ptr<Nic> a, std::unique_ptr<Nic> b)
    : a_(std::make_unique<Side>(std::move(a))),
      b_(std::make_unique<Side>(std::move(b))) {}
Relay::~Relay() = default;

absl::StatusOr<std::unique_ptr<Relay>> Relay::Start(std::unique_ptr<Nic> a,
                                                    std::unique_ptr<Nic> b) {
  std::unique_ptr<Relay> relay(new Relay(std::move(a), std::move(b)));
  for (absl::Status opened : {relay->a_->Open(*relay->b_),
                              relay->b_->Open(*relay->a_)}) {
    if (!opened.ok()) return opened;
  }
  return relay;
}

const Relay::Counters& Relay::from_a() const { return a_->counters; }
const Relay::Counters& Relay::from_b() const { return b_->counters; }

}  // namespace ebbrt
