#include "core/net/tcp/testing/script_segment.h"

#include <array>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace ebbrt::tcp::testing {
namespace {

using namespace tcp_flag;  // NOLINT: names of bits.

constexpr std::array<std::pair<char, uint8_t>, 8> kFlagNames = {
    {{'S', kSyn},
     {'F', kFin},
     {'R', kRst},
     {'P', kPsh},
     {'.', kAck},
     {'E', kEce},
     {'W', kCwr},
     {'U', kUrg}}};

bool ParseFlags(const std::string& word, uint8_t& flags) {
  for (char letter : word) {
    bool known = false;
    for (const auto& [name, flag] : kFlagNames) {
      if (name == letter) {
        flags |= flag;
        known = true;
      }
    }
    if (!known) return false;
  }
  return true;
}

// "1:1001".
bool ParseRange(const std::string& word, uint32_t& begin, uint32_t& end) {
  const size_t colon = word.find(':');
  if (colon == std::string::npos) return false;
  begin = static_cast<uint32_t>(std::strtol(word.c_str(), nullptr, 10));
  end = static_cast<uint32_t>(
      std::strtol(word.c_str() + colon + 1, nullptr, 10));
  return true;
}

bool ParseOptions(const std::string& text, const ScriptNames& names,
                  TcpHeader& header) {
  std::string spaced = text;
  for (char& letter : spaced) {
    if (letter == ',') letter = ' ';
  }
  std::istringstream words(spaced);
  std::string word;
  bool in_sack = false;
  while (words >> word) {
    uint32_t first = 0;
    uint32_t second = 0;
    if (in_sack && ParseRange(word, first, second)) {
      // Of the other direction's numbers.
      const uint32_t base = names.our_sequence.value_or(0);
      header.sack_blocks[header.sack_count++] = {base + first, base + second};
      continue;
    }
    in_sack = word == "sack";
    if (in_sack || word == "none") continue;
    if (word == "sackok") {
      header.sack_permitted = true;
    } else if (word == "mss" && words >> first) {
      header.segment_bytes_max = static_cast<uint16_t>(first);
    } else if (word == "scale" && words >> first) {
      header.window_shift = static_cast<uint8_t>(first);
    } else if (word == "ts" && words >> first >> second) {
      const bool echoes = header.Has(kAck);
      header.timestamps = {
          names.peer_timestamp + first,
          echoes ? names.our_timestamp.value_or(0) + second : second};
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<ScriptSegment> ParseScriptSegment(const std::string& text,
                                                const ScriptNames& names) {
  ScriptSegment segment;
  std::string head = text;
  std::string options;
  if (const size_t open = text.find('<'); open != std::string::npos) {
    head = text.substr(0, open);
    options = text.substr(open + 1, text.find('>', open) - open - 1);
    segment.says_options = true;
  }
  std::istringstream words(head);
  std::string word;
  if (!(words >> word)) return std::nullopt;
  if (word[0] == '~') {
    segment.more = true;
    word = word.substr(1);
  }
  TcpHeader& header = segment.header;
  if (!ParseFlags(word, header.flags)) return std::nullopt;
  uint32_t begin = 0;
  uint32_t end = 0;
  if (!(words >> word) || !ParseRange(word, begin, end)) return std::nullopt;
  header.sequence = names.peer_sequence + begin;
  segment.payload_bytes = end - begin;
  while (words >> word) {
    uint32_t number = 0;
    if (word == "ce") {
      segment.congestion = true;
    } else if (word == "ect") {
      segment.ecn_capable = true;
    } else if (word == "ack" && words >> number) {
      header.acknowledgment = names.our_sequence.value_or(0) + number;
      segment.says_acknowledgment = true;
    } else if (word == "win" && words >> number) {
      header.window = static_cast<uint16_t>(number);
      segment.says_window = true;
    } else {
      return std::nullopt;
    }
  }
  if (!ParseOptions(options, names, header)) return std::nullopt;
  return segment;
}

std::string Compare(const ScriptSegment& expected, const SentPacket& packet,
                    const ScriptNames&) {
  const TcpHeader& wanted = expected.header;
  const TcpHeader& sent = packet.header;
  std::string difference;
  if (wanted.flags != sent.flags) difference += "flags ";
  if (wanted.sequence != sent.sequence) difference += "sequence ";
  if (expected.payload_bytes != packet.payload_bytes) difference += "length ";
  if (expected.says_acknowledgment &&
      wanted.acknowledgment != sent.acknowledgment) {
    difference += "acknowledgment ";
  }
  if (expected.says_window && wanted.window != sent.window) {
    difference += "window ";
  }
  if (expected.ecn_capable != (packet.ecn != Ecn::kNotCapable)) {
    difference += "ecn ";
  }
  if (!expected.says_options) return difference;
  if (wanted.segment_bytes_max != sent.segment_bytes_max) difference += "mss ";
  if (wanted.window_shift != sent.window_shift) difference += "scale ";
  if (wanted.sack_permitted != sent.sack_permitted) difference += "sackok ";
  if (wanted.timestamps != sent.timestamps) difference += "timestamps ";
  if (wanted.sack_count != sent.sack_count ||
      wanted.sack_blocks != sent.sack_blocks) {
    difference += "sack ";
  }
  return difference;
}

std::string Describe(const SentPacket& packet, const ScriptNames& names) {
  const TcpHeader& header = packet.header;
  std::ostringstream text;
  for (const auto& [name, flag] : kFlagNames) {
    if (header.Has(flag)) text << name;
  }
  const uint32_t begin = header.sequence - names.our_sequence.value_or(0);
  text << " " << begin << ":" << begin + packet.payload_bytes;
  if (header.Has(kAck)) {
    text << " ack " << header.acknowledgment - names.peer_sequence;
  }
  text << " win " << header.window;
  if (packet.ecn != Ecn::kNotCapable) text << " ect";
  text << " <";
  if (header.segment_bytes_max) text << "mss " << *header.segment_bytes_max;
  if (header.window_shift) text << ",scale " << int{*header.window_shift};
  if (header.sack_permitted) text << ",sackok";
  if (header.timestamps) {
    text << ",ts " << header.timestamps->value - names.our_timestamp.value_or(0)
         << " "
         << (header.Has(kAck) ? header.timestamps->echo - names.peer_timestamp
                              : header.timestamps->echo);
  }
  if (header.sack_count != 0) text << ",sack";
  for (const TcpSackBlock& block : header.sacks()) {
    text << " " << block.begin - names.peer_sequence << ":"
         << block.end - names.peer_sequence;
  }
  text << ">";
  return text.str();
}

}  // namespace ebbrt::tcp::testing
