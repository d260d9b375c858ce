// One of Intel's gigabit controllers as a Nic, with one pair of queues.
//
// Cores: made on one; OpenQueue on the queue's own. Ownership: owns its device,
// which is reset before its memory goes. Blocks: for a reset,
// kResetPollsMax looks at most. Allocates: when made. Bound: NicOptions.
// Errors: kUnavailable where the device is not as it should be.
// Source: 8254x Software Developer's Manual, chapter 14 (initialization); 82574
// datasheet, sections 4.6 and 7.4.
#ifndef EBBRT_PLATFORM_BAREMETAL_INTEL_DEVICE_H_
#define EBBRT_PLATFORM_BAREMETAL_INTEL_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/net/nic.h"
#include "platform/baremetal/devices/device_interrupts.h"
#include "platform/baremetal/devices/registers.h"
#include "platform/baremetal/intel/queue.h"
#include "platform/baremetal/nic/nic_driver.h"

namespace ebbrt::platform::intel {

// How the device tells of things.
enum class Signalling {
  // By one interrupt for all, whose cause is a register.
  kCauses,
  // By MSI-X, one message for the queues and one for the rest (82574).
  kMessages,
};

class Device final : public Nic {
 public:
  static constexpr uint32_t kResetPollsMax = 1'000'000;

  // What there is of a device: its registers, and what they belong to.
  struct Parts {
    Registers registers;
    std::unique_ptr<DeviceInterrupts> interrupts;
    Signalling signalling;
  };

  static absl::StatusOr<std::unique_ptr<Nic>> Create(
      Parts parts, std::string name, const NicOptions& options);
  ~Device() override;

  const NicFacts& facts() const override { return facts_; }
  absl::StatusOr<NicQueue*> OpenQueue(uint32_t queue,
                                      NicReceiver& receiver) override;

 private:
  Device(Parts parts, std::string name)
      : parts_(std::move(parts)), name_(std::move(name)) {}

  // False if it does not come back.
  bool Reset();
  absl::Status ReadAddress();
  void StartReceiver();
  void StartTransmitter();
  absl::Status BindInterrupts();
  void RouteMessages();
  uint32_t QueueCauses() const;

  static bool OnAnyCause(void* device);
  static bool OnQueueMessage(void* device);
  static bool OnOtherMessage(void* device);
  void CheckLink();

  const Parts parts_;
  const std::string name_;
  NicFacts facts_;
  std::unique_ptr<Queue> queue_;
};

}  // namespace ebbrt::platform::intel

#endif  // EBBRT_PLATFORM_BAREMETAL_INTEL_DEVICE_H_
