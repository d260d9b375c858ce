#include "core/net/tcp/testing/stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace ebbrt::tcp::testing {
namespace {

std::byte StreamByte(uint64_t stream, uint64_t at) {
  return static_cast<std::byte>(MixBits(stream + at / 8) >> at % 8 * 8);
}

}  // namespace

IOBufChain StreamBytes(uint64_t stream, uint64_t begin, size_t bytes,
                       Random& random, size_t buffer_bytes_max) {
  IOBufChain chain;
  while (chain.length() < bytes) {
    const size_t more = std::min<size_t>(bytes - chain.length(),
                                         1 + random.Below(buffer_bytes_max));
    std::unique_ptr<IOBuf> buffer = IOBuf::Create(more);
    std::byte* at = buffer->Append(more);
    for (size_t i = 0; i < more; ++i) {
      at[i] = StreamByte(stream, begin + chain.length() + i);
    }
    chain.PushBack(std::move(buffer));
  }
  return chain;
}

class StreamEnd::Handler final : public TcpHandler {
 public:
  explicit Handler(StreamEnd& end) : end_(end) {}

  void OnConnected(TcpConnection& connection) override {
    EXPECT_EQ(end_.connection, nullptr);
    end_.connection = &connection;
    end_.Go();
    Event();
  }
  void OnReceive(IOBufChain data) override {
    EXPECT_FALSE(data.empty());
    EXPECT_FALSE(end_.peer_closed);
    for (const IOBuf& buffer : data) {
      for (std::byte byte : buffer.bytes()) {
        if (byte != StreamByte(end_.receives_, end_.received)) {
          ADD_FAILURE() << "a wrong byte at " << end_.received;
          return;
        }
        ++end_.received;
      }
    }
    Event();
  }
  void OnSendReady() override {
    end_.Go();
    Event();
  }
  void OnPeerClosed() override {
    EXPECT_FALSE(end_.peer_closed);
    end_.peer_closed = true;
    Event();
  }
  void OnClosed(const absl::Status& status) override {
    EXPECT_FALSE(end_.closed);
    end_.closed = true;
    end_.connection = nullptr;
    end_.status = status;
  }

 private:
  void Event() {
    EXPECT_FALSE(end_.closed);
    if (end_.connection != nullptr) end_.on_event();
  }
  StreamEnd& end_;
};

std::unique_ptr<TcpHandler> StreamEnd::MakeHandler() {
  return std::make_unique<Handler>(*this);
}

void StreamEnd::Send(uint64_t bytes) {
  rest_.Append(StreamBytes(sends_, made_, bytes, random_));
  made_ += bytes;
  Go();
}

void StreamEnd::CloseAfterSending() {
  close_ = true;
  Go();
}

void StreamEnd::Go() {
  if (connection == nullptr) return;
  const size_t before = rest_.length();
  const size_t took = connection->Send(rest_);
  EXPECT_EQ(before - rest_.length(), took);
  taken += took;
  if (close_ && rest_.empty()) connection->Close();
}

}  // namespace ebbrt::tcp::testing
