// The one address space: where what stands, and who may have which addresses.
//
//   0                physical memory, where it is; the image within it
//   32 TiB           a slot of 64 GiB for each processor (processor.h)
//   64 TiB - 128 TiB reservations
//
// Physical memory is mapped in the largest pages that the processor has,
// readable and writable, not executable; the image's parts each as they need;
// the page at address zero not at all.
//
// Cores: any, under one lock. Ownership: a reservation is its caller's.
// Blocks: for another core's section, and for all processors to have forgotten
// what was taken away. Allocates: frames. Errors: false or 0 where memory or
// addresses are refused; then nothing has changed.
#ifndef EBBRT_PLATFORM_BAREMETAL_MEMORY_ADDRESS_SPACE_H_
#define EBBRT_PLATFORM_BAREMETAL_MEMORY_ADDRESS_SPACE_H_

#include <cstddef>
#include <cstdint>

#include "core/base/spin_lock.h"
#include "platform/baremetal/boot/boot_information.h"
#include "platform/baremetal/memory/page_table.h"

namespace ebbrt::platform::machine {

inline constexpr uint64_t kTiB = uint64_t{1} << 40;
inline constexpr uint64_t kPhysicalEnd = 32 * kTiB;
inline constexpr uint64_t kSlotsBegin = 32 * kTiB;
inline constexpr uint64_t kSlotBytes = uint64_t{64} << 30;
inline constexpr uint64_t kReservationsBegin = 64 * kTiB;
inline constexpr uint64_t kReservationsEnd = 127 * kTiB;

// How pages are zeroed: by whom vector registers are free to use, or not.
using ClearPages = void (*)(void* memory, size_t bytes);

class AddressSpace {
 public:
  constexpr AddressSpace() = default;

  // Once: takes all usable memory, maps it, and leaves the loader's map.
  void Initialize(const BootInformation& information);
  uint64_t root() const { return table_.root(); }

  // Addresses whose pages are as `kind` says: kReserved or kOnDemand. `bytes`
  // and `alignment` are multiples of a small page, `alignment` a power of two.
  uint64_t Reserve(uint64_t bytes, uint64_t alignment, Entry kind);
  void Unreserve(uint64_t address, uint64_t bytes);
  bool Commit(uint64_t address, uint64_t bytes, uint32_t node,
              ClearPages clear);
  void Decommit(uint64_t address, uint64_t bytes);
  bool Protect(uint64_t address, uint64_t bytes, bool writable);

  // Of a reservation kOnDemand: allows writing; gives the memory back, so that
  // it reads as zero.
  bool Permit(uint64_t address, uint64_t bytes);
  void Discard(uint64_t address, uint64_t bytes);

  // Fixed addresses, for processors' slots.
  bool ReserveAt(uint64_t address, uint64_t bytes, Entry kind);

  // Device memory, mapped where it is, uncached; and firmware's tables, cached
  // and readable only. No device is where there is memory.
  bool MapDevice(uint64_t physical, uint64_t bytes);
  bool MapTables(uint64_t physical, uint64_t bytes);

  // Where memory that the caller may read is, as a device sees it, and how many
  // bytes from there on follow each other.
  struct Place {
    uint64_t physical;
    uint64_t bytes;
  };
  Place Find(uint64_t address) const;

  // Null pointers fault again.
  void UnmapFirstPage() { ReserveAt(0, kSmallFrameBytes, kFree); }

  // What a fault is at an address.
  enum class Fault {
    kWild,      // Nobody's, or forbidden.
    kReserved,  // Of a reservation, without memory.
    kMended,    // The access is to be made again.
    kNoMemory,  // It would be, but there is none.
  };
  // Whether an address can be read. Takes no lock: a crash asks.
  bool IsPresent(uint64_t address) const;
  Fault HandleFault(uint64_t address, bool is_write, bool is_present);

  // A hint while others run. A crash asks, which must not wait.
  bool IsLocked() const { return lock_.is_locked(); }

  // Gives a page of the caller's own translation table memory.
  bool CommitTranslation(uint64_t page);

 private:
  class Guard;

  bool MapForced(uint64_t physical, uint64_t bytes, Entry flags);
  uint64_t FindFree(uint64_t bytes, uint64_t alignment);
  // All processors forget the range, and what it had is freed.
  void Forget(uint64_t address, uint64_t bytes);

  SpinLock lock_;  // Of all below.
  PageTable table_;
  uint64_t zeros_ = kNoFrame;  // What is never written reads from here.
  uint64_t next_ = kReservationsBegin;  // Where to look for free addresses.
};

extern constinit AddressSpace address_space;

// The parts of the image (image.ld).
extern "C" {
extern const char image_begin[];
extern const char code_begin[];
extern const char code_end[];
extern const char data_begin[];
extern const char image_end[];
}

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_MEMORY_ADDRESS_SPACE_H_
