// MSI-X: up to 2048 interrupt messages, kept in a table in the device's memory.
//
//   configuration space             memory of a BAR
//   | capability: control    |      | address (8) | data (4) | control (4) |
//   | which BAR, and where ---------> ...          one entry a message     |
//
// Cores: one at a time; a table's entries are independent of each other.
// Ownership: values; the mapping of the table is the caller's and outlives
// MsixTable; it must be uncached. Blocks: no. Allocates: lists and messages.
// Errors: kInvalidArgument where the table is not in a range of the function.
// Source: PCI Local Bus 3.0, section 6.8.2.
#ifndef EBBRT_PLATFORM_BAREMETAL_PCI_MSIX_H_
#define EBBRT_PLATFORM_BAREMETAL_PCI_MSIX_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "platform/baremetal/pci/bars.h"
#include "platform/baremetal/pci/config_space.h"
#include "platform/baremetal/pci/function.h"
#include "platform/baremetal/pci/message.h"

namespace ebbrt::platform::pci {

inline constexpr uint64_t kMsixEntryBytes = 16;

struct Msix {
  struct Place {
    uint8_t bar;  // A Bar's index.
    uint32_t offset;
  };

  Address function;
  uint16_t offset;  // Of the capability.
  uint32_t entries;  // 1 to 2048.
  Place table;
  // The pending bits, one an entry.
  Place pending;
};

// None if the function has no MSI-X, or one that leaves configuration space.
std::optional<Msix> FindMsix(ConfigSpace& config, const Function& function);

// The physical memory that has the table, which has to be mapped.
struct MsixTableMemory {
  uint64_t address;
  uint64_t bytes;
};
absl::StatusOr<MsixTableMemory> LocateMsixTable(const Msix& msix,
                                                std::span<const Bar> bars);

enum class MsixMode {
  kOff,     // Interrupts are INTx or MSI.
  kMasked,  // They are messages, and all are held back.
  kOn,      // They are messages; entries that are masked are held back.
};
void SetMsixMode(ConfigSpace& config, const Msix& msix, MsixMode mode);

// The table, mapped. Entries are masked after a reset of the device.
class MsixTable {
 public:
  // REQUIRES: `memory` is what LocateMsixTable said, aligned to eight bytes.
  explicit MsixTable(std::span<volatile std::byte> memory);

  uint32_t entries() const;

  // REQUIRES, of all: entry < entries().

  // Sets an entry's message; it is masked meanwhile, and then as it was.
  void SetMessage(uint32_t entry, const Message& message);
  // What an entry holds back is pending, and sent when it is unmasked.
  void Mask(uint32_t entry);
  void Unmask(uint32_t entry);

 private:
  volatile uint32_t& Word(uint32_t entry, uint32_t word);

  std::span<volatile std::byte> memory_;
};

}  // namespace ebbrt::platform::pci

#endif  // EBBRT_PLATFORM_BAREMETAL_PCI_MSIX_H_
