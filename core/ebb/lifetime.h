// The end of an Ebb.
//
// Cores: any core; the future is the caller's. Ownership: ends the node's.
// Blocks: no. Allocates: an event a core.
// Errors: destroying an Ebb that does not exist is a failed check.
#ifndef EBBRT_CORE_EBB_LIFETIME_H_
#define EBBRT_CORE_EBB_LIFETIME_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "core/async/combinators.h"
#include "core/async/future.h"
#include "core/base/types.h"
#include "core/ebb/ebb.h"
#include "core/ebb/ebb_ref.h"
#include "platform/current.h"

namespace ebbrt {

// Destroys each core's representative on its own core, as an event, then the
// root, and gives the id back for reuse (unless it is static). The Ebb must
// not be called any more; calls already queued on other cores are served if
// they were queued from this core before.
template <typename T>
Future<void> DestroyEbb(EbbRef<T> ebb) {
  EbbId id = ebb.id();
  std::vector<Future<void>> cores;
  for (uint32_t i = 0; i < Platform::CoreCount(); ++i) {
    cores.push_back(Async(CoreId(i), [id] {
      bool cleared = Platform::SetRepresentative(id.value(), nullptr);
      EBBRT_CHECK(cleared);
      ebb_directory->Find(id)->DropRepresentative();
    }));
  }
  return WhenAll(std::move(cores)).Then([id](std::vector<absl::Status>) {
    ebb_directory->Remove(id);
    if (!id.is_static()) ebb_directory->FreeId(id);
  });
}

}  // namespace ebbrt

#endif  // EBBRT_CORE_EBB_LIFETIME_H_
