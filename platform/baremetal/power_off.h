// How this machine is switched off, as writes of its chipset's registers.
//
// Cores: set during bring-up; used by whoever ends the machine.
// Allocates: no. Bound: kStepsMax; what is beyond is dropped.
#ifndef EBBRT_PLATFORM_BAREMETAL_POWER_OFF_H_
#define EBBRT_PLATFORM_BAREMETAL_POWER_OFF_H_

#include <cstddef>
#include <cstdint>

namespace ebbrt::platform::machine {

// With keep_mask zero, write `value`; otherwise what was read & keep_mask |
// value. A port, or memory that is mapped where it is.
struct RegisterWrite {
  bool is_port;
  uint32_t bytes;
  uint64_t address;
  uint64_t keep_mask;
  uint64_t value;
};
inline constexpr size_t kPowerOffStepsMax = 8;

void SetPowerOff(const RegisterWrite* steps, size_t count);
// Does what was set. It returns where that does not switch the machine off.
void PowerOff();

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_POWER_OFF_H_
