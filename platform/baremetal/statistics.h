// What the machine has done, told as its last report, for those who measure it.
//
// Cores: any. Allocates: no. Units: cycles of the time stamp counter (under
// QEMU's -icount, instructions).
#ifndef EBBRT_PLATFORM_BAREMETAL_STATISTICS_H_
#define EBBRT_PLATFORM_BAREMETAL_STATISTICS_H_

namespace ebbrt::platform::machine {

// Something has been written to the console: the first time counts.
void NoteConsoleLine();

// Has WriteStatistics tell; otherwise it does nothing.
void EnableStatistics();
// {"event": "machine", ...}, before the exit's report.
void WriteStatistics();

}  // namespace ebbrt::platform::machine

#endif  // EBBRT_PLATFORM_BAREMETAL_STATISTICS_H_
