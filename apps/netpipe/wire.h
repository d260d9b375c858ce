// What the two ends of a NetPIPE measurement say to each other over TCP, as
// the stock program NPtcp 3.7 does.
//
//   transmitter                      receiver
//   Sync             <->             Sync
//   100 times: message -> <- message           (of the first size)
//   Sync             <->             Sync
//   for each size of the schedule:             (schedule.h)
//     Sync           <->             Sync
//     repeats         ->                       (32 bits, big endian)
//     for each trial:
//       Sync         <->             Sync
//       `repeats` times: message -> <- message
//   Quit             <->             Quit
//
// Neither sizes nor the number of trials are told: both ends have to be given
// the same. An end that has had enough says Quit in place of the Sync before a
// new length. Quit is the shorter word, and nothing follows it.
//
// Cores: any. Blocks, allocates: never.
// Source: observed of Debian's netpipe-tcp 3.7.2.
#ifndef EBBRT_APPS_NETPIPE_WIRE_H_
#define EBBRT_APPS_NETPIPE_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ebbrt::netpipe {

inline constexpr std::string_view kSync = "SyncMe";
// With the zero that ends it.
inline constexpr std::string_view kQuit{"QUIT", 5};
static_assert(kQuit.size() < kSync.size());
inline constexpr size_t kRepeatsBytes = 4;
inline constexpr uint32_t kProbeRepeats = 100;

}  // namespace ebbrt::netpipe

#endif  // EBBRT_APPS_NETPIPE_WIRE_H_
