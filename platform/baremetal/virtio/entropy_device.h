// A virtio entropy device: what it gives, once.
//
// Cores: one. Ownership: the caller's; the device is reset before it returns,
// as its memory goes. Blocks: kEntropyPollsMax looks at most. Allocates: yes.
// Errors: kUnavailable where it is not as it says or gives nothing.
// Source: virtio 1.2, section 5.4.
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_ENTROPY_DEVICE_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_ENTROPY_DEVICE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "platform/baremetal/virtio/transport.h"

namespace ebbrt::platform::virtio {

// Some hosts have to gather it first.
inline constexpr uint32_t kEntropyPollsMax = 2'000'000;

// At most `bytes_max` bytes, at least one. REQUIRES: 0 < bytes_max <= 4096.
absl::StatusOr<std::string> ReadEntropy(Transport& transport,
                                        size_t bytes_max);

}  // namespace ebbrt::platform::virtio

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_ENTROPY_DEVICE_H_
