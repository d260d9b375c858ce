// Operations as requests of memcached's binary protocol, and its replies.
//
// Values are decimal numbers. Replies come in the order of their requests.
//
// Cores: any. Ownership: a reply is a view of the bytes it was read from.
// Allocates: AppendRequest, the text. Bound: kReplyBytesMax.
// Errors: nothing that a server sends is trusted: see ReadReply.
// Source: memcached's wiki, "BinaryProtocolRevamped".
#ifndef EBBRT_APPS_LINEARIZABILITY_REQUESTS_H_
#define EBBRT_APPS_LINEARIZABILITY_REQUESTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "apps/linearizability/history.h"

namespace ebbrt::linearizability {

// No reply to what is asked for is longer.
inline constexpr size_t kReplyBytesMax = 256;

// Appends the request of an operation on the item of that name.
void AppendRequest(const Operation& operation, std::string_view key,
                   std::string& to);

struct Reply {
  Result result = Result::kUnknown;
  uint64_t value = 0;
  uint64_t token = 0;
};

enum class ReadOutcome : uint8_t {
  kReply,
  kIncomplete,  // More bytes have to come first.
  kWrong,       // What was sent is no reply to that action.
};

// Reads the reply to an operation from the front of `bytes`, and takes it off.
ReadOutcome ReadReply(Action action, std::string_view& bytes, Reply& reply);

}  // namespace ebbrt::linearizability

#endif  // EBBRT_APPS_LINEARIZABILITY_REQUESTS_H_
