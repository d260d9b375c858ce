// What servers may reply: any bytes, cut anywhere.
//
// An input's first byte says how the rest is cut and which protocol it speaks.
// A client that gets it in pieces sees the same as one that gets it whole.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apps/loadgen/protocol.h"
#include "core/base/check.h"

namespace ebbrt::loadgen {
namespace {

constexpr int kProtocols = 3;

// Writes down what it is told.
class Recorder final : public ReplySink {
 public:
  void OnValue(size_t value_bytes, size_t offset,
               std::span<const std::byte> piece) override {
    EBBRT_CHECK(offset == value_bytes_ && !piece.empty());
    EBBRT_CHECK(offset + piece.size() <= value_bytes);
    value_bytes_ += piece.size();
    for (std::byte byte : piece) log_ += static_cast<char>(byte);
  }
  bool OnReply(Reply reply) override {
    log_ += static_cast<char>(reply);
    value_bytes_ = 0;
    return true;
  }
  std::string TakeLog() { return std::move(log_); }

 private:
  size_t value_bytes_ = 0;
  std::string log_;
};

std::string Parse(Protocol protocol, std::span<const std::byte> stream,
                  size_t piece_bytes) {
  auto client = ProtocolClient::Create(protocol, /*wants_values=*/true);
  Recorder recorder;
  while (!stream.empty()) {
    // In memory of its own, so that a sanitizer sees reads beyond it.
    std::span<const std::byte> piece =
        stream.first(std::min(piece_bytes, stream.size()));
    std::vector<std::byte> copy(piece.begin(), piece.end());
    if (!client->Parse(copy, recorder)) return recorder.TakeLog() + " ended";
    stream = stream.subspan(piece.size());
  }
  return recorder.TakeLog();
}

}  // namespace
}  // namespace ebbrt::loadgen

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace ebbrt::loadgen;
  if (bytes == 0) return 0;
  const auto protocol = static_cast<Protocol>(data[0] % kProtocols);
  auto stream = std::as_bytes(std::span(data, bytes)).subspan(1);
  EBBRT_CHECK(Parse(protocol, stream, 1 + data[0] / kProtocols) ==
              Parse(protocol, stream, bytes));
  return 0;
}
