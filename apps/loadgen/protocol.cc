#include "apps/loadgen/protocol.h"

#include <cstring>

#include "core/base/check.h"

namespace ebbrt::loadgen {

std::unique_ptr<ProtocolClient> ProtocolClient::Create(Protocol protocol,
                                                       bool wants_values) {
  switch (protocol) {
    case Protocol::kBinary:
      return internal::CreateBinaryClient(wants_values);
    case Protocol::kText:
      return internal::CreateTextClient(wants_values);
    case Protocol::kHttp:
      return internal::CreateHttpClient(wants_values);
  }
  EBBRT_CHECK(false);
}

namespace internal {

size_t CopySmallValue(const Request& request, char* to) {
  if (request.value_bytes > kCopiedValueBytesMax) return 0;
  std::span<const std::byte> value =
      Workload::Value(request.key, request.value_bytes);
  std::memcpy(to, value.data(), value.size());
  return value.size();
}

}  // namespace internal
}  // namespace ebbrt::loadgen
