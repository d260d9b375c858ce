// The registers of a device that are memory.
//
// Cores: any; order between cores is the driver's. Ownership: a view of a
// mapping, which is uncached and outlives it. Blocks, allocates: no.
// REQUIRES, of all: the register lies within, at a multiple of its bytes.
#ifndef EBBRT_PLATFORM_BAREMETAL_DEVICES_REGISTERS_H_
#define EBBRT_PLATFORM_BAREMETAL_DEVICES_REGISTERS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/check.h"

namespace ebbrt::platform {

class Registers {
 public:
  Registers() = default;
  explicit Registers(std::span<volatile std::byte> memory) : memory_(memory) {}

  size_t size() const { return memory_.size(); }

  template <typename T>
  T Read(size_t offset) const {
    return At<T>(offset);
  }
  template <typename T>
  void Write(size_t offset, T value) const {
    // What stands before in the program is in memory before: the processor
    // keeps the order of stores, and this the compiler's.
    asm volatile("" : : : "memory");
    At<T>(offset) = value;
  }

 private:
  template <typename T>
  volatile T& At(size_t offset) const {
    EBBRT_DCHECK(offset % sizeof(T) == 0 && offset < memory_.size() &&
                 sizeof(T) <= memory_.size() - offset);
    return *reinterpret_cast<volatile T*>(memory_.data() + offset);
  }

  std::span<volatile std::byte> memory_;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_BAREMETAL_DEVICES_REGISTERS_H_
