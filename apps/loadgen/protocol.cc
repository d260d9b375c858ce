#include "apps/loadgen/protocol.h"

#include <cstring>

namespace ebbrt::loadgen {

std::unique_ptr<ProtocolClient> ProtocolClient::Create(Protocol protocol,
                                                       bool wants_values) {
  return protocol == Protocol::kBinary
             ? internal::CreateBinaryClient(wants_values)
             : internal::CreateTextClient(wants_values);
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
