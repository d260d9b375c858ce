// What can be chosen about TCP: bounds, times, and which extensions to use.
//
// Cores: a value, constant once a Host is made of it. Blocks, allocates: never.
// Units: bytes, Duration. Errors: none.
// Source: the RFCs beside each.
#ifndef EBBRT_CORE_NET_TCP_OPTIONS_H_
#define EBBRT_CORE_NET_TCP_OPTIONS_H_

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/types.h"
#include "core/net/keep_alive.h"

namespace ebbrt::tcp {

enum class CongestionAlgorithm : uint8_t {
  kNewReno,  // RFC 5681.
  kCubic,    // RFC 9438.
};

enum class EcnUse : uint8_t {
  kOff,
  kAccept,   // Where the peer asks for it.
  kRequest,  // Also asked for on connections that we open.
};

struct Options {
  // Bounds of one core. Beyond these, peers' connections are not accepted and
  // our own are refused.
  size_t connections_max = 65536;
  // Half-open connections; beyond these SYN cookies answer.
  size_t half_open_max = 512;
  // Of connections in TIME-WAIT the oldest gives way.
  size_t time_wait_max = 16384;
  // Buffers that are held because bytes before them are missing, or the
  // application closed its window after they were invited.
  size_t held_buffers_max = 8192;
  size_t held_buffers_connection_max = 2048;

  // What a connection invites where the application sets no bound.
  uint32_t receive_window_max = kMiB;
  // What it takes from the application before it is acknowledged.
  uint32_t send_bytes_max = 4 * kMiB;

  CongestionAlgorithm congestion = CongestionAlgorithm::kCubic;
  bool timestamps = true;                // RFC 7323.
  bool selective_acknowledgment = true;  // RFC 2018.
  EcnUse ecn = EcnUse::kAccept;          // RFC 3168.
  // Holds back what does not fill a segment while anything is unacknowledged
  // (RFC 9293 section 3.7.4). Off: applications here gather what they send.
  bool nagle = false;

  // How long an acknowledgment of less than two segments waits for a reply to
  // ride on; zero: until the end of the burst it came with. RFC 9293 section
  // 3.8.6.3 wants less than 500 ms; a server that answers at all does so soon.
  Duration acknowledgment_delay = std::chrono::milliseconds(5);

  // RFC 6298. It wants a second as the least timeout; this is what is added to
  // the round trip at least, so that a peer's delayed acknowledgment fits in.
  Duration timeout_min = std::chrono::milliseconds(200);
  Duration timeout_max = std::chrono::seconds(60);
  Duration timeout_initial = std::chrono::seconds(1);

  // Without an answer for so long a connection is given up: R2 of RFC 1122
  // section 4.2.3.5, which wants 100 s, and three minutes for SYN.
  Duration give_up = std::chrono::seconds(120);
  Duration give_up_opening = std::chrono::seconds(180);
  // A peer that does not complete a handshake is forgotten sooner.
  Duration give_up_accepting = std::chrono::seconds(60);

  // Of connections whose application does not say; RFC 1122 section 4.2.3.6
  // wants it off.
  std::optional<KeepAlive> keep_alive = std::nullopt;

  // Twice the segment lifetime (RFC 9293 section 3.4.2 says two minutes).
  Duration time_wait = std::chrono::seconds(60);

  // Ports for connections that we open (RFC 6056 section 3.2).
  uint16_t ephemeral_port_min = 32768;
  uint16_t ephemeral_port_max = 65535;

  // The least shift that lets receive_window_max be told in 16 bits: RFC 7323
  // section 2.2.
  constexpr uint8_t WindowShift() const {
    return static_cast<uint8_t>(
        std::max<int>(std::bit_width(receive_window_max) - 16, 0));
  }
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_OPTIONS_H_
