// What firmware's tables say of this machine, and what follows from it for the
// parts below: how it is switched off, which memory is near which processor.
//
// Cores: one, during bring-up. Ownership: the machine's, for ever.
// Blocks: no. Allocates: yes. Errors: a machine without tables is one of a
// single processor; what could not be read is told on the console.
#ifndef EBBRT_PLATFORM_BAREMETAL_FIRMWARE_H_
#define EBBRT_PLATFORM_BAREMETAL_FIRMWARE_H_

#include "platform/baremetal/acpi/machine.h"

namespace ebbrt::platform::internal {

// Reads the tables, once.
void ReadFirmware();
// As they were read; empty before, and where there are none.
const acpi::Machine& Firmware();

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_BAREMETAL_FIRMWARE_H_
