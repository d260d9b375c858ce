// What a request costs between the bytes that came and the bytes that go:
// parse, look up or store, build the reply; no network.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/memcached/big_endian.h"
#include "apps/memcached/binary_wire.h"
#include "apps/memcached/server_state.h"
#include "apps/memcached/session.h"
#include "core/buf/iobuf_chain.h"

namespace ebbrt::memcached {
namespace {

constexpr size_t kKeys = 10'000;
constexpr size_t kValueBytes = 200;

std::string KeyOf(size_t number) {
  char key[32];
  std::snprintf(key, sizeof(key), "etc-like-key-%016zu", number);
  return key;
}

std::string BinaryRequest(uint8_t opcode, std::string_view extras,
                          std::string_view key, std::string_view value) {
  std::string bytes(binary::kHeaderBytes, '\0');
  bytes[0] = static_cast<char>(binary::kRequestMagic);
  bytes[1] = static_cast<char>(opcode);
  StoreBigEndian<uint16_t>(static_cast<uint16_t>(key.size()), &bytes[2]);
  bytes[4] = static_cast<char>(extras.size());
  StoreBigEndian<uint32_t>(
      static_cast<uint32_t>(extras.size() + key.size() + value.size()),
      &bytes[8]);
  return bytes.append(extras).append(key).append(value);
}

std::string Request(bool binary, bool set, const std::string& key) {
  std::string value = set ? std::string(kValueBytes, 'v') : "";
  if (binary) {
    return BinaryRequest(set ? binary::kSet : binary::kGet,
                         set ? std::string(8, '\0') : "", key, value);
  }
  if (!set) return "get " + key + "\r\n";
  return "set " + key + " 0 0 " + std::to_string(kValueBytes) + "\r\n" +
         value + "\r\n";
}

// Serves the same request for each key in turn, `depth` of them a batch.
void Serve(benchmark::State& state, bool binary, bool set) {
  size_t depth = static_cast<size_t>(state.range(0));
  ServerState server({.core_count = 2});
  Reply reply;
  Session session;
  auto serve = [&](std::string_view bytes) {
    RequestContext context{server, server.statistics[0], reply, Clock{}};
    session.Consume(bytes, context);
    IOBufChain chain = reply.Take();
    benchmark::DoNotOptimize(chain.length());
  };
  std::vector<std::string> batches;
  for (size_t i = 0; i < kKeys; i += depth) {
    std::string batch;
    for (size_t j = 0; j < depth; ++j) {
      serve(Request(binary, true, KeyOf(i + j)));
      batch += Request(binary, set, KeyOf(i + j));
    }
    batches.push_back(std::move(batch));
  }
  size_t next = 0;
  for (auto _ : state) {
    serve(batches[next]);
    if (++next == batches.size()) next = 0;
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * depth));
}

BENCHMARK_CAPTURE(Serve, BinaryGet, true, false)->Arg(1)->Arg(16);
BENCHMARK_CAPTURE(Serve, TextGet, false, false)->Arg(1)->Arg(16);
// Replaced items wait for a grace period, and a benchmark is one event: a
// bounded number of them fits.
BENCHMARK_CAPTURE(Serve, BinarySet, true, true)->Arg(1)->Iterations(50'000);
BENCHMARK_CAPTURE(Serve, TextSet, false, true)->Arg(1)->Iterations(50'000);

}  // namespace
}  // namespace ebbrt::memcached
