// Greets from every core.
#include <string>

#include "core/app/application.h"
#include "core/async/combinators.h"
#include "platform/current.h"

ebbrt::Future<int> Main(ebbrt::Application& application) {
  for (uint32_t i = 0; i < ebbrt::Platform::CoreCount(); ++i) {
    co_await ebbrt::Async(ebbrt::CoreId(i), [i] {
      ebbrt::Platform::WriteConsole("hello from core " + std::to_string(i) +
                                    "\n");
    });
  }
  co_return 0;
}
EBBRT_APPLICATION("hello", Main);
