// What a virtio network device and its driver write to each other.
//
// Cores: any. Units: bytes; little-endian. Source: virtio 1.2, section 5.1.
#ifndef EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_FORMAT_H_
#define EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace ebbrt::platform::virtio {

// Features, section 5.1.3.
inline constexpr uint64_t kNetChecksum = uint64_t{1} << 0;
inline constexpr uint64_t kNetGuestChecksum = uint64_t{1} << 1;
inline constexpr uint64_t kNetMtu = uint64_t{1} << 3;
inline constexpr uint64_t kNetMac = uint64_t{1} << 5;
inline constexpr uint64_t kNetGuestTso4 = uint64_t{1} << 7;
inline constexpr uint64_t kNetHostTso4 = uint64_t{1} << 11;
inline constexpr uint64_t kNetMergeable = uint64_t{1} << 15;
inline constexpr uint64_t kNetStatus = uint64_t{1} << 16;
inline constexpr uint64_t kNetControl = uint64_t{1} << 17;
inline constexpr uint64_t kNetMultiqueue = uint64_t{1} << 22;

// Configuration, section 5.1.4.
inline constexpr uint32_t kNetConfigMac = 0;
inline constexpr uint32_t kNetConfigStatus = 6;
inline constexpr uint32_t kNetConfigPairsMax = 8;
inline constexpr uint32_t kNetConfigMtu = 10;
inline constexpr uint16_t kNetLinkUp = 1;

// Before each frame, section 5.1.6. Legacy devices leave `buffers` out where
// kNetMergeable is not negotiated.
struct NetHeader {
  uint8_t flags;
  uint8_t segmentation;
  uint16_t header_bytes;
  uint16_t segment_bytes;
  uint16_t checksum_begin;
  uint16_t checksum_offset;  // From there.
  uint16_t buffers;
};
static_assert(sizeof(NetHeader) == 12);
inline constexpr size_t kShortHeaderBytes = 10;

inline constexpr uint8_t kNeedsChecksum = 1;
inline constexpr uint8_t kChecksumGood = 2;
inline constexpr uint8_t kSegmentTcp4 = 1;

// How many pairs of queues are in use, section 5.1.6.5.5.
struct NetPairsCommand {
  uint8_t command_class = 4;
  uint8_t command = 0;
  uint16_t pairs = 0;
};
static_assert(sizeof(NetPairsCommand) == 4);
inline constexpr uint8_t kCommandDone = 0;

// Queues: receive and transmit of each pair, then control.
constexpr uint16_t ReceiveQueueOf(uint32_t pair) {
  return static_cast<uint16_t>(2 * pair);
}
constexpr uint16_t TransmitQueueOf(uint32_t pair) {
  return static_cast<uint16_t>(2 * pair + 1);
}
inline constexpr uint32_t kNetPairsMax = 0x8000;

}  // namespace ebbrt::platform::virtio

#endif  // EBBRT_PLATFORM_BAREMETAL_VIRTIO_NET_FORMAT_H_
