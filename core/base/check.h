// Checks for a programmer's mistakes.
//
// EBBRT_CHECK is always on, costs one predictable branch, and belongs wherever
// it is not on a hot path; EBBRT_DCHECK is compiled in only without NDEBUG or
// with EBBRT_DEBUG_CHECKS. What can happen in operation (a refused allocation,
// a peer's nonsense, a full queue) is never a check but an absl::Status.
//
// Cores: any, also before a core is up. Blocks: no. Allocates: no.
// Errors: a failed check writes one line with its place to the console, then
// whatever the program has to add, and ends the process (the image)
// abnormally; it never returns.
#ifndef EBBRT_CORE_BASE_CHECK_H_
#define EBBRT_CORE_BASE_CHECK_H_

namespace ebbrt::internal {

// Called with the text of the failed condition; ends the program.
[[noreturn, gnu::cold]] void CheckFailed(const char* file, int line,
                                         const char* condition);

// What else there is to say of a failure; must not allocate. Only declared
// here: a program that links a definition has it (core/trace).
[[gnu::weak]] void TellMoreOfFailure();
// Says it, the first time in the life of the program. Called by who failed a
// check, after its line, and by a platform whose program does what must not be
// done.
void TellMoreOnce();

}  // namespace ebbrt::internal

#define EBBRT_CHECK(condition)                                           \
  do {                                                                   \
    if (!(condition)) [[unlikely]] {                                     \
      ::ebbrt::internal::CheckFailed(__FILE__, __LINE__, #condition);    \
    }                                                                    \
  } while (false)

#if defined(EBBRT_DEBUG_CHECKS)
#define EBBRT_DCHECK(condition) EBBRT_CHECK(condition)
#else
// Not evaluated, but compiled, so that it cannot rot.
#define EBBRT_DCHECK(condition)     \
  do {                              \
    if (false) {                    \
      static_cast<void>(condition); \
    }                               \
  } while (false)
#endif

#endif  // EBBRT_CORE_BASE_CHECK_H_
