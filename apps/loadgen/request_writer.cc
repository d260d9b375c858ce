#include "apps/loadgen/request_writer.h"

#include <memory>
#include <utility>

namespace ebbrt::loadgen {

RequestWriter::~RequestWriter() {
  if (block_ != nullptr) block_->Unref();
}

void RequestWriter::StartBlock() {
  CloseRun();
  begin_ = end_ = 0;
  if (block_ != nullptr && block_->unique()) return;
  if (block_ != nullptr) block_->Unref();
  block_ = new Block;
}

void RequestWriter::CloseRun() {
  if (begin_ == end_) return;
  block_->Ref();
  std::unique_ptr<IOBuf> run = IOBuf::Lend(
      block_, std::as_bytes(std::span(block_->bytes + begin_, end_ - begin_)));
  EBBRT_CHECK(run != nullptr);
  chain_.PushBack(std::move(run));
  begin_ = end_;
}

void RequestWriter::AddStatic(std::span<const std::byte> bytes) {
  CloseRun();
  std::unique_ptr<IOBuf> view = IOBuf::Static(bytes);
  EBBRT_CHECK(view != nullptr);
  chain_.PushBack(std::move(view));
}

IOBufChain RequestWriter::Take() {
  CloseRun();
  return std::exchange(chain_, IOBufChain());
}

}  // namespace ebbrt::loadgen
