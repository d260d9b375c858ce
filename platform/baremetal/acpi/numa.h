// The SRAT and the SLIT: which processors and which memory are close to each
// other, and how far apart the others are.
//
// Proximity domains, whose numbers firmware chooses, become dense numbers of
// NUMA nodes: the domains that have processors or memory, in ascending order.
//
// Cores: one at a time. Blocks: no. Allocates: yes. Ownership: values.
// Bound: kNumaNodesMax, kMemoryRangesMax, kProcessorsMax; a table with more is
// an error.
// Errors: kInvalidArgument, with table and offset. Entries of other types, and
// those that are not enabled, are skipped.
// Source: ACPI 6.5, sections 5.2.16 (SRAT), 5.2.17 (SLIT).
#ifndef EBBRT_PLATFORM_BAREMETAL_ACPI_NUMA_H_
#define EBBRT_PLATFORM_BAREMETAL_ACPI_NUMA_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/baremetal/acpi/table.h"

namespace ebbrt::platform::acpi {

inline constexpr size_t kNumaNodesMax = 256;
inline constexpr size_t kMemoryRangesMax = 4096;

// Relative latencies as the SLIT has them.
inline constexpr uint8_t kDistanceLocal = 10;
inline constexpr uint8_t kDistanceRemote = 20;  // Where nothing is said.
inline constexpr uint8_t kDistanceUnreachable = 255;

struct Numa {
  struct Processor {
    uint32_t apic_id;
    uint32_t node;
  };
  // Physical memory; ranges may have holes where the memory map has them.
  struct Memory {
    uint64_t base;
    uint64_t bytes;  // At least one, and base + bytes does not overflow.
    uint32_t node;
    // There may be nothing yet.
    bool hot_pluggable;
  };

  // The proximity domain of each node.
  std::vector<uint32_t> domains;
  // Each APIC id once.
  std::vector<Processor> processors;
  std::vector<Memory> memory;
  // Of node a to node b at [a * node_count() + b]; empty without a SLIT.
  std::vector<uint8_t> distances;

  uint32_t node_count() const { return static_cast<uint32_t>(domains.size()); }
  // REQUIRES: both are below node_count().
  uint8_t Distance(uint32_t from, uint32_t to) const;
  // None where the SRAT does not say.
  std::optional<uint32_t> NodeOfProcessor(uint32_t apic_id) const;
  std::optional<uint32_t> NodeOfAddress(uint64_t address) const;
};

// REQUIRES: the table's signature is "SRAT".
absl::StatusOr<Numa> ReadSrat(const Table& table);

// Adds the distances. An error leaves `numa` as it was.
// REQUIRES: the table's signature is "SLIT".
absl::Status ReadSlit(const Table& table, Numa& numa);

}  // namespace ebbrt::platform::acpi

#endif  // EBBRT_PLATFORM_BAREMETAL_ACPI_NUMA_H_
