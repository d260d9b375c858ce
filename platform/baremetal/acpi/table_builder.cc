#include "platform/baremetal/acpi/table_builder.h"

#include <cstring>
#include <iterator>

namespace ebbrt::platform::acpi::testing {
namespace {

constexpr size_t kHeaderBytes = 36;
constexpr uint64_t kRsdpAddress = 0xf5ac0;

// A list of addresses, which has the form of a table.
template <std::unsigned_integral T>
Bytes Root(std::string_view signature, const std::vector<uint64_t>& listed) {
  TableBuilder root(signature);
  for (uint64_t address : listed) root.Add(static_cast<T>(address));
  return root.Build();
}

}  // namespace

void FixChecksum(std::span<std::byte> bytes, size_t place) {
  bytes[place] = std::byte{0};
  unsigned sum = 0;
  for (std::byte byte : bytes) sum += std::to_integer<unsigned>(byte);
  bytes[place] = std::byte((0x100 - sum % 0x100) % 0x100);
}

TableBuilder::TableBuilder(std::string_view signature, uint8_t revision) {
  AddText(signature).AddZeros(kHeaderBytes - signature.size());
  Set(8, revision);
}

TableBuilder& TableBuilder::AddZeros(size_t bytes) {
  bytes_.resize(bytes_.size() + bytes);
  return *this;
}

TableBuilder& TableBuilder::AddText(std::string_view text) {
  for (char c : text) bytes_.push_back(std::byte(c));
  return *this;
}

TableBuilder& TableBuilder::AddAddress(uint8_t space, uint64_t address) {
  return Add8(space).Add8(8).Add8(0).Add8(1).Add64(address);
}

Bytes TableBuilder::Build() const {
  return BuildWithLength(static_cast<uint32_t>(bytes_.size()));
}

Bytes TableBuilder::BuildWithLength(uint32_t bytes) const {
  TableBuilder copy = *this;
  copy.Set(4, bytes);
  FixChecksum(copy.bytes_, 9);
  return copy.bytes_;
}

std::span<const std::byte> FakeMemory::Map(uint64_t address, size_t bytes) {
  auto next = regions_.upper_bound(address);
  if (next == regions_.begin()) return {};
  auto& [start, region] = *std::prev(next);
  uint64_t offset = address - start;
  if (offset > region.size() || bytes > region.size() - offset) return {};
  auto copy = std::make_unique_for_overwrite<std::byte[]>(bytes);
  std::memcpy(copy.get(), region.data() + offset, bytes);
  mapped_.push_back(std::move(copy));
  return {mapped_.back().get(), bytes};
}

uint64_t FakeFirmware::Put(Bytes table) {
  uint64_t address = next_;
  // Neither aligned nor next to each other.
  next_ += table.size() + 3;
  memory_.Put(address, std::move(table));
  return address;
}

Bytes FakeFirmware::Rsdt() const { return Root<uint32_t>("RSDT", listed_); }

Bytes FakeFirmware::Xsdt() const { return Root<uint64_t>("XSDT", listed_); }

Bytes FakeFirmware::Rsdp(uint8_t revision, uint64_t rsdt, uint64_t xsdt) {
  constexpr size_t kBytes = 20;
  constexpr size_t kExtendedBytes = 36;
  Bytes bytes(revision >= 2 ? kExtendedBytes : kBytes);
  std::memcpy(bytes.data(), "RSD PTR ", 8);
  bytes[15] = std::byte(revision);
  for (size_t i = 0; i < 4; ++i) bytes[16 + i] = std::byte(rsdt >> 8 * i);
  FixChecksum(std::span(bytes).first(kBytes), 8);
  if (revision < 2) return bytes;
  bytes[20] = std::byte(kExtendedBytes);
  for (size_t i = 0; i < 8; ++i) bytes[24 + i] = std::byte(xsdt >> 8 * i);
  FixChecksum(bytes, 32);
  return bytes;
}

uint64_t FakeFirmware::Finish(uint8_t revision) {
  uint64_t rsdt = Put(Rsdt());
  uint64_t xsdt = revision >= 2 ? Put(Xsdt()) : 0;
  memory_.Put(kRsdpAddress, Rsdp(revision, rsdt, xsdt));
  return kRsdpAddress;
}

}  // namespace ebbrt::platform::acpi::testing
