// Streams over io_uring.
//
// All receives and sends of a turn of the loop go to the kernel in the one
// io_uring_enter that the core makes anyhow. An open stream has a multishot
// receive standing, which takes buffers from the pool's ring as data arrives,
// so that an idle connection has none; while the receive limit is finite, it is
// single receives of at most that size.
//
// Source: io_uring_prep_recv(3), io_uring_register_buf_ring(3).
#include <liburing.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/check.h"
#include "platform/linux/sockets/send_vectors.h"
#include "platform/linux/sockets/socket_address.h"
#include "platform/linux/sockets/stream.h"

namespace ebbrt::sockets {
namespace {

using platform::internal::Interrupt;
using platform::internal::KernelEvents;

constexpr int kBufferGroup = 0;

class UringStream;

class UringStreams final : public Streams {
 public:
  UringStreams(KernelEvents& events, ReceivePool& pool)
      : events_(events), ring_(events.ring()), pool_(pool) {}
  ~UringStreams() override {
    if (buffers_ == nullptr) return;
    io_uring_unregister_buf_ring(ring_, kBufferGroup);
    munmap(buffers_, kBufferRingBytes);
  }

  bool Initialize() {
    void* memory = mmap(nullptr, kBufferRingBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    io_uring_buf_reg registration = {};
    registration.ring_addr = reinterpret_cast<uint64_t>(memory);
    registration.ring_entries = ReceivePool::kBuffers;
    registration.bgid = kBufferGroup;
    if (io_uring_register_buf_ring(ring_, &registration, 0) != 0) {
      munmap(memory, kBufferRingBytes);
      return false;
    }
    buffers_ = static_cast<io_uring_buf_ring*>(memory);
    pool_.Provide(buffers_);
    return true;
  }

  std::unique_ptr<Stream> Make(int descriptor, StreamClient& client) override;

  io_uring_sqe* NextEntry() {
    io_uring_sqe* entry = io_uring_get_sqe(ring_);
    while (entry == nullptr) {
      events_.Submit();
      entry = io_uring_get_sqe(ring_);
    }
    return entry;
  }

  // Valid until the entry that refers to it has been submitted.
  SendVectors& NextVectors() {
    if (io_uring_sq_ready(ring_) == 0) vectors_used_ = 0;
    if (vectors_used_ == kSendsPerSubmit) {
      events_.Submit();
      vectors_used_ = 0;
    }
    return vectors_[vectors_used_++];
  }

  void Cancel(Interrupt& interrupt) {
    io_uring_sqe* entry = NextEntry();
    io_uring_prep_cancel64(entry, reinterpret_cast<uint64_t>(&interrupt), 0);
    entry->user_data = KernelEvents::kNobody;
  }

  ReceivePool& pool() { return pool_; }

 private:
  static constexpr size_t kBufferRingBytes =
      ReceivePool::kBuffers * sizeof(io_uring_buf);
  static constexpr size_t kSendsPerSubmit = 64;

  KernelEvents& events_;
  io_uring* const ring_;
  ReceivePool& pool_;
  io_uring_buf_ring* buffers_ = nullptr;
  size_t vectors_used_ = 0;
  SendVectors vectors_[kSendsPerSubmit];
};

class UringStream final : public Stream {
 public:
  UringStream(UringStreams& streams, int descriptor, StreamClient& client)
      : Stream(descriptor, client),
        streams_(streams),
        receive_(*this, &UringStream::OnReceiveDone),
        send_(*this, &UringStream::OnSendDone),
        watch_(*this, &UringStream::OnWatchDone) {}
  ~UringStream() override {
    // Otherwise the node has ended, and takes its ring down.
    if (!detached_) close(descriptor_);
  }

  void SetReceiveLimit(size_t bytes) override {
    limit_ = bytes;
    UpdateReceive();
  }

  void Send(const IOBufChain& data) override {
    io_uring_sqe* entry;
    if (data.buffer_count() == 1) {
      entry = streams_.NextEntry();
      io_uring_prep_send(entry, descriptor_, data.front().data(),
                         data.front().length(), MSG_NOSIGNAL);
    } else {
      SendVectors& vectors = streams_.NextVectors();
      vectors.Fill(data);
      entry = streams_.NextEntry();
      io_uring_prep_sendmsg(entry, descriptor_, &vectors.message, MSG_NOSIGNAL);
    }
    io_uring_sqe_set_data(entry, static_cast<Interrupt*>(&send_));
    sending_ = true;
  }
  bool sending() const override { return sending_; }

  void Detach() override {
    detaching_ = true;
    limit_ = 0;
    if (receive_mode_ != ReceiveMode::kNone && !cancelling_) {
      cancelling_ = true;
      streams_.Cancel(receive_);
    }
    if (sending_) streams_.Cancel(send_);
    if (watching_) streams_.Cancel(watch_);
    FinishDetach();
  }

 private:
  enum class ReceiveMode : uint8_t { kNone, kOnce, kMultishot };

  struct Operation final : Interrupt {
    Operation(UringStream& stream_in, Handler handler)
        : Interrupt(handler), stream(stream_in) {}
    UringStream& stream;
  };

