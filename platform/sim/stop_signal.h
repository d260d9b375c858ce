// SIGINT and SIGTERM of the process that simulates, as a request to the node to
// stop.
//
// Cores: the thread that simulates. Errors: a second signal of the kind has its
// usual effect.
#ifndef EBBRT_PLATFORM_SIM_STOP_SIGNAL_H_
#define EBBRT_PLATFORM_SIM_STOP_SIGNAL_H_

namespace ebbrt::platform {

struct StopSignal {
  // From now on signals are kept for Take; they have had their usual effect
  // before, and have it again after Ignore.
  static void Watch();
  static void Ignore();

  static bool pending();
  // Whether one was pending; it no longer is.
  static bool Take();
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_STOP_SIGNAL_H_
