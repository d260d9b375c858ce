// The contract's pages, by the machine's address space.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/base/check.h"
#include "platform/baremetal/baremetal.h"
#include "platform/baremetal/cpu/interrupts.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform {
namespace {

uint64_t AddressOf(void* address) {
  return reinterpret_cast<uint64_t>(address);
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
  // The caller's vector registers are free to use, as in any function: several
  // times as fast as the machine's own.
  return machine::address_space.Commit(
      AddressOf(address), bytes, node, [](void* memory, size_t count) {
        std::memset(memory, 0, count);
      });
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
