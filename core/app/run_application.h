// Runs an application: brings its node up, gives it what it was started with,
// and takes the node down when it has ended.
//
// Cores: called from the platform's main thread, not from a core.
// Blocks: until the application has ended. Errors: the exit code, as
// core/app/application.h says.
#ifndef EBBRT_CORE_APP_RUN_APPLICATION_H_
#define EBBRT_CORE_APP_RUN_APPLICATION_H_

#include <span>

#include "core/app/application.h"
#include "core/app/command_line.h"
#include "core/event/event.h"

namespace ebbrt {

// Nothing is run under wrong options.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitWrongConfiguration = 2;

// The first event of the application's node, which ends the node once the
// application has ended: for who hosts several nodes (the simulator). The
// arguments outlive the node.
EventFunction ApplicationMain(const ApplicationDescriptor& application,
                              const ApplicationOptions& options);

// Runs the application and returns its exit code.
int RunApplication(const ApplicationDescriptor& application,
                   const ApplicationOptions& options);

// The same from a command line, without the program's name.
int RunApplication(const ApplicationDescriptor& application,
                   std::span<const char* const> arguments);

}  // namespace ebbrt

#endif  // EBBRT_CORE_APP_RUN_APPLICATION_H_
