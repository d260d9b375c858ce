// What a driver of a network interface controller is: the functions of PCI that
// it claims, and how it makes a Nic of one.
//
// Cores: one. Errors: a status if the device is not what it says, or memory is
// refused; then it has been left as harmless as it was found.
#ifndef EBBRT_PLATFORM_BAREMETAL_NIC_NIC_DRIVER_H_
#define EBBRT_PLATFORM_BAREMETAL_NIC_NIC_DRIVER_H_

#include <concepts>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "core/net/nic.h"
#include "platform/baremetal/pci/function.h"

namespace ebbrt::platform {

struct NicOptions {
  // No more queue pairs than this; a stack wants one a core.
  uint32_t queues_max = 1;
  // The memory a queue receives into, in buffers of ReceivePool::kBufferBytes;
  // more than kReceiveBuffersMax count as that.
  static constexpr uint32_t kReceiveBuffersMin = 16;
  static constexpr uint32_t kReceiveBuffersMax = 512;
  uint32_t receive_buffers = kReceiveBuffersMax;
};

template <typename T>
concept NicDriver =
    requires(const pci::Function& function, const NicOptions& options) {
      // Whether this is one of its devices. Touches nothing.
      { T::Claims(function) } -> std::same_as<bool>;
      // Resets the device and makes a Nic of it, whose queues are closed yet.
      // REQUIRES: Claims(function).
      {
        T::Probe(function, options)
      } -> std::same_as<absl::StatusOr<std::unique_ptr<Nic>>>;
    };

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_BAREMETAL_NIC_NIC_DRIVER_H_
