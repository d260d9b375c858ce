// What the NICs of Linux ask the kernel about its network devices.
//
// Cores: any. Blocks: for a system call. Errors: as absl::ErrnoToStatus; the
// message names the device.
#ifndef EBBRT_PLATFORM_LINUX_NIC_DEVICE_H_
#define EBBRT_PLATFORM_LINUX_NIC_DEVICE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/net/nic.h"

namespace ebbrt::nic {

// Of the last system call that failed.
absl::Status DeviceError(const std::string& device, const char* what);

// Whether it can be a device's name.
bool IsDeviceName(const std::string& device);

absl::StatusOr<size_t> MtuOf(const std::string& device);

// One that no device has by its making: locally administered, at random.
MacAddress RandomMac();

}  // namespace ebbrt::nic

#endif  // EBBRT_PLATFORM_LINUX_NIC_DEVICE_H_
