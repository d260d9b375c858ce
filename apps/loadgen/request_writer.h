// Collects encoded requests into one chain, without an allocation a request.
//
// Bytes go into a block that the writer fills from the front and uses again
// once nobody refers to it; what is not to be copied goes in as a view.
//
// Cores: one; a core's connections share a writer. Ownership: the chain taken
// keeps its block. Blocks: no. Allocates: a descriptor a run of bytes, and a
// block where the last is still in use. Units: bytes.
// Errors: no memory is a failed check: there is no load to generate then.
#ifndef EBBRT_APPS_LOADGEN_REQUEST_WRITER_H_
#define EBBRT_APPS_LOADGEN_REQUEST_WRITER_H_

#include <cstddef>
#include <span>

#include "core/base/check.h"
#include "core/buf/iobuf.h"
#include "core/buf/iobuf_chain.h"

namespace ebbrt::loadgen {

class RequestWriter {
 public:
  // Small, so that it stays in the first-level cache.
  static constexpr size_t kBlockBytes = 4096;
  // The most that one Reserve may ask for.
  static constexpr size_t kReserveBytesMax = 1024;

  RequestWriter() = default;
  ~RequestWriter();
  RequestWriter(const RequestWriter&) = delete;
  RequestWriter& operator=(const RequestWriter&) = delete;

  // Room for `bytes` in a row, of which Commit then keeps the front.
  char* Reserve(size_t bytes) {
    EBBRT_DCHECK(bytes <= kReserveBytesMax);
    if (block_ == nullptr || kBlockBytes - end_ < bytes) StartBlock();
    return block_->bytes + end_;
  }
  // REQUIRES: bytes as reserved, or fewer.
  void Commit(size_t bytes) { end_ += bytes; }

  // Adds bytes that outlive the chain, without copying them.
  void AddStatic(std::span<const std::byte> bytes);

  // All that was written since the last call.
  IOBufChain Take();

 private:
  struct Block final : IOBufOwner {
    Block() : IOBufOwner(&Release) {}
    static void Release(IOBufOwner* owner) {
      delete static_cast<Block*>(owner);
    }
    char bytes[kBlockBytes];
  };

  void StartBlock();
  // Moves [begin_, end_) of the block into the chain.
  void CloseRun();

  // Invariants: begin_ <= end_ <= kBlockBytes; the bytes before begin_ are
  // referred to by chains, those from end_ on by nobody.
  Block* block_ = nullptr;
  size_t begin_ = 0;
  size_t end_ = 0;
  IOBufChain chain_;
};

}  // namespace ebbrt::loadgen

#endif  // EBBRT_APPS_LOADGEN_REQUEST_WRITER_H_
