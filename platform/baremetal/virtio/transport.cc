#include "platform/baremetal/virtio/transport.h"

#include <algorithm>
#include <bit>

#include "absl/status/status.h"

namespace ebbrt::platform::virtio {
namespace {

void AddStatus(Transport& transport, uint8_t bits) {
  transport.WriteStatus(
      static_cast<uint8_t>(transport.ReadStatus() | bits));
}

}  // namespace

bool Reset(Transport& transport) {
  transport.WriteStatus(0);
  for (uint32_t i = 0; i < kResetPollsMax; ++i) {
    if (transport.ReadStatus() == 0) return true;
    __builtin_ia32_pause();
  }
  return false;
}

absl::StatusOr<uint64_t> Negotiate(Transport& transport, uint64_t wanted) {
  if (!Reset(transport)) {
    return absl::UnavailableError("the device does not reset itself");
  }
  AddStatus(transport, kAcknowledge);
  AddStatus(transport, kDriver);
  uint64_t features = transport.ReadFeatures();
  if (transport.is_legacy()) {
    features &= wanted & ~kVersion1;
    transport.WriteFeatures(features);
    return features;
  }
  if ((features & kVersion1) == 0) {
    return absl::UnavailableError("the device is of no known version");
  }
  features &= wanted | kVersion1;
  transport.WriteFeatures(features);
  AddStatus(transport, kFeaturesOk);
  if ((transport.ReadStatus() & kFeaturesOk) == 0) {
    return absl::UnavailableError("the device does not take the features");
  }
  return features;
}

void GoLive(Transport& transport) { AddStatus(transport, kDriverOk); }

std::optional<Virtqueue::Options> ChooseOptions(Transport& transport,
                                                uint16_t queue,
                                                uint64_t features,
                                                uint16_t size_max,
                                                uint16_t indirect_max) {
  uint16_t size = transport.QueueSizeMax(queue);
  if (size == 0) return std::nullopt;
  if (transport.chooses_queue_size()) {
    size = std::bit_floor(std::min(size, size_max));
  } else if (!std::has_single_bit(size) || size > kQueueSizeMax) {
    return std::nullopt;
  }
  return Virtqueue::Options{
      .size = size,
      .event_index = (features & kEventIndex) != 0,
      .indirect_max =
          (features & kIndirect) != 0 && size <= size_max ? indirect_max
                                                          : uint16_t{0}};
}

}  // namespace ebbrt::platform::virtio
