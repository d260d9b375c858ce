// What clients may send: any bytes, cut anywhere, on two connections.
//
// An input's first byte says how the rest is cut. A server that gets it in
// pieces says the same as one that gets it whole.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "apps/memcached/session_harness.h"
#include "core/base/check.h"
#include "core/testing/run_on_cores.h"

namespace ebbrt::memcached {
namespace {

// Small, so that much is evicted and much is too large.
constexpr size_t kMemoryBytes = 1 * kMiB;
constexpr size_t kItemBytesMax = 4 * kKiB;

std::string Serve(std::string_view stream, size_t piece_bytes) {
  // The fewest buckets, as the table is made anew for each input.
  SessionHarness harness({.memory_bytes = kMemoryBytes,
                          .item_bytes_max = kItemBytesMax,
                          .buckets = HashTable::kStripes});
  std::string replies = harness.Serve(stream, piece_bytes);
  harness.Reconnect();
  replies += harness.Serve(stream, piece_bytes);
  // Whatever came before, another client is served.
  harness.Reconnect();
  EBBRT_CHECK(harness.Serve("set k 0 0 1\r\nv\r\nget k\r\n") ==
              "STORED\r\nVALUE k 0 1\r\nv\r\nEND\r\n");
  return replies;
}

}  // namespace
}  // namespace ebbrt::memcached

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  if (bytes == 0) return 0;
  ebbrt::testing::RunOnCores(1, [data, bytes] {
    std::string_view stream(reinterpret_cast<const char*>(data) + 1, bytes - 1);
    std::string whole = ebbrt::memcached::Serve(stream, bytes);
    EBBRT_CHECK(ebbrt::memcached::Serve(stream, size_t{1} + data[0]) == whole);
  });
  return 0;
}
