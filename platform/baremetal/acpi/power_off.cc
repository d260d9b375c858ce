#include "platform/baremetal/acpi/power_off.h"

#include <cstddef>
#include <string_view>

namespace ebbrt::platform::acpi {
namespace {

constexpr std::string_view kName = "_S5_";

constexpr uint8_t kZeroOp = 0x00;
constexpr uint8_t kOneOp = 0x01;
constexpr uint8_t kNameOp = 0x08;
constexpr uint8_t kBytePrefix = 0x0a;
constexpr uint8_t kWordPrefix = 0x0b;
constexpr uint8_t kDWordPrefix = 0x0c;
constexpr uint8_t kQWordPrefix = 0x0e;
constexpr uint8_t kPackageOp = 0x12;
constexpr uint8_t kRootCharacter = '\\';

constexpr uint64_t kSleepTypeMax = 7;

// Whether the name at `offset` is being defined, as it is or from the root.
bool IsDefinedAt(const Fields& aml, size_t offset) {
  if (offset >= 1 && aml.Get<uint8_t>(offset - 1) == kNameOp) return true;
  return offset >= 2 && aml.Get<uint8_t>(offset - 1) == kRootCharacter &&
         aml.Get<uint8_t>(offset - 2) == kNameOp;
}

// The constant at `*offset`, which then stands behind it; none if there stands
// something else.
std::optional<uint64_t> ReadInteger(const Fields& aml, size_t* offset) {
  if (*offset >= aml.size()) return std::nullopt;
  size_t at = (*offset)++;
  uint8_t opcode = aml.Get<uint8_t>(at);
  size_t bytes = 0;
  switch (opcode) {
    case kZeroOp:
    case kOneOp:
      return opcode;
    case kBytePrefix:
      bytes = 1;
      break;
    case kWordPrefix:
      bytes = 2;
      break;
    case kDWordPrefix:
      bytes = 4;
      break;
    case kQWordPrefix:
      bytes = 8;
      break;
    default:
      return std::nullopt;
  }
  Fields constant = aml.Part(at + 1, bytes);
  if (constant.empty()) return std::nullopt;
  *offset += bytes;
  uint64_t value = 0;
  for (size_t i = bytes; i-- > 0;) {
    value = value << 8 | constant.Get<uint8_t>(i);
  }
  return value;
}

// What follows a PackageOp: its length, which counts itself, and its elements.
// The first byte of a length says in its top two bits how many follow.
std::optional<SleepType> ReadPackage(const Fields& aml) {
  uint8_t lead = aml.Get<uint8_t>(0);
  size_t more_bytes = lead >> 6;
  size_t bytes = more_bytes == 0 ? lead & 0x3f : lead & 0x0f;
  for (size_t i = 0; i < more_bytes; ++i) {
    bytes |= size_t{aml.Get<uint8_t>(1 + i)} << (4 + 8 * i);
  }
  Fields package = aml.Part(0, bytes);
  size_t offset = 1 + more_bytes;
  uint8_t count = package.Get<uint8_t>(offset++);
  if (count == 0) return std::nullopt;
  std::optional<uint64_t> a = ReadInteger(package, &offset);
  if (!a.has_value()) return std::nullopt;
  std::optional<uint64_t> b;
  if (count == 1) {
    // Some firmware has both in one number.
    b = *a >> 8;
    a = *a & 0xff;
  } else {
    b = ReadInteger(package, &offset);
  }
  if (!b.has_value() || *a > kSleepTypeMax || *b > kSleepTypeMax) {
    return std::nullopt;
  }
  return SleepType{static_cast<uint8_t>(*a), static_cast<uint8_t>(*b)};
}

}  // namespace

std::optional<SleepType> FindS5(const Fields& aml) {
  std::string_view text = aml.text();
  for (size_t at = text.find(kName); at != std::string_view::npos;
       at = text.find(kName, at + 1)) {
    size_t after = at + kName.size();
    if (!IsDefinedAt(aml, at) || aml.Get<uint8_t>(after) != kPackageOp) {
      continue;
    }
    if (auto type = ReadPackage(aml.From(after + 1))) return type;
  }
  return std::nullopt;
}

std::vector<RegisterWrite> PowerOffWrites(const Fadt& fadt, SleepType type) {
  std::vector<RegisterWrite> writes;
  if (fadt.hardware_reduced) {
    constexpr uint8_t kSleepEnable = 1u << 5;
    if (fadt.sleep_control.has_value()) {
      uint64_t value = uint64_t{type.a} << 2 | kSleepEnable;
      writes.push_back({*fadt.sleep_control, 1, 0, value});
    }
    return writes;
  }
  constexpr uint64_t kSleepEnable = 1u << 13;
  constexpr uint64_t kKeepMask = 0xffff & ~(kSleepEnable | 7u << 10);
  // First the types, then the bit that enters the state: not all chipsets take
  // both at once.
  for (uint64_t enable : {uint64_t{0}, kSleepEnable}) {
    if (fadt.pm1a_control.has_value()) {
      uint64_t value = uint64_t{type.a} << 10 | enable;
      writes.push_back({*fadt.pm1a_control, 2, kKeepMask, value});
    }
    if (fadt.pm1b_control.has_value()) {
      uint64_t value = uint64_t{type.b} << 10 | enable;
      writes.push_back({*fadt.pm1b_control, 2, kKeepMask, value});
    }
  }
  return writes;
}

}  // namespace ebbrt::platform::acpi
