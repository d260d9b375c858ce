// The interrupts of one device, however it has them: as messages, each to a
// core of its own, or as one line.
//
// Cores: as said of each. Ownership: the device's. Blocks: no.
// Bound: count().
// Errors: kOutOfRange, kAlreadyExists; kResourceExhausted where the core has no
// vector left; kUnavailable where no interrupt reaches the core.
#ifndef EBBRT_PLATFORM_BAREMETAL_DEVICES_DEVICE_INTERRUPTS_H_
#define EBBRT_PLATFORM_BAREMETAL_DEVICES_DEVICE_INTERRUPTS_H_

#include <cstdint>

#include "absl/status/status.h"

namespace ebbrt::platform {

// Returns whether the device asked for it, which on a shared line others may
// have done. It may be called for nothing.
using DeviceHandler = bool (*)(void* context);

class DeviceInterrupts {
 public:
  virtual ~DeviceInterrupts() = default;

  // How many the device can tell apart; at least 1.
  virtual uint32_t count() const = 0;
  // Whether they are messages: each is sent once. A line stays active until the
  // handler has served the device.
  virtual bool are_messages() const = 0;

  // Has interrupt `index` of the device call the handler, on the calling core,
  // as an interrupt of the platform.
  virtual absl::Status Bind(uint32_t index, DeviceHandler handler,
                            void* context) = 0;
  // No more calls. From that core, or when its loop has ended. What is not
  // bound is left alone.
  virtual void Unbind(uint32_t index) = 0;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_BAREMETAL_DEVICES_DEVICE_INTERRUPTS_H_
