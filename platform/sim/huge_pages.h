// Has the process's memory stand in huge pages.
//
// A simulation of many cores touches a little of each core's memory, one after
// the other: with pages of 4 KiB most of it misses the TLB as well as the
// caches, and what is asked for in advance waits for the page table.
//
// Cores: none: called first in main. Source: GNU C library manual, "Memory
// Allocation Tunables" (glibc.malloc.hugetlb).
#ifndef EBBRT_PLATFORM_SIM_HUGE_PAGES_H_
#define EBBRT_PLATFORM_SIM_HUGE_PAGES_H_

namespace ebbrt::platform {

// The C library reads what it is told about malloc as the process starts: so
// the process starts again, with that in its environment. Nothing where
// GLIBC_TUNABLES is set already, by this function or by who knows better, or
// where starting fails: then it is slower.
void UseHugePages(char** argv);

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_HUGE_PAGES_H_
