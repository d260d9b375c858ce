// /proc/cpuinfo, which libraries read to know the machine.
#ifndef EBBRT_PLATFORM_BAREMETAL_CPUINFO_H_
#define EBBRT_PLATFORM_BAREMETAL_CPUINFO_H_

namespace ebbrt::platform::internal {

// Once all processors are up.
void WriteCpuinfo();

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_BAREMETAL_CPUINFO_H_
