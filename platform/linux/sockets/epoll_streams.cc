// Streams over epoll: readiness is reported, and read and write follow it.
//
// A stream is watched for edges from its first to its last day, and remembers
// what the last one and the results since mean.
//
// Source: epoll(7).
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/check.h"
#include "core/base/intrusive_queue.h"
#include "core/event/event_loop.h"
#include "platform/linux/sockets/send_vectors.h"
#include "platform/linux/sockets/socket_address.h"
#include "platform/linux/sockets/stream.h"

namespace ebbrt::sockets {
namespace {

using platform::internal::Interrupt;
using platform::internal::KernelEvents;

// So often a stream reads before others have their turn.
constexpr int kReadsPerEvent = 4;

class EpollStream;

class EpollStreams final : public Streams {
 public:
  EpollStreams(KernelEvents& events, ReceivePool& pool)
      : events(events), pool(pool) {}

  std::unique_ptr<Stream> Make(int descriptor, StreamClient& client) override;

  // Has the stream read in an event of its own.
  void ReadLater(EpollStream& stream);

  KernelEvents& events;
  ReceivePool& pool;
  SendVectors vectors;

 private:
  void ReadOne();

  IntrusiveList<EpollStream> readable_;
  bool spawned_ = false;
};

class EpollStream final : public Stream, public Interrupt, public ListLink {
 public:
  EpollStream(EpollStreams& streams, int descriptor, StreamClient& client)
      : Stream(descriptor, client),
        Interrupt(&EpollStream::OnReady),
        streams_(streams) {
    watch_error_ = streams_.events.Watch(
        descriptor_, EPOLLIN | EPOLLOUT | EPOLLRDHUP, *this);
  }
  ~EpollStream() override { CloseDescriptor(); }

  void SetReceiveLimit(size_t bytes) override {
    limit_ = bytes;
    if (watch_error_ != 0) readable_ = true;
    if (limit_ != 0 && readable_ && !reading_) streams_.ReadLater(*this);
  }

  void Send(const IOBufChain& data) override {
    if (!writable_) {
      sending_ = true;
      return;
    }
    streams_.vectors.Fill(data);
    ssize_t sent = sendmsg(descriptor_, &streams_.vectors.message,
                           MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      client_.OnSent(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      writable_ = false;
      sending_ = true;
    } else if (errno == EINTR) {
      client_.OnSent(0);
    } else {
      client_.OnError(errno);
    }
  }
  bool sending() const override { return sending_; }

  void Detach() override {
    CloseDescriptor();
    sending_ = false;
    client_.OnDetached();
  }

  void Read();

 private:
  static void OnReady(Interrupt& self, int32_t events, uint32_t) {
    static_cast<EpollStream&>(self).Ready(static_cast<uint32_t>(events));
  }

  void Ready(uint32_t events) {
    constexpr uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    if ((events & kEnd) != 0) ending_ = true;
    if ((events & (EPOLLIN | kEnd)) != 0) readable_ = true;
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
      writable_ = true;
      if (std::exchange(sending_, false)) client_.OnSent(0);
      if (closed_) return;
    }
    if (limit_ != 0) {
      if (readable_ && !reading_) Read();
    } else if ((events & EPOLLERR) != 0) {
      // Otherwise a read finds it, behind the data that came before it.
      int error = PendingError(descriptor_);
      if (error != 0) client_.OnError(error);
    }
  }

  // False: there is nothing more to read at present.
  bool ReadBuffer();

  void CloseDescriptor() {
    if (std::exchange(closed_, true)) return;
    if (linked()) Unlink();
    if (watch_error_ == 0) streams_.events.Unwatch(descriptor_, *this);
    close(descriptor_);
  }

  EpollStreams& streams_;
  size_t limit_ = 0;
  int watch_error_;         // It is not watched, for want of memory.
  bool readable_ = false;   // A read may find something.
  bool writable_ = true;    // A write may find room.
  bool ending_ = false;     // Behind what can be read there is the end.
  bool sending_ = false;    // Send waits for room.
  bool reading_ = false;    // Within Read, whose client may block.
  bool closed_ = false;
};

void EpollStream::Read() {
  if (watch_error_ != 0) {
    client_.OnError(watch_error_);
    return;
  }
  reading_ = true;
  for (int i = 0; i < kReadsPerEvent && !closed_; ++i) {
    if (limit_ == 0 || !readable_ || !ReadBuffer()) break;
  }
  reading_ = false;
  if (!closed_ && limit_ != 0 && readable_) streams_.ReadLater(*this);
}

bool EpollStream::ReadBuffer() {
  ReceivePool& pool = streams_.pool;
  const uint32_t number = pool.Take();
  const size_t wanted = std::min(limit_, ReceivePool::kBufferBytes);
  ssize_t received =
      recv(descriptor_, pool.buffer(number).data(), wanted, MSG_DONTWAIT);
  if (received > 0) {
    const auto bytes = static_cast<size_t>(received);
    // Less than there was room for: that was all, and more makes an edge.
    if (bytes < wanted && !ending_) readable_ = false;
    if (limit_ != kUnlimited) limit_ -= bytes;
    client_.OnReceived(pool.Receive(number, bytes));
    return true;
  }
  const int error = errno;
  pool.GiveBack(number);
  if (received < 0 && error == EINTR) return true;
  readable_ = false;
  if (received == 0) {
    client_.OnEndOfStream();
  } else if (error != EAGAIN) {
    client_.OnError(error);
  }
  return false;
}

void EpollStreams::ReadLater(EpollStream& stream) {
  if (!stream.linked()) readable_.PushBack(&stream);
  if (!std::exchange(spawned_, true)) Spawn([this] { ReadOne(); });
}

void EpollStreams::ReadOne() {
  spawned_ = false;
  EpollStream* stream = readable_.PopFront();
  if (stream == nullptr) return;
  // First, as the read may block.
  if (!readable_.empty()) {
    spawned_ = true;
    Spawn([this] { ReadOne(); });
  }
  stream->Read();
}

std::unique_ptr<Stream> EpollStreams::Make(int descriptor,
                                           StreamClient& client) {
  return std::make_unique<EpollStream>(*this, descriptor, client);
}

}  // namespace

std::unique_ptr<Streams> MakeEpollStreams(KernelEvents& events,
                                          ReceivePool& pool) {
  return std::make_unique<EpollStreams>(events, pool);
}

}  // namespace ebbrt::sockets
