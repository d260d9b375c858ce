// The contract's pages, by the machine's address space.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "core/base/check.h"
#include "platform/baremetal/baremetal.h"
#include "platform/baremetal/cpu/interrupts.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform {
namespace {

uint64_t AddressOf(void* address) {
  return reinterpret_cast<uint64_t>(address);
}

// By vector registers, which are the caller's to lose, as in any function.
[[gnu::target("avx")]] void ClearByAvx(void* memory, size_t bytes) {
  auto* to = static_cast<__m256i*>(memory);
  const __m256i zero = _mm256_setzero_si256();
  constexpr size_t kUnrolled = 32;
  for (size_t left = bytes / sizeof(zero); left > 0; left -= kUnrolled) {
#pragma GCC unroll 32
    for (size_t i = 0; i < kUnrolled; ++i) _mm256_store_si256(to + i, zero);
    to += kUnrolled;
  }
}

void ClearBySse(void* memory, size_t bytes) {
  auto* to = static_cast<__m128i*>(memory);
  const __m128i zero = _mm_setzero_si128();
  constexpr size_t kUnrolled = 32;
  for (size_t left = bytes / sizeof(zero); left > 0; left -= kUnrolled) {
#pragma GCC unroll 32
    for (size_t i = 0; i < kUnrolled; ++i) _mm_store_si128(to + i, zero);
    to += kUnrolled;
  }
}

machine::ClearPages ChooseClear() {
  return machine::HasAvx() ? ClearByAvx : ClearBySse;
}

bool IsMultiple(uint64_t number) {
  return number % Baremetal::kPageBytes == 0;
}

}  // namespace

void* Baremetal::ReservePages(size_t bytes, size_t alignment) noexcept {
  if (!IsMultiple(bytes)) return nullptr;
  return reinterpret_cast<void*>(
      machine::address_space.Reserve(bytes, alignment, machine::kReserved));
}

void Baremetal::UnreservePages(void* address, size_t bytes) noexcept {
  EBBRT_CHECK(IsMultiple(AddressOf(address)) && IsMultiple(bytes));
  machine::address_space.Unreserve(AddressOf(address), bytes);
}

bool Baremetal::CommitPages(void* address, size_t bytes,
                            uint32_t node) noexcept {
  EBBRT_DCHECK(IsMultiple(AddressOf(address)) && IsMultiple(bytes));
  return machine::address_space.Commit(AddressOf(address), bytes, node,
                                       ChooseClear());
}

void Baremetal::DecommitPages(void* address, size_t bytes) noexcept {
  EBBRT_DCHECK(IsMultiple(AddressOf(address)) && IsMultiple(bytes));
  machine::address_space.Decommit(AddressOf(address), bytes);
}

uint32_t Baremetal::NumaNodeCount() noexcept {
  return machine::frames.node_count();
}

uint32_t Baremetal::CurrentNumaNode() noexcept {
  return machine::CurrentProcessor().numa_node;
}

void Baremetal::SetPageFaultHandler(
    bool (*on_fault)(void* address)) noexcept {
  machine::SetPageFaultHandler(on_fault);
}

}  // namespace ebbrt::platform
