// Physical memory, as far as the reader of ACPI tables may look at it.
//
// The platform implements it over its identity map or page tables; tests over
// arrays.
//
// Cores: one at a time, during bring-up. Ownership: what Map returns belongs to
// the object. Blocks: no. Allocates: an implementation may.
// Errors: an empty span; never a fault.
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_PHYSICAL_MEMORY_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_PHYSICAL_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace ebbrt::platform::acpi {

class PhysicalMemory {
 public:
  virtual ~PhysicalMemory() = default;

  // The `bytes` bytes at `address`, readable for as long as this object lives;
  // empty where they are not all memory that firmware may have written tables
  // to. Both arguments may come from a broken table: any value is asked for,
  // also ones whose sum overflows.
  virtual std::span<const std::byte> Map(uint64_t address, size_t bytes) = 0;
};

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_PHYSICAL_MEMORY_H_
