// Segments as scripts write them: to headers, from headers, and compared.
//
// Cores: one. Ownership: values. Blocks: never. Allocates: text.
// Errors: none, where text is no segment.
#ifndef EBBRT_CORE_NET_TCP_TESTING_SCRIPT_SEGMENT_H_
#define EBBRT_CORE_NET_TCP_TESTING_SCRIPT_SEGMENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/types.h"
#include "core/net/tcp/output.h"
#include "core/net/wire/tcp_header.h"

namespace ebbrt::tcp::testing {

// What the relative numbers of a script are relative to.
struct ScriptNames {
  uint32_t peer_sequence = 0;
  std::optional<uint32_t> our_sequence;
  uint32_t peer_timestamp = 7000;
  std::optional<uint32_t> our_timestamp;

  // For segments of the other direction.
  ScriptNames Swapped() const {
    return {.peer_sequence = our_sequence.value_or(0),
            .our_sequence = peer_sequence,
            .peer_timestamp = our_timestamp.value_or(0),
            .our_timestamp = peer_timestamp};
  }
};

struct ScriptSegment {
  TcpHeader header;
  size_t payload_bytes = 0;
  bool more = false;  // Of the same burst.
  bool congestion = false;
  bool ecn_capable = false;
  // Whether the line says so.
  bool says_acknowledgment = false;
  bool says_window = false;
  bool says_options = false;
};

struct SentPacket {
  Time at;
  TcpHeader header;
  size_t payload_bytes;
  Ecn ecn;
};

// A segment that the peer sends, by the names as they are; one that we send, by
// the names swapped.
std::optional<ScriptSegment> ParseScriptSegment(const std::string& text,
                                                const ScriptNames& names);

// Where the packet differs; empty if it does not.
std::string Compare(const ScriptSegment& expected, const SentPacket& packet,
                    const ScriptNames& names);
// As a script would write it.
std::string Describe(const SentPacket& packet, const ScriptNames& names);

}  // namespace ebbrt::tcp::testing

#endif  // EBBRT_CORE_NET_TCP_TESTING_SCRIPT_SEGMENT_H_
