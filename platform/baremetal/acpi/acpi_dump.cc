#include "platform/baremetal/acpi/acpi_dump.h"

#include <cstddef>
#include <fstream>
#include <sstream>
#include <utility>

#include "core/base/check.h"

namespace ebbrt::platform::acpi::testing {
namespace {

constexpr size_t kRowBytes = 16;

// "    0010: 01 4B 42", perhaps with a column of characters behind.
void AppendRow(const std::string& line, Bytes& bytes) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  for (size_t i = 0; i < kRowBytes && words >> word && word.size() == 2; ++i) {
    bytes.push_back(std::byte(std::stoul(word, nullptr, 16)));
  }
}

}  // namespace

uint64_t PutDump(const std::string& name, FakeMemory& memory) {
  std::ifstream file("platform/baremetal/acpi/testdata/" + name);
  EBBRT_CHECK(file.is_open());
  uint64_t rsdp_address = 0;
  uint64_t address = 0;
  Bytes bytes;
  auto put = [&] {
    if (!bytes.empty()) memory.Put(address, std::exchange(bytes, {}));
  };
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(' ')) {
      AppendRow(line, bytes);
      continue;
    }
    put();
    // "APIC @ 0x000000000FFE229F"
    size_t at = line.find(" @ ");
    if (at == std::string::npos) continue;
    address = std::stoull(line.substr(at + 3), nullptr, 16);
    if (line.starts_with("RSD PTR")) rsdp_address = address;
  }
  put();
  EBBRT_CHECK(rsdp_address != 0);
  return rsdp_address;
}

}  // namespace ebbrt::platform::acpi::testing
