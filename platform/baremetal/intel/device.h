// One of Intel's gigabit controllers as a Nic, with a pair of queues; the 82574
// has two, where there are cores and messages for them, and spreads TCP flows
// over them by a hash (RSS).
//
// Cores: made on one; OpenQueue on the queue's own. Ownership: owns its device,
// which is reset before its memory goes. Blocks: for a reset,
// kResetPollsMax looks at most. Allocates: when made. Bound: NicOptions.
// Errors: kUnavailable where the device is not as it should be.
// Source: 8254x Software Developer's Manual, chapter 14 (initialization); 82574
// datasheet, sections 4.6, 7.1 and 7.4.
#ifndef EBBRT_PLATFORM_BAREMETAL_INTEL_DEVICE_H_
#define EBBRT_PLATFORM_BAREMETAL_INTEL_DEVICE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/net/nic.h"
#include "platform/baremetal/devices/device_interrupts.h"
#include "platform/baremetal/devices/registers.h"
#include "platform/baremetal/intel/queue.h"
#include "platform/baremetal/nic/nic_driver.h"
#include "platform/baremetal/nic/toeplitz_hash.h"

namespace ebbrt::platform::intel {

enum class Model {
  k8254x,
  // Has another format for receiving, and a second pair of queues.
  k82574,
};

// How the device tells of things.
enum class Signalling {
  // By one interrupt for all, whose cause is a register.
  kCauses,
  // By MSI-X, one message for each pair and one for the rest (82574).
  kMessages,
};

class Device final : public Nic {
 public:
  static constexpr uint32_t kResetPollsMax = 1'000'000;
  static constexpr uint32_t kQueuesMax = 2;

  // What there is of a device: its registers, and what they belong to.
  struct Parts {
    Registers registers;
    std::unique_ptr<DeviceInterrupts> interrupts;
    Signalling signalling;
    Model model;
  };

  static absl::StatusOr<std::unique_ptr<Nic>> Create(
      Parts parts, std::string name, const NicOptions& options);
  ~Device() override;

  const NicFacts& facts() const override { return facts_; }
  absl::StatusOr<NicQueue*> OpenQueue(uint32_t queue,
                                      NicReceiver& receiver) override;
  uint32_t QueueOf(uint32_t source, uint32_t destination, uint16_t source_port,
                   uint16_t destination_port) const override;

 private:
  Device(Parts parts, std::string name);

  // False if it does not come back.
  bool Reset();
  absl::Status ReadAddress();
  absl::Status MakeQueues(const NicOptions& options);
  uint32_t CountQueues(const NicOptions& options) const;
  // Has it work, with queues that are closed.
  void Start();
  void StartReceiver();
  void StartTransmitter();
  void StartHash();
  // From now on flows go to all queues; before, to the first.
  void SpreadFlows();
  absl::Status BindInterrupts(uint32_t queue);
  void RouteMessages();
  bool has_messages() const {
    return parts_.signalling == Signalling::kMessages;
  }
  // Of its messages, behind those of the pairs.
  uint32_t OtherMessage() const { return facts_.queue_count; }
  uint32_t QueueCauses(uint32_t queue) const;
  uint32_t AllQueueCauses() const;
  uint32_t OtherCauses() const;

  static bool OnAnyCause(void* device);
  static bool OnQueueMessage(void* queue);
  static bool OnOtherMessage(void* device);
  void CheckLink();

  const Parts parts_;
  const std::string name_;
  NicFacts facts_;
  const ToeplitzHash::Key hash_key_;
  const ToeplitzHash hash_;
  std::vector<std::unique_ptr<Queue>> queues_;
  std::atomic<uint32_t> claimed_{0};  // A bit for each that is opened.
  std::atomic<uint32_t> open_count_{0};
};

}  // namespace ebbrt::platform::intel

#endif  // EBBRT_PLATFORM_BAREMETAL_INTEL_DEVICE_H_
