#include "apps/linearizability/requests.h"

#include <charconv>
#include <cstring>

#include "apps/memcached/binary_wire.h"

namespace ebbrt::linearizability {
namespace {

namespace binary = memcached::binary;
using memcached::LoadBigEndian;
using memcached::StoreBigEndian;

uint8_t OpcodeOf(Action action) {
  switch (action) {
    case Action::kGet: return binary::kGet;
    case Action::kSet:
    case Action::kCompareAndSet: return binary::kSet;
    case Action::kAdd: return binary::kAdd;
    case Action::kReplace: return binary::kReplace;
    case Action::kDelete: return binary::kDelete;
    case Action::kIncrement: return binary::kIncrement;
  }
  return binary::kNoop;
}

bool Stores(Action action) {
  return action == Action::kSet || action == Action::kAdd ||
         action == Action::kReplace || action == Action::kCompareAndSet;
}

// The flags and the expiry of what is stored: none. An increment's delta, the
// value to begin with, and an expiry that says not to begin.
std::string ExtrasOf(const Operation& operation) {
  if (Stores(operation.action)) return std::string(8, '\0');
  if (operation.action != Action::kIncrement) return "";
  std::string extras(20, '\0');
  StoreBigEndian<uint64_t>(operation.argument, extras.data());
  std::memset(extras.data() + 16, 0xff, 4);
  return extras;
}

// A number may be followed by blanks, where it was longer before.
bool ParseNumber(std::string_view text, uint64_t& number) {
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() &&
         std::string_view(rest, end).find_first_not_of(' ') ==
             std::string_view::npos;
}

// The value in a reply of success.
bool ReadValue(Action action, std::string_view extras, std::string_view value,
               uint64_t& number) {
  switch (action) {
    case Action::kGet:
      return extras.size() == 4 && ParseNumber(value, number);
    case Action::kIncrement:
      if (!extras.empty() || value.size() != 8) return false;
      number = LoadBigEndian<uint64_t>(value.data());
      return true;
    default:
      return extras.empty() && value.empty();
  }
}

}  // namespace

void AppendRequest(const Operation& operation, std::string_view key,
                   std::string& to) {
  std::string extras = ExtrasOf(operation);
  std::string value;
  if (Stores(operation.action)) value = std::to_string(operation.argument);
  char header[binary::kHeaderBytes] = {};
  header[0] = static_cast<char>(binary::kRequestMagic);
  header[1] = static_cast<char>(OpcodeOf(operation.action));
  StoreBigEndian<uint16_t>(static_cast<uint16_t>(key.size()), header + 2);
  header[4] = static_cast<char>(extras.size());
  StoreBigEndian<uint32_t>(
      static_cast<uint32_t>(extras.size() + key.size() + value.size()),
      header + 8);
  if (operation.action == Action::kCompareAndSet) {
    StoreBigEndian<uint64_t>(operation.token, header + 16);
  }
  to.append(header, sizeof(header)).append(extras).append(key).append(value);
}

ReadOutcome ReadReply(Action action, std::string_view& bytes, Reply& reply) {
  if (bytes.size() < binary::kHeaderBytes) return ReadOutcome::kIncomplete;
  const char* head = bytes.data();
  size_t key_bytes = LoadBigEndian<uint16_t>(head + 2);
  size_t extras_bytes = static_cast<uint8_t>(head[4]);
  uint16_t status = LoadBigEndian<uint16_t>(head + 6);
  size_t body_bytes = LoadBigEndian<uint32_t>(head + 8);
  if (static_cast<uint8_t>(head[0]) != binary::kReplyMagic ||
      static_cast<uint8_t>(head[1]) != OpcodeOf(action) || key_bytes != 0 ||
      body_bytes < extras_bytes ||
      body_bytes > kReplyBytesMax - binary::kHeaderBytes) {
    return ReadOutcome::kWrong;
  }
  if (bytes.size() < binary::kHeaderBytes + body_bytes) {
    return ReadOutcome::kIncomplete;
  }
  reply = {};
  reply.token = LoadBigEndian<uint64_t>(head + 16);
  std::string_view body = bytes.substr(binary::kHeaderBytes, body_bytes);
  bytes.remove_prefix(binary::kHeaderBytes + body_bytes);
  switch (status) {
    case binary::kSuccess:
      reply.result = Result::kDone;
      if (!ReadValue(action, body.substr(0, extras_bytes),
                     body.substr(extras_bytes), reply.value)) {
        return ReadOutcome::kWrong;
      }
      return ReadOutcome::kReply;
    case binary::kKeyNotFound:
      reply.result = Result::kNotFound;
      return ReadOutcome::kReply;
    case binary::kKeyExists:
      reply.result = Result::kExists;
      return ReadOutcome::kReply;
    default:
      // There is memory for so few items, and they are numbers.
      return ReadOutcome::kWrong;
  }
}

}  // namespace ebbrt::linearizability
