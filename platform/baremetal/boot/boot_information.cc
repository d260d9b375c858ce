#include "platform/baremetal/boot/boot_information.h"

namespace ebbrt::platform::machine {
namespace {

constexpr uint32_t kMultibootMagic = 0x2badb002;
constexpr uint32_t kPvhMagic = 0x336ec578;
// The types of memory that matter here; both have e820's numbers.
constexpr uint32_t kUsable = 1;
constexpr uint32_t kAcpiReclaimable = 3;
constexpr uint32_t kAcpiPermanent = 4;

struct [[gnu::packed]] MultibootInformation {
  uint32_t flags;
  uint32_t memory_lower_kib;
  uint32_t memory_upper_kib;
  uint32_t boot_device;
  uint32_t command_line;
  uint32_t module_count;
  uint32_t modules;
  uint32_t symbols[4];
  uint32_t memory_map_bytes;
  uint32_t memory_map;
};
constexpr uint32_t kHasMemorySizes = 1u << 0;
constexpr uint32_t kHasCommandLine = 1u << 2;
constexpr uint32_t kHasModules = 1u << 3;
constexpr uint32_t kHasMemoryMap = 1u << 6;

struct [[gnu::packed]] MultibootMemory {
  uint32_t bytes;  // Of what follows.
  uint64_t base;
  uint64_t length;
  uint32_t type;
};

struct [[gnu::packed]] MultibootModule {
  uint32_t begin;
  uint32_t end;
  uint32_t text;
  uint32_t reserved;
};

struct [[gnu::packed]] PvhStartInformation {
  uint32_t magic;
  uint32_t version;
  uint32_t flags;
  uint32_t module_count;
  uint64_t modules;
  uint64_t command_line;
  uint64_t acpi_root;
  // From version 1 on.
  uint64_t memory_map;
  uint32_t memory_map_count;
  uint32_t reserved;
};

struct [[gnu::packed]] PvhModule {
  uint64_t begin;
  uint64_t bytes;
  uint64_t command_line;
  uint64_t reserved;
};

struct [[gnu::packed]] PvhMemory {
  uint64_t base;
  uint64_t length;
  uint32_t type;
  uint32_t reserved;
};

// Physical memory below 4 GiB is mapped where it is.
template <typename T>
const T* At(uint64_t address) {
  return reinterpret_cast<const T*>(address);
}

void AddMemory(BootInformation& information, uint32_t type, uint64_t base,
               uint64_t length) {
  if (length == 0 || base + length < base) return;
  if (type == kAcpiReclaimable || type == kAcpiPermanent) {
    if (information.firmware_count == BootInformation::kFirmwareMax) {
      ++information.dropped;
    } else {
      information.firmware[information.firmware_count++] = {base,
                                                            base + length};
    }
    return;
  }
  if (type != kUsable) return;
  if (information.usable_count == BootInformation::kRangesMax) {
    ++information.dropped;
    return;
  }
  information.usable[information.usable_count++] = {base, base + length};
}

void AddModule(BootInformation& information, uint64_t begin, uint64_t end) {
  if (end <= begin) return;
  if (information.module_count == BootInformation::kModulesMax) {
    ++information.dropped;
    return;
  }
  information.modules[information.module_count++] = {begin, end};
}

void ReadMultiboot(const MultibootInformation& from,
                   BootInformation& information) {
  information.loader = "multiboot";
  if ((from.flags & kHasCommandLine) != 0) {
    information.command_line = At<char>(from.command_line);
    information.command_line_has_name = true;
  }
  if ((from.flags & kHasModules) != 0) {
    for (uint32_t i = 0; i < from.module_count; ++i) {
      const auto& module = At<MultibootModule>(from.modules)[i];
      AddModule(information, module.begin, module.end);
    }
  }
  if ((from.flags & kHasMemoryMap) != 0) {
    uint64_t at = from.memory_map;
    const uint64_t end = at + from.memory_map_bytes;
    while (at + sizeof(MultibootMemory) <= end) {
      const auto& entry = *At<MultibootMemory>(at);
      AddMemory(information, entry.type, entry.base, entry.length);
      at += entry.bytes + sizeof(entry.bytes);
    }
  } else if ((from.flags & kHasMemorySizes) != 0) {
    constexpr uint64_t kUpperBegin = 1024 * 1024;
    AddMemory(information, kUsable, kUpperBegin,
              uint64_t{from.memory_upper_kib} * 1024);
  }
}

void ReadPvh(const PvhStartInformation& from, BootInformation& information) {
  information.loader = "PVH";
  information.acpi_root = from.acpi_root;
  if (from.command_line != 0) {
    information.command_line = At<char>(from.command_line);
  }
  for (uint32_t i = 0; i < from.module_count; ++i) {
    const auto& module = At<PvhModule>(from.modules)[i];
    AddModule(information, module.begin, module.begin + module.bytes);
  }
  if (from.version < 1) return;
  for (uint32_t i = 0; i < from.memory_map_count; ++i) {
    const auto& entry = At<PvhMemory>(from.memory_map)[i];
    AddMemory(information, entry.type, entry.base, entry.length);
  }
}

}  // namespace

void ReadBootInformation(uint32_t magic, uint32_t address,
                         BootInformation& information) {
  if (magic == kMultibootMagic) {
    ReadMultiboot(*At<MultibootInformation>(address), information);
    return;
  }
  const auto& pvh = *At<PvhStartInformation>(address);
  if (pvh.magic == kPvhMagic) ReadPvh(pvh, information);
}

}  // namespace ebbrt::platform::machine
