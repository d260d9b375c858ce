#include "core/app/application.h"

// The linker defines them for a section whose name is an identifier. Weak,
// because a test may have no application at all.
extern "C" {
[[gnu::visibility("hidden"), gnu::weak]] extern const ebbrt::
    ApplicationDescriptor* const __start_ebbrt_applications[];
[[gnu::visibility("hidden"), gnu::weak]] extern const ebbrt::
    ApplicationDescriptor* const __stop_ebbrt_applications[];
}

namespace ebbrt {

std::span<const ApplicationDescriptor* const> Applications() {
  return {__start_ebbrt_applications, __stop_ebbrt_applications};
}

}  // namespace ebbrt
