// The driver of virtio entropy devices on PCI, of which the machine's pool gets
// something (entropy_pool.h).
//
// Cores: core 0. Blocks: as entropy_device.h says, for each device.
// Allocates: yes. Errors: a device that gives nothing is told on the console.
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_ENTROPY_DRIVER_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_ENTROPY_DRIVER_H_

#include <cstddef>

namespace ebbrt::platform::virtio {

// From all such devices of the machine; returns how many bytes that were.
size_t AddDeviceEntropy();

}  // namespace ebbrt::platform::virtio

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_ENTROPY_DRIVER_H_
