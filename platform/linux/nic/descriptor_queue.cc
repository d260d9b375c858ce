#include "platform/linux/nic/descriptor_queue.h"

#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/event/event_loop.h"
#include "core/trace/event_tag.h"

namespace ebbrt::nic {
namespace {

constexpr size_t kSmallBytes = 2048;

// What the kernel has before each frame, in the machine's byte order: virtio
// 1.2, section 5.1.6, without the count of buffers. (<linux/virtio_net.h> is
// no C++.)
struct FrameHeader {
  uint8_t flags;
  uint8_t segmentation;
  uint16_t header_bytes;
  uint16_t segment_bytes;
  uint16_t checksum_begin;
  uint16_t checksum_offset;  // From there.
};
static_assert(sizeof(FrameHeader) == 10);
constexpr uint8_t kNeedsChecksum = 1;
constexpr uint8_t kChecksumGood = 2;
constexpr uint8_t kSegmentTcp4 = 1;

FrameHeader HeaderOf(const TransmitRequest& request) {
  FrameHeader header = {};
  if (request.checksum_at != 0) {
    header.flags = kNeedsChecksum;
    header.checksum_begin = request.checksum_begin;
    header.checksum_offset =
        static_cast<uint16_t>(request.checksum_at - request.checksum_begin);
  }
  if (request.segment_bytes != 0) {
    header.segmentation = kSegmentTcp4;
    header.header_bytes = request.header_bytes;
    header.segment_bytes = request.segment_bytes;
  }
  return header;
}

}  // namespace

DescriptorQueue::DescriptorQueue(int descriptor, NicReceiver& receiver)
    : Interrupt([](Interrupt& self, int32_t result, uint32_t) {
        static_cast<DescriptorQueue&>(self).OnInterrupt(
            static_cast<uint32_t>(result));
      }),
      events_(platform::internal::CurrentKernelEvents()),
      descriptor_(descriptor),
      receiver_(&receiver) {}

DescriptorQueue::~DescriptorQueue() { close(descriptor_); }

int DescriptorQueue::Start() {
  return events_.Watch(descriptor_, EPOLLIN | EPOLLOUT, *this);
}

void DescriptorQueue::Close() {
  if (std::exchange(receiver_, nullptr) == nullptr) return;
  events_.Unwatch(descriptor_, *this);
}

bool DescriptorQueue::Transmit(IOBufChain& frame,
                               const TransmitRequest& request) {
  FrameHeader header = HeaderOf(request);
  std::array<iovec, kBuffersMax + 1> vectors;
  vectors[0] = {.iov_base = &header, .iov_len = sizeof(header)};
  EBBRT_DCHECK(frame.buffer_count() <= kBuffersMax);
  int count = 1;
  for (const IOBuf& buffer : frame) {
    // The kernel only reads it.
    vectors[count++] = {.iov_base = const_cast<std::byte*>(buffer.data()),
                        .iov_len = buffer.length()};
  }
  ssize_t written;
  do {
    written = writev(descriptor_, vectors.data(), count);
  } while (written < 0 && errno == EINTR);
  if (written < 0 && errno == EAGAIN) {
    refused_ = true;  // EPOLLOUT tells when there is room again.
    return false;
  }
  // A queue behind it was full, of which nobody will tell us more; or the
  // kernel dislikes the frame, and will dislike it again.
  (written < 0 ? counters_.dropped : counters_.transmitted).Add();
  frame.Clear();
  return true;
}

void DescriptorQueue::OnInterrupt(uint32_t events) {
  if ((events & EPOLLOUT) != 0 && std::exchange(refused_, false) &&
      receiver_ != nullptr) {
    receiver_->OnTransmitReady();
  }
  ReceiveMany();
}

void DescriptorQueue::ReceiveMany() {
  // A receiver may block, and the queue be closed meanwhile.
  std::shared_ptr<DescriptorQueue> self = shared_from_this();
  int received = 0;
  while (received < kFramesPerEvent && receiver_ != nullptr && ReceiveOne()) {
    ++received;
  }
  if (received != 0 && receiver_ != nullptr) receiver_->OnFramesEnd();
  // Edge-triggered: nobody tells us of the others again.
  if (received == kFramesPerEvent) {
    Spawn([self] { self->ReceiveMany(); }, kInterruptTag);
  }
}

bool DescriptorQueue::ReceiveOne() {
  if (small_ == nullptr) small_ = IOBuf::Create(kSmallBytes);
  if (large_ == nullptr) large_ = IOBuf::Create(kFrameBytesMax);
  // Without memory the frame stays with the kernel, until the next comes.
  if (small_ == nullptr || large_ == nullptr) return false;
  FrameHeader header;
  const std::array<iovec, 3> vectors = {
      iovec{.iov_base = &header, .iov_len = sizeof(header)},
      iovec{.iov_base = small_->Append(kSmallBytes), .iov_len = kSmallBytes},
      iovec{.iov_base = large_->Append(kFrameBytesMax),
            .iov_len = kFrameBytesMax}};
  const ssize_t read = readv(descriptor_, vectors.data(), vectors.size());
  const size_t bytes =
      read > static_cast<ssize_t>(sizeof(header))
          ? static_cast<size_t>(read) - sizeof(header)
          : 0;
  const size_t in_small = std::min(bytes, kSmallBytes);
  small_->TrimBack(kSmallBytes - in_small);
  large_->TrimBack(kFrameBytesMax - (bytes - in_small));
  if (read < 0 && errno != EINTR) return false;
  if (bytes == 0) return read >= 0 || errno == EINTR;
  IOBufChain frame(std::move(small_));
  if (bytes > in_small) frame.PushBack(std::move(large_));
  // A neighbour on this machine that left the checksum to the device, or a
  // device that verified it.
  const bool good = (header.flags & (kNeedsChecksum | kChecksumGood)) != 0;
  counters_.received.Add();
  receiver_->OnFrame(std::move(frame), {.checksum_good = good});
  return true;
}

}  // namespace ebbrt::nic
