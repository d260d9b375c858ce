// Exercises the machine's NICs with raw frames, as a peer on the host tells it
// (image/nic_test.py):
//   nic_guest [--cores=N] arp|echo|cost|entropy
// cost: the first card sends to the second, on one wire; prints instructions a
// frame, where the time stamp counter counts them (run_image --icount).
// entropy: how much the machine's devices have given of it.
#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/buf/iobuf_chain.h"
#include "core/ebb/ebb.h"
#include "core/event/event_loop.h"
#include "core/event/node.h"
#include "core/event/timer.h"
#include "core/net/nic.h"
#include "platform/baremetal/nic_guest_frames.h"
#include "platform/baremetal/nics.h"
#include "platform/baremetal/virtio/entropy_driver.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using guest::Frame;

constexpr Duration kPatience = std::chrono::seconds(20);

// What the frames that come in are for.
class Receiver : public NicReceiver {
 public:
  virtual ~Receiver() = default;
  void OnFramesEnd() override { queue->Flush(); }
  void OnTransmitReady() override {}
  void OnLink(bool up) override {
    std::printf("link %s\n", up ? "up" : "down");
    std::fflush(stdout);
  }

  Nic* nic = nullptr;
  NicQueue* queue = nullptr;
};

// Asks who has QEMU's gateway, and waits for the answer.
class ArpReceiver final : public Receiver {
 public:
  void OnFrame(IOBufChain chain, const ReceiveReport&) override {
    const std::optional<MacAddress> answer =
        guest::ReadArpReply(guest::Flatten(chain));
    if (!answer) return;
    const auto& b = answer->bytes;
    std::printf("arp %02x:%02x:%02x:%02x:%02x:%02x\n", b[0], b[1], b[2], b[3],
                b[4], b[5]);
    Exit(0);
  }
};

// Does what frames of the test's type ask for.
class EchoReceiver final : public Receiver {
 public:
  // `all` has those of all queues.
  EchoReceiver(const std::vector<std::unique_ptr<Receiver>>& all,
               uint32_t number)
      : all_(all), number_(number) {}

  void OnFrame(IOBufChain chain, const ReceiveReport&) override {
    const Frame frame = guest::Flatten(chain);
    if (IsAstray(frame)) ++strays_;
    switch (guest::RequestIn(frame)) {
      case guest::Request::kEcho:
        ++echoes_;
        Echo(std::move(chain));
        break;
      case guest::Request::kSegments:
        Send(guest::SegmentsFor(frame, *nic));
        break;
      case guest::Request::kQuit:
        TellCounts();
        Exit(0);
        break;
      case guest::Request::kNone:
        break;
    }
  }

  void OnTransmitReady() override {
    while (!waiting_.empty()) {
      if (!queue->Transmit(waiting_.front(), {})) return;
      waiting_.erase(waiting_.begin());
    }
    queue->Flush();
  }

 private:
  static constexpr size_t kWaitingMax = 1024;

  // The very buffers that came in go out again.
  void Echo(IOBufChain chain) {
    guest::TurnRound(chain);
    if ((waiting_.empty() && queue->Transmit(chain, {})) ||
        waiting_.size() == kWaitingMax) {
      return;
    }
    waiting_.push_back(std::move(chain));
  }
  void Send(guest::Outgoing outgoing) {
    const bool taken = queue->Transmit(outgoing.frame, outgoing.request);
    EBBRT_CHECK(taken);
  }

  // Whether it came elsewhere than the NIC says that its flow does.
  bool IsAstray(const Frame& frame) const {
    const auto flow = guest::TcpFlowOf(frame);
    if (!flow) return false;
    const uint32_t queue_of = nic->QueueOf(flow->source, flow->destination,
                                           flow->source_port,
                                           flow->destination_port);
    return queue_of != Nic::kQueueUnknown && queue_of != number_;
  }

  // Whoever asks has had all answers.
  void TellCounts() {
    uint32_t strays = 0;
    for (size_t i = 0; i < all_.size(); ++i) {
      const auto& each = static_cast<EchoReceiver&>(*all_[i]);
      std::printf("queue %zu echoes %u\n", i, each.echoes_.load());
      strays += each.strays_.load();
    }
    std::printf("strays %u\n", strays);
  }

  const std::vector<std::unique_ptr<Receiver>>& all_;
  std::vector<IOBufChain> waiting_;
  const uint32_t number_;
  std::atomic<uint32_t> echoes_{0};
  std::atomic<uint32_t> strays_{0};
};

// Counts what a frame takes to be received: from the first of a burst on.
class CostReceiver final : public Receiver {
 public:
  void OnFrame(IOBufChain, const ReceiveReport&) override {
    if (frames_++ == 0) begin_ = Platform::Cycles();
  }
  void OnFramesEnd() override {
    if (frames_ > 1) {
      cycles += Platform::Cycles() - begin_;
      counted += frames_ - 1;
    }
    received += frames_;
    frames_ = 0;
    if (received >= awaited) ActivateContext(context);
  }

  uint64_t received = 0;
  uint64_t awaited = ~uint64_t{0};
  uint64_t cycles = 0;
  uint64_t counted = 0;
  EventContext context;

 private:
  uint64_t frames_ = 0;
  uint64_t begin_ = 0;
};

