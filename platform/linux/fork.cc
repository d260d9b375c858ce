// fork() while other threads allocate: a child has only the thread that called
// it, and must find no lock of the allocator held by one that it has not.
#include <pthread.h>

#include "core/mem/allocator.h"

namespace {

[[gnu::constructor]] void RegisterForkHandlers() {
  pthread_atfork(ebbrt::mem::LockForDuplication,
                 ebbrt::mem::UnlockAfterDuplication,
                 ebbrt::mem::UnlockAfterDuplication);
}

}  // namespace
