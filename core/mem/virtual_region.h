// A range of addresses whose pages an application provides as they are
// touched: sparse arrays, guard areas, paging policies of its own.
//
//   class Policy : public PageFaultHandler {
//     bool OnPageFault(VirtualRegion& region, size_t offset) override {
//       return region.Commit(offset, VirtualRegion::kPageBytes);
//     }
//   };
//   auto region = VirtualRegion::Create(1 * kGiB, policy);
//
// CommitChunkOnTouch is the policy that most want. A region is a plain class:
// CreateSharedEbb (core/ebb/ebb.h) makes an Ebb of one.
//
// Cores: any; OnPageFault runs on whatever core or thread touched the page, on
// several at once perhaps. Ownership: the creator's; the handler outlives the
// region, and nobody touches a region that is destroyed. Blocks: no.
// Allocates: the object itself; OnPageFault must not.
// Bound: kRegionsMax regions a process. Errors: kUnimplemented on a platform
// without Feature::kPageFaults; kResourceExhausted where addresses or regions
// run out.
// Source: paper section 4.5.
#ifndef EBBRT_CORE_MEM_VIRTUAL_REGION_H_
#define EBBRT_CORE_MEM_VIRTUAL_REGION_H_

#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "platform/current.h"

namespace ebbrt::mem {

class VirtualRegion;

class PageFaultHandler {
 public:
  virtual ~PageFaultHandler() = default;
  // The page at `offset` of the region was touched and has no memory. True:
  // it has now, and the access is made again. False: it remains a wild access.
  virtual bool OnPageFault(VirtualRegion& region, size_t offset) = 0;
};

class VirtualRegion {
 public:
  static constexpr size_t kRegionsMax = 256;
  static constexpr size_t kPageBytes = Platform::kPageBytes;

  // `bytes` is rounded up to pages.
  static absl::StatusOr<std::unique_ptr<VirtualRegion>> Create(
      size_t bytes, PageFaultHandler& handler);
  ~VirtualRegion();
  VirtualRegion(const VirtualRegion&) = delete;
  VirtualRegion& operator=(const VirtualRegion&) = delete;

  std::byte* data() const { return base_; }
  size_t size_bytes() const { return bytes_; }

  // Backs a part of the region with memory, zero where it had none. False
  // where memory is refused. REQUIRES: whole pages within the region.
  bool Commit(size_t offset, size_t bytes);
  // Gives the memory of a part back; the next touch is a page fault.
  // REQUIRES: as Commit.
  void Decommit(size_t offset, size_t bytes);

 private:
  VirtualRegion(std::byte* base, size_t bytes, PageFaultHandler& handler)
      : base_(base), bytes_(bytes), handler_(handler) {}

  // What the platform calls; true if a region's handler has seen to it.
  static bool OnFault(void* address);
  bool Register();
  bool Contains(const void* address) const;
  void CheckPart(size_t offset, size_t bytes) const;

  std::byte* const base_;
  const size_t bytes_;
  PageFaultHandler& handler_;
  size_t slot_ = kRegionsMax;  // In the table of regions.
};

// Commits the chunk around the touched page. REQUIRES: a power of two, at
// least a page.
class CommitChunkOnTouch final : public PageFaultHandler {
 public:
  explicit CommitChunkOnTouch(size_t chunk_bytes);
  bool OnPageFault(VirtualRegion& region, size_t offset) override;

 private:
  const size_t chunk_bytes_;
};

}  // namespace ebbrt::mem

#endif  // EBBRT_CORE_MEM_VIRTUAL_REGION_H_