struct Guest {
  std::vector<std::unique_ptr<Nic>> nics;
  std::vector<std::unique_ptr<Receiver>> receivers;  // By core.
  std::atomic<size_t> opened{0};
  std::string_view mode;
  std::optional<Timer> patience;
};

void OpenQueues(Guest& guest) {
  Nic& nic = *guest.nics.front();
  const uint32_t queues = nic.facts().queue_count;
  guest.receivers.resize(queues);
  for (uint32_t i = 0; i < queues; ++i) {
    SpawnOn(CoreId(i), [&guest, &nic, i] {
      std::unique_ptr<Receiver>& receiver = guest.receivers[i];
      if (guest.mode == "arp") {
        receiver = std::make_unique<ArpReceiver>();
      } else {
        receiver = std::make_unique<EchoReceiver>(guest.receivers, i);
      }
      receiver->nic = &nic;
      auto queue = nic.OpenQueue(i, *receiver);
      if (!queue.ok()) {
        std::printf("queue %u: %s\n", i, queue.status().ToString().c_str());
        Exit(1);
        return;
      }
      receiver->queue = *queue;
      if (guest.mode == "arp") {
        IOBufChain request = guest::ArpRequest(nic);
        EBBRT_CHECK(receiver->queue->Transmit(request, {}));
        receiver->queue->Flush();
      }
      if (guest.opened.fetch_add(1) + 1 == guest.receivers.size()) {
        std::printf("all queues open\n");
        std::fflush(stdout);
      }
    });
  }
}

// Bursts of frames from one card to the other.
void MeasureBursts(NicQueue& from, CostReceiver& to, size_t frame_bytes) {
  constexpr size_t kBurst = 32;
  constexpr size_t kBursts = 50;
  to.cycles = to.counted = 0;
  uint64_t cycles = 0;
  for (size_t i = 0; i < kBursts; ++i) {
    std::vector<IOBufChain> burst;
    for (size_t j = 0; j < kBurst; ++j) {
      burst.emplace_back(
          IOBuf::CopyOf(std::string(frame_bytes, static_cast<char>(0xff))));
    }
    to.awaited = to.received + kBurst;
    const uint64_t begin = Platform::Cycles();
    for (IOBufChain& frame : burst) {
      EBBRT_CHECK(from.Transmit(frame, {}));
    }
    from.Flush();
    cycles += Platform::Cycles() - begin;
    EBBRT_CHECK(SaveContext(to.context));
  }
  std::printf("cost of %zu bytes: transmit %.1f receive %.1f\n", frame_bytes,
              static_cast<double>(cycles) / (kBurst * kBursts),
              static_cast<double>(to.cycles) /
                  static_cast<double>(to.counted));
}

void MeasureCosts(Guest& guest) {
  EBBRT_CHECK(guest.nics.size() == 2);
  auto sender = std::make_unique<CostReceiver>();
  auto receiver = std::make_unique<CostReceiver>();
  NicQueue* const from = *guest.nics[0]->OpenQueue(0, *sender);
  EBBRT_CHECK(guest.nics[1]->OpenQueue(0, *receiver).ok());
  CostReceiver& to = *receiver;
  guest.receivers.push_back(std::move(sender));
  guest.receivers.push_back(std::move(receiver));
  for (size_t bytes : {60, 1514}) MeasureBursts(*from, to, bytes);
  Exit(0);
}

void Start(Guest& guest) {
  if (guest.mode == "entropy") {
    std::printf("%zu bytes of entropy\n",
                platform::virtio::AddDeviceEntropy());
    Exit(0);
    return;
  }
  guest.nics =
      platform::FindNics({.queues_max = Platform::CoreCount()});
  for (const std::unique_ptr<Nic>& nic : guest.nics) {
    const NicFacts& facts = nic->facts();
    const auto& b = facts.address.bytes;
    std::printf(
        "nic %.*s %02x:%02x:%02x:%02x:%02x:%02x queues=%u mtu=%zu "
        "checksum=%d segmentation=%zu\n",
        static_cast<int>(facts.name.size()), facts.name.data(), b[0], b[1],
        b[2], b[3], b[4], b[5], facts.queue_count, facts.mtu,
        facts.transmit_checksum, facts.segmentation_bytes_max);
  }
  std::fflush(stdout);
  if (guest.nics.empty()) {
    Exit(3);
    return;
  }
  guest.patience.emplace([] {
    std::printf("nobody has answered\n");
    Exit(4);
  });
  guest.patience->SetAfter(kPatience);
  if (guest.mode == "cost") {
    MeasureCosts(guest);
  } else {
    OpenQueues(guest);
  }
}

int Run(uint32_t cores, std::string_view mode) {
  return RunNode({.core_count = cores}, [mode] {
    // An Ebb, so that it goes with the node, once all loops have ended.
    auto guest = std::make_unique<Guest>();
    guest->mode = mode;
    Start(*CreateSharedEbb(std::move(guest)));
  });
}

}  // namespace
}  // namespace ebbrt

int main(int count, char** arguments) {
  uint32_t cores = 1;
  std::string_view mode;
  for (std::string_view word : std::span(arguments, count).subspan(1)) {
    constexpr std::string_view kCores = "--cores=";
    if (word.starts_with(kCores)) {
      word.remove_prefix(kCores.size());
      std::from_chars(word.data(), word.data() + word.size(), cores);
    } else {
      mode = word;
    }
  }
  return ebbrt::Run(cores, mode);
}
