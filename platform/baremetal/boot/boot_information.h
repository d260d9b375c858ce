// What the loader says of the machine, in one form for all loaders.
//
// Cores: the boot processor, before libc is up. Ownership: everything is
// copied: what the loader has written stands in memory that is given out
// later; modules stay where they are, which is no free memory.
// Allocates: no. Bound: as the constants say; what is beyond is counted.
// Errors: a loader that passes nothing usable is a machine without memory.
// Source: Multiboot Specification 0.6.96, section 3.3; Xen's
// public/arch-x86/hvm/start_info.h.
#ifndef EBBRT_PLATFORM_BAREMETAL_BOOT_BOOT_INFORMATION_H_
#define EBBRT_PLATFORM_BAREMETAL_BOOT_BOOT_INFORMATION_H_

#include <cstddef>
#include <cstdint>

namespace ebbrt::platform::machine {

// Physical memory [begin, end).
struct MemoryRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct BootInformation {
  static constexpr size_t kRangesMax = 128;
  static constexpr size_t kModulesMax = 8;
  static constexpr size_t kFirmwareMax = 16;
  static constexpr size_t kCommandLineBytesMax = 64 * 1024;

  // What is memory and free for use, in no order; it may overlap.
  MemoryRange usable[kRangesMax];
  size_t usable_count = 0;
  MemoryRange modules[kModulesMax];
  size_t module_count = 0;
  // Where firmware keeps ACPI's tables.
  MemoryRange firmware[kFirmwareMax];
  size_t firmware_count = 0;
  // With the image's name, as multiboot has it, or without (PVH).
  const char* command_line = nullptr;
  bool command_line_has_name = false;
  // The root of ACPI's tables; 0: to be searched.
  uint64_t acpi_root = 0;
  const char* loader = "";
  size_t dropped = 0;  // Entries for which there was no room.
};

// Reads what the loader left. `magic` and `address` are what it passed.
void ReadBootInformation(uint32_t magic, uint32_t address,
                         BootInformation& information);

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_BOOT_BOOT_INFORMATION_H_
