// The frames of the binary protocol: what their bytes mean.
//
//   | header, 24 bytes | extras | key | value |
//
// Cores: any. Ownership: a Request is a view of the bytes it was read from.
// Blocks, allocates: never. Errors: none; a caller looks at the lengths.
// Source: memcached's wiki, "BinaryProtocolRevamped".
#ifndef EBBRT_APPS_MEMCACHED_BINARY_WIRE_H_
#define EBBRT_APPS_MEMCACHED_BINARY_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "apps/memcached/big_endian.h"

namespace ebbrt::memcached::binary {

inline constexpr uint8_t kRequestMagic = 0x80;
inline constexpr uint8_t kReplyMagic = 0x81;
inline constexpr size_t kHeaderBytes = 24;

// A Q is quiet: success of a store, or a miss, is not replied to. A K returns
// the key.
enum Opcode : uint8_t {
  kGet = 0x00,
  kSet = 0x01,
  kAdd = 0x02,
  kReplace = 0x03,
  kDelete = 0x04,
  kIncrement = 0x05,
  kDecrement = 0x06,
  kQuit = 0x07,
  kFlush = 0x08,
  kGetQ = 0x09,
  kNoop = 0x0a,
  kVersionOf = 0x0b,
  kGetK = 0x0c,
  kGetKQ = 0x0d,
  kAppend = 0x0e,
  kPrepend = 0x0f,
  kStat = 0x10,
  kSetQ = 0x11,
  kAddQ = 0x12,
  kReplaceQ = 0x13,
  kDeleteQ = 0x14,
  kIncrementQ = 0x15,
  kDecrementQ = 0x16,
  kQuitQ = 0x17,
  kFlushQ = 0x18,
  kAppendQ = 0x19,
  kPrependQ = 0x1a,
  kVerbosity = 0x1b,
  kTouch = 0x1c,
  kGat = 0x1d,
  kGatQ = 0x1e,
  kGatK = 0x23,
  kGatKQ = 0x24,
};

enum Status : uint16_t {
  kSuccess = 0x00,
  kKeyNotFound = 0x01,
  kKeyExists = 0x02,
  kValueTooLarge = 0x03,
  kInvalidArguments = 0x04,
  kItemNotStored = 0x05,
  kNonNumeric = 0x06,
  kUnknownCommand = 0x81,
  kOutOfMemory = 0x82,
};

inline std::string_view TextOf(Status status) {
  switch (status) {
    case kSuccess: return "";
    case kKeyNotFound: return "Not found";
    case kKeyExists: return "Data exists for key.";
    case kValueTooLarge: return "Too large.";
    case kInvalidArguments: return "Invalid arguments";
    case kItemNotStored: return "Not stored.";
    case kNonNumeric: return "Non-numeric server-side value for incr or decr";
    case kUnknownCommand: return "Unknown command";
    case kOutOfMemory: return "Out of memory";
  }
  return "";
}

// A request, but for its value.
struct Request {
  uint8_t opcode;
  uint8_t extras_bytes;
  uint16_t key_bytes;
  uint32_t body_bytes;
  uint32_t opaque;  // Only returned, hence in the order it came.
  uint64_t cas;
  const char* extras;
  std::string_view key;

  size_t value_bytes() const { return body_bytes - extras_bytes - key_bytes; }
};

// REQUIRES: the header is there. Does not set `key`.
inline Request Parse(std::string_view head) {
  const char* bytes = head.data();
  Request request;
  request.opcode = static_cast<uint8_t>(bytes[1]);
  request.key_bytes = LoadBigEndian<uint16_t>(bytes + 2);
  request.extras_bytes = static_cast<uint8_t>(bytes[4]);
  request.body_bytes = LoadBigEndian<uint32_t>(bytes + 8);
  std::memcpy(&request.opaque, bytes + 12, sizeof(request.opaque));
  request.cas = LoadBigEndian<uint64_t>(bytes + 16);
  request.extras = bytes + kHeaderBytes;
  return request;
}

// Writes a reply's header; extras, key and value are to follow.
inline char* WriteHeader(char* to, uint8_t opcode, uint32_t opaque,
                         Status status, size_t extras_bytes, size_t key_bytes,
                         size_t body_bytes, uint64_t cas) {
  to[0] = static_cast<char>(kReplyMagic);
  to[1] = static_cast<char>(opcode);
  StoreBigEndian<uint16_t>(static_cast<uint16_t>(key_bytes), to + 2);
  to[4] = static_cast<char>(extras_bytes);
  to[5] = 0;
  StoreBigEndian<uint16_t>(status, to + 6);
  StoreBigEndian<uint32_t>(static_cast<uint32_t>(body_bytes), to + 8);
  std::memcpy(to + 12, &opaque, sizeof(opaque));
  StoreBigEndian<uint64_t>(cas, to + 16);
  return to + kHeaderBytes;
}

}  // namespace ebbrt::memcached::binary

#endif  // EBBRT_APPS_MEMCACHED_BINARY_WIRE_H_
