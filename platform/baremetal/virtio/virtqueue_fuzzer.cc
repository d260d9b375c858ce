// libFuzzer is the device of a virtqueue: it writes what it likes into the
// rings while the driver goes on, and the driver must neither believe it nor
// lose count.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>

#include "core/base/check.h"
#include "core/testing/choices.h"
#include "platform/baremetal/virtio/device_queue.h"
#include "platform/baremetal/virtio/virtqueue.h"

namespace ebbrt::platform::virtio {
namespace {

using ebbrt::testing::Choices;

void Scribble(std::span<std::byte> memory, Choices& choices) {
  memory[choices.Next16() % memory.size()] = std::byte{choices.Next()};
}

void Exercise(Choices choices) {
  const uint8_t kind = choices.Next();
  const Virtqueue::Options options = {
      .size = static_cast<uint16_t>(1 << kind % 4),
      .event_index = (kind & 16) != 0,
      .indirect_max = static_cast<uint16_t>((kind & 32) != 0 ? 4 : 0)};
  DmaMemory memory = DmaMemory::Allocate(Virtqueue::MemoryBytes(options));
  Virtqueue driver(options,
                   memory.Take(Virtqueue::MemoryBytes(options), 4096));
  testing::DeviceQueue device(
      options.size,
      {driver.descriptors_address(), driver.available_address(),
       driver.used_address()},
      options.event_index);
  std::byte buffer[64];
  std::set<uint16_t> in_flight;
  auto add = [&](uint8_t choice) {
    DmaRun runs[4];
    const size_t count = 1 + choice % 4;
    if (!driver.HasRoom(count)) return;
    for (DmaRun& run : runs) {
      run = {reinterpret_cast<uint64_t>(buffer), sizeof(buffer)};
    }
    const size_t readable = choice / 4 % (count + 1);
    const std::span all(runs, count);
    const uint16_t head =
        driver.Add(all.first(readable), all.subspan(readable));
    EBBRT_CHECK(head < options.size && in_flight.insert(head).second);
  };
  while (!choices.empty()) {
    switch (choices.Next() % 8) {
      case 0:
        add(choices.Next());
        break;
      case 1:
        driver.Publish();
        break;
      case 2:
        if (const auto used = driver.TakeUsed()) {
          EBBRT_CHECK(in_flight.erase(used->head) == 1);
          EBBRT_CHECK(used->bytes <= 4 * sizeof(buffer));
        }
        break;
      case 3:
        driver.WantInterrupt(
            static_cast<Virtqueue::Interrupt>(choices.Next() % 3));
        break;
      case 4:
        device.Complete(choices.Next(), choices.Next16());
        break;
      case 5:
        Scribble(device.used_ring(), choices);
        break;
      case 6:
        Scribble(device.descriptors(), choices);
        break;
      default:
        Scribble(device.available_ring(), choices);
        break;
    }
    EBBRT_CHECK(driver.in_flight() == in_flight.size());
  }
}

}  // namespace
}  // namespace ebbrt::platform::virtio

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  ebbrt::platform::virtio::Exercise(ebbrt::testing::Choices({data, bytes}));
  return 0;
}
