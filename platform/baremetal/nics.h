// The machine's network interface controllers, as far as there are drivers.
//
// Cores: core 0. Ownership: the caller's, for as long as cores run or until it
// gives them up; then they can be had again. Blocks: no. Allocates: yes.
// Errors: one that does not come up is told on the console, and left out.
#ifndef EBBRT_PLATFORM_BAREMETAL_NICS_H_
#define EBBRT_PLATFORM_BAREMETAL_NICS_H_

#include <memory>
#include <vector>

#include "core/net/nic.h"
#include "platform/baremetal/nic/nic_driver.h"

namespace ebbrt::platform {

// Whether there is one that there is a driver for. Touches none. Any core.
bool HasNic();

// In the order of their places on the bus.
std::vector<std::unique_ptr<Nic>> FindNics(const NicOptions& options);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_BAREMETAL_NICS_H_
