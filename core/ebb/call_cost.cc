// The calls that CALL_COST.md compares, each as a function of its own, so that
// their instructions can be counted. All take `n` as their second argument, so
// that they differ in the call alone.
#include <cstdint>

#include "core/ebb/ebb_ref.h"

struct Plain {
  uint64_t Add(uint64_t n) { return base + n; }
  uint64_t AddOutOfLine(uint64_t n);
  uint64_t base;
};

struct Abstract {
  virtual uint64_t Add(uint64_t n) = 0;
};

constexpr ebbrt::EbbRef<Plain> kStatic{
    ebbrt::EbbId(ebbrt::kFirstApplicationEbb)};

extern "C" {
uint64_t direct_inline(Plain* object, uint64_t n) { return object->Add(n); }
uint64_t ebb_inline(ebbrt::EbbRef<Plain> ebb, uint64_t n) {
  return ebb->Add(n);
}
uint64_t static_ebb_inline(void*, uint64_t n) { return kStatic->Add(n); }
uint64_t direct_call(Plain* object, uint64_t n) {
  return object->AddOutOfLine(n);
}
uint64_t virtual_call(Abstract* object, uint64_t n) { return object->Add(n); }
uint64_t ebb_call(ebbrt::EbbRef<Plain> ebb, uint64_t n) {
  return ebb->AddOutOfLine(n);
}
}
