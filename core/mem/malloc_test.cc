// The C and C++ names. Only built where the program gets our malloc.
#include <gtest/gtest.h>
#include <malloc.h>
#include <stdlib.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "core/base/types.h"
#include "core/mem/allocator.h"
#include "core/mem/test_page_source.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::mem {
namespace {

using ebbrt::testing::RunOnCores;

// The compiler knows these functions, and would take calls away.
template <typename T>
T* Opaque(T* pointer) {
  asm volatile("" : "+r"(pointer) : : "memory");
  return pointer;
}

bool IsOurs(const void* object) {
  return internal::process.pages.Contains(object);
}

// Made by a constructor that runs before main.
void* const made_before_main = Opaque(malloc(100));

TEST(Malloc, ServesEveryName) {
  RunOnCores(1, [] {
    void* aligned = nullptr;
    EXPECT_EQ(posix_memalign(&aligned, 256, 100), 0);
    void* objects[] = {
        malloc(100), calloc(10, 10), realloc(nullptr, 100),
        reallocarray(nullptr, 10, 10), aligned_alloc(64, 128),
        memalign(512, 100), valloc(100), pvalloc(100), aligned};
    for (void* object : objects) {
      EXPECT_TRUE(IsOurs(Opaque(object)));
      EXPECT_GE(malloc_usable_size(object), 100u);
      free(object);
    }
    EXPECT_EQ(malloc_usable_size(nullptr), 0u);
    free(nullptr);
  });
}

TEST(Malloc, ServesNewAndDelete) {
  struct alignas(128) Aligned {
    char bytes[300];
  };
  auto object = std::make_unique<int>(3);
  auto array = std::make_unique<char[]>(1000);
  auto aligned = std::make_unique<Aligned>();
  auto aligned_array = std::make_unique<Aligned[]>(7);
  EXPECT_TRUE(IsOurs(Opaque(object.get())));
  EXPECT_TRUE(IsOurs(Opaque(array.get())));
  EXPECT_TRUE(IsOurs(Opaque(aligned.get())));
  EXPECT_TRUE(IsOurs(Opaque(aligned_array.get())));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(aligned.get()) % 128, 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(aligned_array.get()) % 128, 0u);
}

TEST(Malloc, ServesTheCLibrary) {
  char* copy = Opaque(strdup("what the library allocates is ours as well"));
  EXPECT_TRUE(IsOurs(copy));
  free(copy);
}

TEST(Malloc, WorksBeforeMain) {
  EXPECT_TRUE(IsOurs(made_before_main));
}

TEST(Malloc, RejectsWrongAlignments) {
  // Volatile, so that the compiler does not warn that this cannot work.
  volatile size_t not_a_power = 48;
  errno = 0;
  EXPECT_EQ(aligned_alloc(not_a_power, 100), nullptr);
  EXPECT_EQ(errno, EINVAL);
  void* object = nullptr;
  EXPECT_EQ(posix_memalign(&object, 48, 100), EINVAL);
  EXPECT_EQ(posix_memalign(&object, 4, 100), EINVAL);
  EXPECT_EQ(object, nullptr);
}

TEST(Malloc, TellsOfExhaustion) {
  // Volatile, so that the compiler does not warn that this cannot work.
  volatile size_t too_much = SIZE_MAX / 2;
  void* object = nullptr;
  for (int i = 0; i < 5; ++i) {
    errno = 0;
    switch (i) {
      case 0: object = malloc(too_much); break;
      case 1: object = calloc(too_much, 3); break;
      case 2: object = realloc(nullptr, too_much); break;
      case 3: object = aligned_alloc(64, too_much); break;
      case 4: object = reallocarray(nullptr, too_much, 3); break;
    }
    EXPECT_EQ(Opaque(object), nullptr) << i;
    EXPECT_EQ(errno, ENOMEM) << i;
  }
  EXPECT_THROW(Opaque(new char[too_much]), std::bad_alloc);
  EXPECT_THROW(Opaque(::operator new(too_much, std::align_val_t{64})),
               std::bad_alloc);
  EXPECT_EQ(Opaque(new (std::nothrow) char[too_much]), nullptr);
}

int handler_calls = 0;

TEST(Malloc, CallsTheNewHandler) {
  handler_calls = 0;
  std::set_new_handler([] {
    if (++handler_calls == 3) std::set_new_handler(nullptr);
  });
  volatile size_t too_much = SIZE_MAX / 2;
  EXPECT_THROW(Opaque(::operator new(too_much)), std::bad_alloc);
  EXPECT_EQ(handler_calls, 3);
}

// Refuses commits for as long as it lives.
class Refusal {
 public:
  explicit Refusal(uint64_t first) {
    Trim();
    source_.Refuse(first, TestPageSource::kNever);
    internal::process.pages.SetSource(source_);
  }
  ~Refusal() { internal::process.pages.SetSource(internal::process.source); }

  bool refused_any() const { return source_.refused_any(); }

 private:
  TestPageSource source_;
};

// Small and large objects, grown and aligned; false as soon as one is refused,
// and then errno tells. It uses nothing else that allocates.
bool RunWorkload() {
  constexpr size_t kObjects = 3000;
  static void* objects[kObjects];
  size_t count = 0;
  bool complete = true;
  errno = 0;
  while (complete && count < kObjects) {
    void* object = nullptr;
    switch (count % 4) {
      case 0: object = malloc(count * 16); break;
      case 1: object = calloc(count, 7); break;
      case 2: object = aligned_alloc(64, count); break;
      case 3:
        object = new (std::nothrow) char[count * 3];
        if (object == nullptr) errno = ENOMEM;  // C++ does not promise it.
        break;
    }
    complete = object != nullptr;
    if (!complete) break;
    std::memset(object, 1, malloc_usable_size(object));
    if (void* grown = realloc(object, count * 20 + 1)) {
      object = grown;
    } else {
      complete = false;  // The old object is still there.
    }
    objects[count++] = object;
  }
  for (size_t i = 0; i < count; ++i) free(objects[i]);
  return complete;
}

TEST(Malloc, SurvivesARefusalAtEveryCommit) {
  RunOnCores(1, [] {
    RunWorkload();
    uint64_t refusals = 0;
    for (uint64_t k = 1;; ++k) {
      Trim();
      const size_t before = ReadStatistics().bytes_in_use();
      bool complete;
      bool refused;
      int error;
      {
        Refusal refusal(k);
        complete = RunWorkload();
        error = errno;
        refused = refusal.refused_any();
      }
      ASSERT_EQ(ReadStatistics().bytes_in_use(), before) << "refusal " << k;
      if (!complete) {
        ASSERT_TRUE(refused);
        ASSERT_EQ(error, ENOMEM);
        ++refusals;
      }
      if (!refused) {
        ASSERT_TRUE(complete);
        break;
      }
    }
    EXPECT_GT(refusals, 3u);
  });
}

TEST(Malloc, NewThrowsWhereMemoryIsRefused) {
  RunOnCores(1, [] {
    bool thrown = false;
    void* nothing;
    {
      Refusal refusal(1);
      try {
        Opaque(new char[64 * kMiB]);
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
      nothing = Opaque(new (std::nothrow) char[64 * kMiB]);
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(nothing, nullptr);
  });
}

TEST(Malloc, TrimGivesMemoryBack) {
  RunOnCores(1, [] {
    free(Opaque(malloc(20 * kMiB)));
    EXPECT_EQ(malloc_trim(0), 1);
  });
}

}  // namespace
}  // namespace ebbrt::mem
