#include "platform/sim/huge_pages.h"

#include <climits>
#include <cstdlib>

#include <unistd.h>

namespace ebbrt::platform {

void UseHugePages(char** argv) {
  constexpr char kTunables[] = "GLIBC_TUNABLES";
  if (getenv(kTunables) != nullptr) return;
  // 1: transparent huge pages, by madvise.
  if (setenv(kTunables, "glibc.malloc.hugetlb=1", 0) != 0) return;
  // By its name, which it keeps.
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
  if (length < 0) return;
  path[length] = '\0';
  execv(path, argv);
}

}  // namespace ebbrt::platform
