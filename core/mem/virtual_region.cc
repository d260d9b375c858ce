#include "core/mem/virtual_region.h"

#include <algorithm>
#include <array>
#include <bit>

#include "absl/status/status.h"
#include "core/base/check.h"
#include "core/base/types.h"

namespace ebbrt::mem {
namespace {

// A fault has an address and nothing else, so that this is the process's, as
// the addresses are. Release on entering a region, acquire on looking for one:
// what its constructor wrote is seen.
constinit std::array<std::atomic<VirtualRegion*>, VirtualRegion::kRegionsMax>
    regions{};

}  // namespace

absl::StatusOr<std::unique_ptr<VirtualRegion>> VirtualRegion::Create(
    size_t bytes, PageFaultHandler& handler) {
  if (!Has(Platform::kFeatures, platform::Feature::kPageFaults)) {
    return absl::UnimplementedError("the platform shows no page faults");
  }
  if (bytes == 0 || bytes > SIZE_MAX - kPageBytes) {
    return absl::InvalidArgumentError("no such size");
  }
  bytes = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  // In large pages where there is room for one.
  size_t alignment = bytes >= 2 * kMiB ? 2 * kMiB : kPageBytes;
  void* base = Platform::ReservePages(bytes, alignment);
  if (base == nullptr) return absl::ResourceExhaustedError("no addresses");
  std::unique_ptr<VirtualRegion> region(
      new VirtualRegion(static_cast<std::byte*>(base), bytes, handler));
  if (!region->Register()) {
    return absl::ResourceExhaustedError("too many regions");
  }
  return region;
}

VirtualRegion::~VirtualRegion() {
  if (slot_ != kRegionsMax) {
    regions[slot_].store(nullptr, std::memory_order_release);
  }
  Platform::UnreservePages(base_, bytes_);
}

bool VirtualRegion::Register() {
  Platform::SetPageFaultHandler(&VirtualRegion::OnFault);
  for (size_t i = 0; i < kRegionsMax; ++i) {
    VirtualRegion* none = nullptr;
    if (regions[i].compare_exchange_strong(none, this,
                                           std::memory_order_release,
                                           std::memory_order_relaxed)) {
      slot_ = i;
      return true;
    }
  }
  return false;
}

bool VirtualRegion::Contains(const void* address) const {
  const std::byte* byte = static_cast<const std::byte*>(address);
  return byte >= base_ && byte < base_ + bytes_;
}

bool VirtualRegion::OnFault(void* address) {
  for (const auto& entry : regions) {
    VirtualRegion* region = entry.load(std::memory_order_acquire);
    if (region == nullptr || !region->Contains(address)) continue;
    size_t offset =
        static_cast<size_t>(static_cast<std::byte*>(address) - region->base_);
    return region->handler_.OnPageFault(*region,
                                        offset / kPageBytes * kPageBytes);
  }
  return false;
}

void VirtualRegion::CheckPart(size_t offset, size_t bytes) const {
  EBBRT_CHECK(offset % kPageBytes == 0 && bytes % kPageBytes == 0);
  EBBRT_CHECK(offset <= bytes_ && bytes <= bytes_ - offset);
}

bool VirtualRegion::Commit(size_t offset, size_t bytes) {
  CheckPart(offset, bytes);
  return Platform::CommitPages(base_ + offset, bytes,
                               Platform::CurrentNumaNode());
}

void VirtualRegion::Decommit(size_t offset, size_t bytes) {
  CheckPart(offset, bytes);
  Platform::DecommitPages(base_ + offset, bytes);
}

CommitChunkOnTouch::CommitChunkOnTouch(size_t chunk_bytes)
    : chunk_bytes_(chunk_bytes) {
  EBBRT_CHECK(std::has_single_bit(chunk_bytes) &&
              chunk_bytes >= VirtualRegion::kPageBytes);
}

bool CommitChunkOnTouch::OnPageFault(VirtualRegion& region, size_t offset) {
  size_t start = offset & ~(chunk_bytes_ - 1);
  return region.Commit(start,
                       std::min(chunk_bytes_, region.size_bytes() - start));
}

}  // namespace ebbrt::mem