  static void OnReceiveDone(Interrupt& self, int32_t result, uint32_t flags) {
    static_cast<Operation&>(self).stream.ReceiveDone(result, flags);
  }
  static void OnSendDone(Interrupt& self, int32_t result, uint32_t) {
    static_cast<Operation&>(self).stream.SendDone(result);
  }
  static void OnWatchDone(Interrupt& self, int32_t, uint32_t) {
    static_cast<Operation&>(self).stream.WatchDone();
  }

  // Makes what the kernel is doing fit limit_.
  void UpdateReceive() {
    if (end_of_stream_) return;
    if (receive_mode_ == ReceiveMode::kNone) {
      limit_ != 0 ? StartReceive() : StartWatch();
      return;
    }
    bool too_much = receive_mode_ == ReceiveMode::kMultishot
                        ? limit_ != kUnlimited
                        : limit_ < once_bytes_;
    if (too_much && !cancelling_) {
      cancelling_ = true;
      streams_.Cancel(receive_);
    }
  }

  void StartReceive() {
    io_uring_sqe* entry = streams_.NextEntry();
    if (limit_ == kUnlimited) {
      receive_mode_ = ReceiveMode::kMultishot;
      io_uring_prep_recv_multishot(entry, descriptor_, nullptr, 0, 0);
    } else {
      receive_mode_ = ReceiveMode::kOnce;
      once_bytes_ = std::min(limit_, ReceivePool::kBufferBytes);
      io_uring_prep_recv(entry, descriptor_, nullptr, once_bytes_, 0);
    }
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = kBufferGroup;
    io_uring_sqe_set_data(entry, static_cast<Interrupt*>(&receive_));
  }

  void ReceiveDone(int32_t result, uint32_t flags) {
    if ((flags & IORING_CQE_F_MORE) == 0) {
      receive_mode_ = ReceiveMode::kNone;
      cancelling_ = false;
    }
    std::unique_ptr<IOBuf> data;
    if ((flags & IORING_CQE_F_BUFFER) != 0) {
      uint32_t number = flags >> IORING_CQE_BUFFER_SHIFT;
      if (result > 0) {
        data = streams_.pool().Receive(number, static_cast<size_t>(result));
      } else {
        streams_.pool().GiveBack(number);
      }
    }
    if (detaching_) {
      FinishDetach();
      return;
    }
    if (result > 0) {
      if (limit_ != kUnlimited) limit_ -= std::min<size_t>(limit_, result);
      // A multishot receive goes on by itself; the client sets the limit anew
      // after a single one.
      if (receive_mode_ == ReceiveMode::kNone && limit_ == kUnlimited) {
        StartReceive();
      }
      client_.OnReceived(std::move(data));
    } else if (result == 0) {
      end_of_stream_ = true;
      client_.OnEndOfStream();
    } else if (result == -ENOBUFS || result == -ECANCELED ||
               result == -EINTR || result == -EAGAIN) {
      // All buffers are in completions that this turn of the loop sees to; it
      // is not before its end that the kernel looks again.
      UpdateReceive();
    } else {
      client_.OnError(-result);
    }
  }

  void SendDone(int32_t result) {
    sending_ = false;
    if (detaching_) {
      FinishDetach();
    } else if (result >= 0) {
      client_.OnSent(static_cast<size_t>(result));
    } else if (result == -EINTR || result == -EAGAIN) {
      client_.OnSent(0);
    } else {
      client_.OnError(-result);
    }
  }

  // While nothing is received, a reset would go unnoticed.
  void StartWatch() {
    if (watching_) return;
    watching_ = true;
    io_uring_sqe* entry = streams_.NextEntry();
    io_uring_prep_poll_add(entry, descriptor_, POLLERR | POLLHUP);
    io_uring_sqe_set_data(entry, static_cast<Interrupt*>(&watch_));
  }

  void WatchDone() {
    watching_ = false;
    if (detaching_) {
      FinishDetach();
      return;
    }
    // A receive finds the error itself, behind the data that came before it.
    if (receive_mode_ != ReceiveMode::kNone) return;
    int error = PendingError(descriptor_);
    if (error != 0) client_.OnError(error);
  }

  void FinishDetach() {
    bool busy = receive_mode_ != ReceiveMode::kNone || sending_ || watching_;
    if (busy || detached_) return;
    detached_ = true;
    close(descriptor_);
    client_.OnDetached();
  }

  UringStreams& streams_;
  Operation receive_;
  Operation send_;
  Operation watch_;
  size_t limit_ = 0;
  size_t once_bytes_ = 0;  // Of the receive under way, if it is kOnce.
  ReceiveMode receive_mode_ = ReceiveMode::kNone;
  bool cancelling_ = false;  // The receive.
  bool sending_ = false;
  bool watching_ = false;
  bool end_of_stream_ = false;
  bool detaching_ = false;
  bool detached_ = false;
};

std::unique_ptr<Stream> UringStreams::Make(int descriptor,
                                           StreamClient& client) {
  return std::make_unique<UringStream>(*this, descriptor, client);
}

}  // namespace

std::unique_ptr<Streams> MakeUringStreams(KernelEvents& events,
                                          ReceivePool& pool) {
  if (events.ring() == nullptr) return nullptr;
  auto streams = std::make_unique<UringStreams>(events, pool);
  if (!streams->Initialize()) return nullptr;
  return streams;
}

}  // namespace ebbrt::sockets
