// The main function of every application.
#include <span>

#include "core/app/application.h"
#include "core/app/run_application.h"
#include "core/base/check.h"

int main(int argc, char** argv) {
  // Some platforms start a program without so much as its name.
  std::span<const char* const> arguments(argv, argc > 0 ? argc : 0);
  if (!arguments.empty()) arguments = arguments.subspan(1);
  EBBRT_CHECK(ebbrt::Applications().size() == 1);
  return ebbrt::RunApplication(*ebbrt::Applications()[0], arguments);
}
