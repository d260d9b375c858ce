// For tests: a controller whose registers are memory, and whose other side is
// the test.
//
// Cores: the queue's. Ownership: the test's; it outlives the queue. Blocks: no.
// Allocates: yes. Errors: what a driver may not write is a failed check.
#ifndef EBBRT_PLATFORM_BAREMETAL_INTEL_FAKE_CONTROLLER_H_
#define EBBRT_PLATFORM_BAREMETAL_INTEL_FAKE_CONTROLLER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "platform/baremetal/devices/registers.h"
#include "platform/baremetal/intel/descriptors.h"
#include "platform/baremetal/intel/queue.h"
#include "platform/baremetal/intel/registers.h"
#include "platform/baremetal/nic/receive_pool.h"

namespace ebbrt::platform::intel::testing {

class FakeController {
 public:
  explicit FakeController(const Queue::Setup& setup)
      : setup_(setup), memory_(kReachedBytes) {}
  Registers registers() { return Registers(std::span(memory_)); }

  // What stands in a descriptor once its buffer is filled.
  struct Filled {
    uint16_t bytes;
    uint8_t status = kReceiveDone | kReceiveEndOfFrame;
    uint8_t errors = 0;
  };
  // Fills in the next receive descriptor and its buffer; false if there is
  // none.
  bool Receive(std::string_view frame, const Filled& filled) {
    ReceiveDescriptor* const descriptor = NextReceive();
    if (descriptor == nullptr) return false;
    frame.copy(reinterpret_cast<char*>(descriptor->address),
               ReceivePool::kBufferBytes);
    const ReceiveFormat& format = setup_.format;
    // The hash, in the one format.
    if (format.length_word == 1) descriptor->address = 0x1234'5678'0000'0001;
    descriptor->words[format.length_word] = filled.bytes;
    descriptor->words[format.status_word] =
        filled.status | uint32_t{filled.errors} << format.errors_shift;
    return true;
  }
  bool Receive(std::string_view frame) {
    return Receive(frame, {.bytes = static_cast<uint16_t>(frame.size())});
  }
  // The descriptor that comes next; null: there is none.
  ReceiveDescriptor* NextReceive() {
    if (receive_head_ == Read(ReceiveRing() + kRingTail)) return nullptr;
    auto* next = &Ring<ReceiveDescriptor>(ReceiveRing())[receive_head_];
    receive_head_ = (receive_head_ + 1) % Queue::kRingSize;
    return next;
  }

  struct Sent {
    std::string bytes;
    uint8_t options = 0;
    bool is_cut = false;
    std::optional<TransmitDescriptor::Context> context;  // If a new one came.
  };
  // All that has been handed over.
  std::vector<Sent> Transmit() {
    std::vector<Sent> all;
    Sent sent;
    while (TransmitDescriptor* descriptor = NextTransmit()) {
      const uint32_t command = descriptor->data.bytes_and_command;
      EBBRT_CHECK((command & kTransmitExtended) != 0);
      if ((command & kTransmitIsData) != kTransmitIsData) {
        sent.context = descriptor->context;
        continue;
      }
      sent.bytes.append(
          reinterpret_cast<const char*>(descriptor->data.address),
          command & 0xfffff);
      sent.options = descriptor->data.options;
      sent.is_cut = (command & kTransmitSegment) != 0;
      if ((command & kTransmitEndOfFrame) == 0) continue;
      EBBRT_CHECK((command & kTransmitReport) != 0);
      descriptor->data.status = kTransmitDone;
      all.push_back(std::exchange(sent, {}));
    }
    return all;
  }

  // The descriptor that has been handed over and comes next; null: none.
  TransmitDescriptor* NextTransmit() {
    if (transmit_head_ == Read(TransmitRing() + kRingTail)) return nullptr;
    auto* next = &Ring<TransmitDescriptor>(TransmitRing())[transmit_head_];
    transmit_head_ = (transmit_head_ + 1) % Queue::kRingSize;
    return next;
  }

  // Any byte of a ring, for those that are hostile.
  std::span<std::byte> receive_ring() {
    return {Ring<std::byte>(ReceiveRing()),
            Queue::kRingSize * sizeof(ReceiveDescriptor)};
  }
  std::span<std::byte> transmit_ring() {
    return {Ring<std::byte>(TransmitRing()),
            Queue::kRingSize * sizeof(TransmitDescriptor)};
  }

 private:
  // What a queue reaches of the registers. All of them would be most of what a
  // fuzzer's execution costs.
  static constexpr size_t kReachedBytes = 0x4000;
  static_assert(kReachedBytes > kTransmitRing + 2 * kRingStep &&
                kReachedBytes > kReceiveRing + 2 * kRingStep);

  size_t ReceiveRing() const {
    return kReceiveRing + setup_.number * kRingStep;
  }
  size_t TransmitRing() const {
    return kTransmitRing + setup_.number * kRingStep;
  }
  uint32_t Read(size_t offset) {
    return registers().Read<uint32_t>(offset);
  }
  template <typename T>
  T* Ring(size_t ring) {
    return reinterpret_cast<T*>(
        Read(ring + kRingAddressLow) |
        uint64_t{Read(ring + kRingAddressHigh)} << 32);
  }

  const Queue::Setup setup_;
  std::vector<std::byte> memory_;
  uint32_t receive_head_ = 0;
  uint32_t transmit_head_ = 0;
};

}  // namespace ebbrt::platform::intel::testing

#endif  // EBBRT_PLATFORM_BAREMETAL_INTEL_FAKE_CONTROLLER_H_
