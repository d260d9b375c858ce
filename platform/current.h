// The platform of this build, under the one name that core uses.
//
// The only place where the choice shows; Bazel makes it
// (--//platform:platform=NAME).
#ifndef EBBRT_PLATFORM_CURRENT_H_
#define EBBRT_PLATFORM_CURRENT_H_

#include "platform/contract.h"

#if defined(EBBRT_PLATFORM_LINUX)
#include "platform/linux/linux.h"
namespace ebbrt {
using Platform = platform::Linux;
}
#elif defined(EBBRT_PLATFORM_BAREMETAL)
#include "platform/baremetal/baremetal.h"
namespace ebbrt {
using Platform = platform::Baremetal;
}
#elif defined(EBBRT_PLATFORM_SIM)
#include "platform/sim/sim.h"
namespace ebbrt {
using Platform = platform::Sim;
}
#elif defined(EBBRT_PLATFORM_ARCHETYPE)
#include "platform/archetype/archetype.h"
namespace ebbrt {
using Platform = platform::Archetype;
}
#else
#error "the build names no platform"
#endif

static_assert(ebbrt::platform::Platform<ebbrt::Platform>);

#endif  // EBBRT_PLATFORM_CURRENT_H_
