// Lines by which devices interrupt that send no messages, by the I/O APIC.
//
// Which line a function's pin is wired to is written in AML, which is not
// interpreted here. What is known is what firmware has noted in the function
// for the 8259: on PCs the line of that number of the first I/O APIC is it too
// (also in QEMU, on both of its machines). A function for which firmware noted
// nothing has no line.
//
// A line is level-triggered and may be shared: all handlers of it run until
// none has found anything.
//
// Cores: one at a time a line, under a lock; a handler on the core that has
// added it, which is the same for all that share a line.
// Ownership: the context outlives its place. Blocks: for another core's
// section. Allocates: never. Bound: kLinesMax lines of kLineSharersMax devices.
// Errors: kUnavailable where there is no such line, or it is another core's;
// kResourceExhausted.
// Source: PCI Local Bus 3.0, section 6.2.4 (Interrupt Line).
#ifndef EBBRT_PLATFORM_BAREMETAL_DEVICES_LINE_INTERRUPTS_H_
#define EBBRT_PLATFORM_BAREMETAL_DEVICES_LINE_INTERRUPTS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "platform/baremetal/devices/device_interrupts.h"

namespace ebbrt::platform {

inline constexpr size_t kLinesMax = 32;
inline constexpr size_t kLineSharersMax = 8;

// Adds a handler to the line that firmware has noted, for the calling core.
absl::Status AddToLine(uint8_t noted_line, DeviceHandler handler,
                       void* context);
// From that core, or when its loop has ended.
void RemoveFromLine(uint8_t noted_line, void* context);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_BAREMETAL_DEVICES_LINE_INTERRUPTS_H_
