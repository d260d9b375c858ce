// What is known of the boot once the program runs.
#ifndef EBBRT_PLATFORM_BAREMETAL_BOOT_START_H_
#define EBBRT_PLATFORM_BAREMETAL_BOOT_START_H_

#include "platform/baremetal/boot/boot_information.h"

namespace ebbrt::platform::machine {

// As ReadBootInformation left it; its command line has gone.
const BootInformation& Boot();

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_BOOT_START_H_
