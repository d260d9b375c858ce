// Greets from every core.
#include <string>

#include "absl/status/status.h"
#include "core/app/application.h"
#include "core/async/combinators.h"
#include "platform/current.h"

namespace {

ebbrt::Future<int> Main(ebbrt::Application& application) {
  for (uint32_t i = 0; i < ebbrt::Platform::CoreCount(); ++i) {
    absl::Status status = co_await ebbrt::Async(ebbrt::CoreId(i), [i] {
      ebbrt::Platform::WriteConsole("hello from core " + std::to_string(i) +
                                    "\n");
    });
    if (!status.ok()) co_return status;
  }
  co_return 0;
}

}  // namespace

EBBRT_APPLICATION("hello", Main);
