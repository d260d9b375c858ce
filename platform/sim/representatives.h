// A simulated core's table of representatives.
//
// Static numbers and the lowest local ones, which are given first, stand in an
// array; the rest in a hash table, so that a core costs 2 KiB and a node of
// thousands of cores fits.
//
// Cores: its own. `current` is the host thread's: the table of the core that
// it runs at present. Allocates: Set. Bound: kDenseMax entries in the array.
#ifndef EBBRT_PLATFORM_SIM_REPRESENTATIVES_H_
#define EBBRT_PLATFORM_SIM_REPRESENTATIVES_H_

#include <unordered_map>

#include "platform/contract.h"

namespace ebbrt::platform {

class SimRepresentatives {
 public:
  static constexpr EbbNumber kDenseMax = 1 << 16;

  // A thread that runs no core: it has none.
  static const SimRepresentatives kNone;
  // Local-exec: a program is one image, so this is one load off %fs.
  static thread_local constinit const SimRepresentatives* current
      __attribute__((tls_model("local-exec")));

  // A table of its own.
  SimRepresentatives();
  ~SimRepresentatives();
  SimRepresentatives(const SimRepresentatives&) = delete;
  SimRepresentatives& operator=(const SimRepresentatives&) = delete;

  // Null where there is none.
  void* Find(EbbNumber number) const noexcept {
    // A static number is always in the array; of a constant one the compiler
    // knows.
    bool is_static =
        __builtin_constant_p(number) && number < kStaticEbbNumbers;
    if (is_static || number < dense_count_) [[likely]] return dense_[number];
    return FindSparse(number);
  }
  // A turn of its core comes soon (fetch_ahead.h): has the processor fetch, in
  // step 0, the entries of core's own services, which have the lowest numbers;
  // in step 1, these, as far as each turn touches them.
  void Fetch(int step) const;
  // False: no memory.
  bool Set(EbbNumber number, void* representative) noexcept;
  // Forgets all.
  void Clear() noexcept;

 private:
  using Sparse = std::unordered_map<EbbNumber, void*>;

  constexpr explicit SimRepresentatives(void** dense) : dense_(dense) {}

  void* FindSparse(EbbNumber number) const noexcept;
  void SetOrThrow(EbbNumber number, void* representative);
  void GrowDense(EbbNumber count);

  void** dense_;
  EbbNumber dense_count_ = kStaticEbbNumbers;
  Sparse* sparse_ = nullptr;
};

}  // namespace ebbrt::platform

#endif  // EBBRT_PLATFORM_SIM_REPRESENTATIVES_H_
