#include "platform/baremetal/virtio/entropy_device.h"

#include <optional>
#include <span>

#include "absl/status/status.h"
#include "core/base/check.h"
#include "platform/baremetal/devices/dma.h"
#include "platform/baremetal/virtio/virtqueue.h"

namespace ebbrt::platform::virtio {
namespace {

constexpr uint16_t kQueue = 0;
// One request is under way.
constexpr uint16_t kQueueSizeWanted = 2;

// Resets the device before what it may write to goes.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(Transport& transport) : transport_(transport) {}
  // One that goes on using memory that it was lent is beyond help.
  ~ResetAtEnd() { static_cast<void>(Reset(transport_)); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  Transport& transport_;
};

absl::StatusOr<size_t> AwaitBytes(Virtqueue& queue) {
  for (uint32_t i = 0; i < kEntropyPollsMax && !queue.broken(); ++i) {
    const std::optional<Virtqueue::Used> used = queue.TakeUsed();
    if (used && used->bytes > 0) return used->bytes;
    if (used) break;
    __builtin_ia32_pause();
  }
  return absl::UnavailableError("the device gives no entropy");
}

}  // namespace

absl::StatusOr<std::string> ReadEntropy(Transport& transport,
                                        size_t bytes_max) {
  EBBRT_CHECK(bytes_max > 0 && bytes_max <= kDmaPageBytes);
  const auto features = Negotiate(transport, kAnyLayout);
  if (!features.ok()) return features.status();
  const auto options =
      ChooseOptions(transport, kQueue, *features, kQueueSizeWanted, 0);
  if (!options) {
    return absl::UnavailableError("the device has no queue of a usable size");
  }
  const size_t bytes = Virtqueue::MemoryBytes(*options) + 2 * kDmaPageBytes;
  if (bytes > kDmaBytesMax) {
    return absl::UnavailableError("the device's queue is too long");
  }
  DmaMemory memory = DmaMemory::Allocate(bytes);
  if (memory.empty()) {
    return absl::ResourceExhaustedError("there is no memory for a queue");
  }
  Virtqueue queue(*options, memory.Take(Virtqueue::MemoryBytes(*options),
                                        RingLayout::kAlignment));
  const DmaPlace place = memory.Take(bytes_max, kDmaPageBytes);
  queue.WantInterrupt(Virtqueue::Interrupt::kNever);
  const ResetAtEnd reset(transport);
  if (!transport.StartQueue(kQueue, queue, 0)) {
    return absl::UnavailableError("the device does not take its queue");
  }
  GoLive(transport);
  const DmaRun writable[] = {
      {place.address, static_cast<uint32_t>(bytes_max)}};
  queue.Add({}, writable);
  if (queue.Publish()) transport.Notify(kQueue);
  const absl::StatusOr<size_t> count = AwaitBytes(queue);
  if (!count.ok()) return count.status();
  return std::string(reinterpret_cast<const char*>(place.data), *count);
}

}  // namespace ebbrt::platform::virtio
