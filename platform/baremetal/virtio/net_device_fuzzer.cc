// libFuzzer is a virtio network device: it chooses what it says of itself, what
// it writes into rings and buffers, and what it says to commands.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "core/testing/choices.h"
#include "core/testing/run_on_cores.h"
#include "platform/baremetal/nic/hostile_receiver.h"
#include "platform/baremetal/virtio/fake_transport.h"
#include "platform/baremetal/virtio/net_device.h"

namespace ebbrt::platform::virtio {
namespace {

using ebbrt::testing::Choices;
using platform::testing::HostileReceiver;
using testing::DeviceQueue;
using testing::FakeInterrupts;
using testing::FakeTransport;

constexpr uint32_t kPairs = 2;
constexpr uint64_t kAll =
    kVersion1 | kEventIndex | kIndirect | kNetChecksum | kNetGuestChecksum |
    kNetGuestTso4 | kNetHostTso4 | kNetMergeable | kNetMac | kNetStatus |
    kNetMtu | kNetControl | kNetMultiqueue;

FakeTransport::Options DrawOptions(Choices& choices) {
  FakeTransport::Options options;
  const uint8_t bits = choices.Next();
  options.features = kAll & ~uint64_t{choices.Next32()};
  // What it cannot do without is mostly there.
  if (bits % 16 != 0) options.features |= kVersion1;
  options.is_legacy = bits % 16 == 1;
  options.queue_size = static_cast<uint16_t>(
      bits >= 32 ? 32 << bits % 3 : choices.Next16());
  options.queue_count = choices.Next() % 8;
  options.interrupt_count = 1 + choices.Next() % 7;
  return options;
}

class Exercise {
 public:
  explicit Exercise(std::span<const uint8_t> bytes) : choices_(bytes) {}

  void Run() {
    auto owned = std::make_unique<FakeTransport>(DrawOptions(choices_));
    device_ = owned.get();
    for (uint8_t& byte : device_->config) byte = choices_.Next() % 8;
    device_->on_notify = [this](uint16_t queue) { OnNotify(queue); };
    auto made = NetDevice::Create(
        std::move(owned), "hostile",
        {.queues_max = kPairs, .receive_buffers = 16 + choices_.Next() % 8u});
    if (!made.ok()) return;
    nic_ = *std::move(made);
    const uint32_t pairs = nic_->facts().queue_count;
    for (uint32_t pair = 0; pair < pairs; ++pair) Open(pair);
    while (!choices_.empty()) Step();
    device_->on_notify = nullptr;
    // Frames may be kept for longer than the device.
    if (choices_.Flip()) receiver_.DropOne();
    receiver_.SetQueue(nullptr, 1);
    nic_.reset();
  }

 private:
  void Open(uint32_t pair) {
    auto queue = nic_->OpenQueue(pair, receiver_);
    if (queue.ok()) receiver_.SetQueue(*queue, nic_->facts().buffers_max);
  }

  // Commands are done in some way, as a driver waits for that.
  void OnNotify(uint16_t number) {
    if (number != 2 * device_->config[kNetConfigPairsMax]) return;
    DeviceQueue& queue = device_->queues.at(number);
    const auto chain = Take(queue);
    if (!chain) return;
    const std::byte outcome{static_cast<uint8_t>(choices_.Next() % 2)};
    if (!chain->writable.empty()) chain->writable.front().front() = outcome;
    const bool is_honest = choices_.Next() % 8 != 0;
    queue.Complete(is_honest ? chain->head : LieAboutHead(),
                   choices_.Number());
  }

  // What a driver shows to a device that has not lied makes sense.
  std::optional<DeviceQueue::Chain> Take(DeviceQueue& queue) {
    return has_lied_ ? queue.TakeIfSound() : queue.Take();
  }

  uint16_t LieAboutHead() {
    has_lied_ = true;
    return choices_.Next16();
  }

  DeviceQueue& DrawQueue() {
    auto at = device_->queues.begin();
    std::advance(at, choices_.Next() % device_->queues.size());
    return at->second;
  }

  void Step() {
    DeviceQueue& queue = DrawQueue();
    switch (choices_.Next() % 8) {
      case 0:
      case 1:
      case 2:
        Use(queue);
        break;
      case 3: {
        has_lied_ = true;
        const std::span<std::byte> used = queue.used_ring();
        used[choices_.Next16() % used.size()] = std::byte{choices_.Next()};
        break;
      }
      case 4:
        receiver_.Send();
        break;
      case 5:
        receiver_.DropOne();
        break;
      case 6:
        TakeTurns();
        break;
      default:
        device_->config[choices_.Next() % 12] = choices_.Next();
        break;
    }
    FakeInterrupts& interrupts = device_->interrupts();
    interrupts.Raise(choices_.Next() % interrupts.count());
  }

  // Uses a chain, or several for one frame.
  void Use(DeviceQueue& queue) {
    const uint8_t parts = 1 + choices_.Next() % 4;
    for (uint8_t i = 0; i < parts; ++i) {
      const auto chain = Take(queue);
      if (!chain) break;
      for (std::span<std::byte> part : chain->writable) {
        const auto drawn = choices_.Take(choices_.Next() % 16);
        std::copy_n(drawn.begin(), std::min(drawn.size(), part.size()),
                    part.begin());
      }
      if (i == 0 && chain->writable_bytes() >= sizeof(NetHeader)) {
        chain->writable.front()[std::min<size_t>(
            10, chain->writable.front().size() - 1)] = std::byte{parts};
      }
      const bool is_honest = choices_.Next() % 16 != 0;
      queue.Complete(is_honest ? chain->head : LieAboutHead(),
                     choices_.Flip() ? choices_.Next16() % 2100
                                     : choices_.Number());
    }
  }

  // Has the loop poll for a while.
  void TakeTurns() {
    for (uint8_t i = choices_.Next() % 4; i != 0; --i) {
      EventContext context;
      Spawn([&] { ActivateContext(context); });
      EBBRT_CHECK(SaveContext(context));
    }
  }

  Choices choices_;
  HostileReceiver receiver_{choices_,
                            NetQueue::kPartsMax * ReceivePool::kBufferBytes};
  FakeTransport* device_ = nullptr;
  bool has_lied_ = false;
  std::unique_ptr<Nic> nic_;
};

}  // namespace
}  // namespace ebbrt::platform::virtio

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::testing::RunOnCores(1, [data, bytes] {
    ebbrt::platform::virtio::Exercise({data, bytes}).Run();
  });
  return 0;
}
