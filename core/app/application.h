// An application: one source, built for every platform.
//
//   ebbrt::Future<int> Main(ebbrt::Application& application) {
//     ...
//     co_await application.StopRequested();
//     co_return 0;
//   }
//   EBBRT_APPLICATION("memcached", Main);
//
// The entry point is an event of core 0 of its node, so it may block, or be a
// coroutine; the node ends when its future is there, with that exit code. (A
// failed future prints its status and exits with 1; kInvalidArgument, that is
// a wrong configuration, with 2.) An application keeps no mutable globals: in
// the simulator a thousand nodes share them.
//
// What it reports goes to the console as lines that begin with kReportPrefix
// and then have one JSON object; everything else on the console is for people.
//
// Cores: the entry point runs on core 0; Application may be called from any
// core. Ownership: the platform's. Blocks: no. Errors: as said.
// Source: design: "Applications".
#ifndef EBBRT_CORE_APP_APPLICATION_H_
#define EBBRT_CORE_APP_APPLICATION_H_

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/async/future.h"

namespace ebbrt {

using Json = nlohmann::json;

inline constexpr std::string_view kReportPrefix = "@ebbrt ";

class Application {
 public:
  virtual ~Application() = default;

  // As given in the experiment (or by --set); an object.
  virtual const Json& parameters() const = 0;
  // The role of this node in the experiment, "" if it has none.
  virtual std::string_view role() const = 0;
  // The seed that this node's randomness starts from.
  virtual uint64_t seed() const = 0;

  // Is there once somebody asks the node to end in good order (SIGINT or
  // SIGTERM on Linux). Each call gives a future of its own, for its own core.
  virtual Future<void> StopRequested() = 0;

  // {"event": "ready", ...details}: a server can be reached from now on.
  virtual void ReportReady(Json details) = 0;
  // {"event": "progress", "fraction": f}, 0 <= f <= 1.
  virtual void ReportProgress(double fraction) = 0;
  // {"event": "metrics", "metrics": {...}}: figures of this node's run.
  virtual void ReportMetrics(Json metrics) = 0;
};

using ApplicationEntry = Future<int> (*)(Application& application);

// An application that is linked in.
struct ApplicationDescriptor {
  std::string_view name;
  ApplicationEntry entry;
};

// All that EBBRT_APPLICATION has named in this program: one, but where the
// simulator hosts several.
std::span<const ApplicationDescriptor* const> Applications();

}  // namespace ebbrt

// Names an application, once a file. The descriptors' addresses stand in a
// section of the image, which the linker collects from all that is linked in.
#define EBBRT_APPLICATION(name, entry)                                    \
  namespace {                                                             \
  constexpr ::ebbrt::ApplicationDescriptor kThisApplication = {name,      \
                                                               entry};    \
  [[gnu::section("ebbrt_applications"), gnu::used]] constexpr const       \
      ::ebbrt::ApplicationDescriptor* kThisApplicationEntry =             \
          &kThisApplication;                                              \
  }                                                                       \
  static_assert(true)

#endif  // EBBRT_CORE_APP_APPLICATION_H_
