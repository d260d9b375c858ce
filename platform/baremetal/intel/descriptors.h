// The descriptors by which Intel's gigabit controllers and their driver pass
// frames on.
//
// Cores: any. Units: bytes; little-endian.
// Source: 8254x Software Developer's Manual, sections 3.2.3 (receive), 3.3.6
// and 3.3.7 (transmit, with offload); the 82574 has the same, and another one
// for receiving: its datasheet, section 7.1.
#ifndef EBBRT_PLATFORM_BAREMETAL_INTEL_DESCRIPTORS_H_
#define EBBRT_PLATFORM_BAREMETAL_INTEL_DESCRIPTORS_H_

#include <cstddef>
#include <cstdint>

namespace ebbrt::platform::intel {

// The driver fills in the address, and zeroes the rest. The device fills in the
// words, and in the extended format has the hash stand over the address.
//
//             legacy                      extended
//   words[0]  length, checksum (16 each)  status (20), errors (12)
//   words[1]  status, errors (8 each)     length (16)
//
// Of status and errors, the eight bits of the former are those of the latter's
// lowest and highest ones.
struct ReceiveDescriptor {
  uint64_t address;
  uint32_t words[2];
};
static_assert(sizeof(ReceiveDescriptor) == 16);

struct ReceiveFormat {
  uint8_t length_word;
  uint8_t status_word;
  uint8_t errors_shift;
};
inline constexpr ReceiveFormat kReceiveLegacyFormat = {
    .length_word = 0, .status_word = 1, .errors_shift = 8};
inline constexpr ReceiveFormat kReceiveExtendedFormat = {
    .length_word = 1, .status_word = 0, .errors_shift = 24};

inline constexpr uint8_t kReceiveDone = 1u << 0;
inline constexpr uint8_t kReceiveEndOfFrame = 1u << 1;
inline constexpr uint8_t kReceiveNoChecksum = 1u << 2;
inline constexpr uint8_t kReceiveTransportChecked = 1u << 5;
inline constexpr uint8_t kReceiveIpChecked = 1u << 6;
inline constexpr uint8_t kReceiveTransportError = 1u << 5;
inline constexpr uint8_t kReceiveIpError = 1u << 6;
inline constexpr uint8_t kReceiveChecksumErrors =
    kReceiveTransportError | kReceiveIpError;

// A piece of a frame, or what is to be done with those that follow.
union TransmitDescriptor {
  struct Data {
    uint64_t address;
    uint32_t bytes_and_command;
    uint8_t status;
    uint8_t options;
    uint16_t vlan;
  } data;
  struct Context {
    uint8_t ip_begin;
    uint8_t ip_checksum_at;
    uint16_t ip_last;
    uint8_t checksum_begin;
    uint8_t checksum_at;
    uint16_t checksum_last;  // 0: to the end.
    uint32_t payload_bytes_and_command;
    uint8_t status;
    uint8_t header_bytes;
    uint16_t segment_bytes;
  } context;
};
static_assert(sizeof(TransmitDescriptor) == 16);

inline constexpr uint32_t kTransmitExtended = 1u << 29;
inline constexpr uint32_t kTransmitIsData = 1u << 20 | kTransmitExtended;
inline constexpr uint32_t kTransmitIsContext = kTransmitExtended;
// Of data.
inline constexpr uint32_t kTransmitEndOfFrame = 1u << 24;
inline constexpr uint32_t kTransmitAddCheck = 1u << 25;  // Ethernet's own.
inline constexpr uint32_t kTransmitSegment = 1u << 26;
inline constexpr uint32_t kTransmitReport = 1u << 27;
inline constexpr uint8_t kTransmitDone = 1u << 0;
inline constexpr uint8_t kTransmitIpChecksum = 1u << 0;
inline constexpr uint8_t kTransmitTransportChecksum = 1u << 1;
// Of a context.
inline constexpr uint32_t kContextTcp = 1u << 24;
inline constexpr uint32_t kContextIp4 = 1u << 25;
inline constexpr uint32_t kContextSegment = 1u << 26;

}  // namespace ebbrt::platform::intel

#endif  // EBBRT_PLATFORM_BAREMETAL_INTEL_DESCRIPTORS_H_
