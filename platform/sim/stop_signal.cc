#include "platform/sim/stop_signal.h"

#include <csignal>

#include <signal.h>

namespace ebbrt::platform {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};

constinit volatile std::sig_atomic_t signalled = 0;

}  // namespace

void StopSignal::Watch() {
  struct sigaction action = {};
  action.sa_handler = [](int) { signalled = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (int signal : kSignals) sigaction(signal, &action, nullptr);
}

void StopSignal::Ignore() {
  for (int signal : kSignals) std::signal(signal, SIG_DFL);
  signalled = 0;
}

bool StopSignal::pending() { return signalled != 0; }

bool StopSignal::Take() {
  if (signalled == 0) return false;
  signalled = 0;
  return true;
}

}  // namespace ebbrt::platform
