// The registers of Intel's gigabit controllers, as far as they are used.
//
// Source: Intel "PCI/PCI-X Family of Gigabit Ethernet Controllers Software
// Developer's Manual" (8254x), chapter 13; Intel "82574 GbE Controller Family
// Datasheet", chapter 10.
#ifndef EBBRT_PLATFORM_BAREMETAL_INTEL_REGISTERS_H_
#define EBBRT_PLATFORM_BAREMETAL_INTEL_REGISTERS_H_

#include <cstddef>
#include <cstdint>

namespace ebbrt::platform::intel {

// What all of it takes.
inline constexpr uint64_t kRegisterBytes = 0x20000;

inline constexpr size_t kControl = 0x0000;
inline constexpr uint32_t kControlAutoSpeed = 1u << 5;
inline constexpr uint32_t kControlLinkUp = 1u << 6;
inline constexpr uint32_t kControlReset = 1u << 26;
// Of what may stand there from before: link reset, loss of signal inverted,
// VLAN tags taken off.
inline constexpr uint32_t kControlUnwanted = 1u << 3 | 1u << 7 | 1u << 30;

inline constexpr size_t kStatus = 0x0008;
inline constexpr uint32_t kStatusLinkUp = 1u << 1;

inline constexpr size_t kExtendedControl = 0x0018;
inline constexpr uint32_t kPendingBitsClear = 1u << 31;  // As MSI-X has them.

// Causes of interrupts: reading takes them; a one set or cleared in a mask.
inline constexpr size_t kCauses = 0x00c0;
inline constexpr size_t kAutoClear = 0x00dc;  // By the message: 82574.
inline constexpr size_t kMaskSet = 0x00d0;
inline constexpr size_t kMaskClear = 0x00d8;
inline constexpr uint32_t kAllCauses = 0xffffffff;
inline constexpr uint32_t kCauseTransmitted = 1u << 0;
inline constexpr uint32_t kCauseLink = 1u << 2;
inline constexpr uint32_t kCauseReceiveLow = 1u << 4;
inline constexpr uint32_t kCauseReceiveOverrun = 1u << 6;
inline constexpr uint32_t kCauseReceived = 1u << 7;
// Of the 82574, with MSI-X; those of a queue.
constexpr uint32_t CauseReceived(uint32_t queue) { return 1u << (20 + queue); }
constexpr uint32_t CauseTransmitted(uint32_t queue) {
  return 1u << (22 + queue);
}
inline constexpr uint32_t kCauseOther = 1u << 24;

// Which message each cause sends: four bits each, the highest says that it is
// set.
inline constexpr size_t kVectors = 0x00e4;
constexpr uint32_t VectorField(uint32_t vector, uint32_t shift) {
  return (vector | 1u << 3) << shift;
}
// Where the fields begin; those of queue 1 stand behind those of queue 0.
inline constexpr uint32_t kVectorReceive = 0;
inline constexpr uint32_t kVectorTransmit = 8;
inline constexpr uint32_t kVectorOther = 16;
inline constexpr uint32_t kVectorBits = 4;
inline constexpr uint32_t kVectorEveryTransmit = 1u << 31;

inline constexpr size_t kReceiveControl = 0x0100;
inline constexpr uint32_t kReceiveEnable = 1u << 1;
inline constexpr uint32_t kReceiveBroadcast = 1u << 15;
inline constexpr uint32_t kReceiveStripCheck = 1u << 26;

inline constexpr size_t kTransmitControl = 0x0400;
inline constexpr uint32_t kTransmitEnable = 1u << 1;
inline constexpr uint32_t kTransmitPad = 1u << 3;
// Of half duplex, as recommended in section 13.4.33.
inline constexpr uint32_t kTransmitCollisions = 0x0fu << 4 | 0x40u << 12;

// Gaps between frames, on copper (section 13.4.34).
inline constexpr size_t kTransmitGap = 0x0410;
inline constexpr uint32_t kTransmitGapCopper = 10 | 8 << 10 | 6 << 20;

// A ring of queue 0, from the first of its registers; those of queue 1 are a
// step further.
inline constexpr size_t kReceiveRing = 0x2800;
inline constexpr size_t kTransmitRing = 0x3800;
inline constexpr size_t kRingStep = 0x100;
inline constexpr size_t kRingAddressLow = 0x00;
inline constexpr size_t kRingAddressHigh = 0x04;
inline constexpr size_t kRingBytes = 0x08;
inline constexpr size_t kRingHead = 0x10;
inline constexpr size_t kRingTail = 0x18;

inline constexpr size_t kReceiveChecksum = 0x5000;
inline constexpr uint32_t kReceiveChecksumIp = 1u << 8;
inline constexpr uint32_t kReceiveChecksumTransport = 1u << 9;
// In a descriptor stands the hash, not the sum of the whole packet.
inline constexpr uint32_t kReceiveHashNotSum = 1u << 13;

// Of the 82574.
inline constexpr size_t kReceiveFilter = 0x5008;
inline constexpr uint32_t kReceiveExtended = 1u << 15;

// Spreading what is received over queues, by a hash (82574, section 7.1).
inline constexpr size_t kMultipleQueues = 0x5818;
inline constexpr uint32_t kMultipleQueuesByHash = 1u << 0;
inline constexpr uint32_t kHashTcp4 = 1u << 16;
inline constexpr uint32_t kHashIp4 = 1u << 17;
// A byte for each of the lowest values of the hash; its highest bit is the
// queue.
inline constexpr size_t kRedirection = 0x5c00;
inline constexpr size_t kRedirectionEntries = 128;
inline constexpr uint32_t kRedirectionQueue1 = 1u << 7;
inline constexpr size_t kHashKey = 0x5c80;

// The groups that are listened to: none.
inline constexpr size_t kMulticastTable = 0x5200;
inline constexpr size_t kMulticastWords = 128;

// Our address; the device has read it from its memory when it was reset.
inline constexpr size_t kAddressLow = 0x5400;
inline constexpr size_t kAddressHigh = 0x5404;
inline constexpr uint32_t kAddressValid = 1u << 31;

}  // namespace ebbrt::platform::intel

#endif  // EBBRT_PLATFORM_BAREMETAL_INTEL_REGISTERS_H_
