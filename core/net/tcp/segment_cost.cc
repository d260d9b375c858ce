// Makes so many exchanges on an open connection, and nothing else: who counts
// the instructions of two runs learns what one costs.
//
//   valgrind --tool=callgrind segment_cost request 1000
//   segment_cost stream 1000     ten segments of 1448 bytes at once
//   segment_cost cut 1000        the same bytes, cut by a device
//
// Exit code 2 for a command line that it does not understand.
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string_view>

#include "core/buf/iobuf_chain.h"
#include "core/net/tcp/testing/exchange.h"

namespace ebbrt::tcp {
namespace {

constexpr size_t kRequestBytes = 64;
constexpr size_t kStreamBytes = 14480;

std::unique_ptr<IOBuf> Text(size_t bytes) {
  std::unique_ptr<IOBuf> text = IOBuf::Create(bytes);
  text->Append(bytes);
  return text;
}

void MakeRequests(uint64_t count) {
  const std::unique_ptr<IOBuf> text = Text(kRequestBytes);
  testing::Pair pair(text.get(), 0);
  for (uint64_t i = 0; i < count; ++i) pair.Request(*text);
}

void MakeStream(uint64_t count, uint32_t cut_bytes_max) {
  const std::unique_ptr<IOBuf> text = Text(kStreamBytes);
  testing::Pair pair(nullptr, cut_bytes_max);
  for (uint64_t i = 0; i < count; ++i) {
    IOBufChain data(text->Clone());
    while (!data.empty()) pair.Stream(data);
  }
}

}  // namespace
}  // namespace ebbrt::tcp

int main(int argc, char** argv) {
  const std::string_view kind = argc == 3 ? argv[1] : "";
  uint64_t count = 0;
  if (argc == 3) {
    const std::string_view text = argv[2];
    std::from_chars(text.data(), text.data() + text.size(), count);
  }
  if (count != 0 && kind == "request") {
    ebbrt::tcp::MakeRequests(count);
  } else if (count != 0 && kind == "stream") {
    ebbrt::tcp::MakeStream(count, 0);
  } else if (count != 0 && kind == "cut") {
    ebbrt::tcp::MakeStream(count, ebbrt::tcp::kStreamBytes);
  } else {
    std::fputs("usage: segment_cost request|stream|cut COUNT\n", stderr);
    return 2;
  }
  return 0;
}
