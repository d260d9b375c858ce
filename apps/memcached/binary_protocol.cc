#include "apps/memcached/binary_protocol.h"

#include <cstring>
#include <optional>
#include <utility>

#include "apps/memcached/big_endian.h"
#include "apps/memcached/binary_wire.h"
#include "apps/memcached/commands.h"
#include "apps/memcached/statistics_report.h"

namespace ebbrt::memcached::binary {
namespace {

// A reply whose body is short text, or none.
void ReplyWith(Reply& reply, uint8_t opcode, uint32_t opaque, Status status,
               std::string_view body, uint64_t cas = 0) {
  char* to = reply.Reserve(kHeaderBytes + body.size());
  to = WriteHeader(to, opcode, opaque, status, 0, 0, body.size(), cas);
  std::memcpy(to, body.data(), body.size());
  reply.CommitTo(to + body.size());
}

void ReplyError(Reply& reply, const Request& request, Status status) {
  ReplyWith(reply, request.opcode, request.opaque, status, TextOf(status));
}

Step Invalid(Reply& reply, const Request& request) {
  ReplyError(reply, request, kInvalidArguments);
  return {Step::kClose};
}

// The reply of the commands that look an item up.
void ReplyItem(Reply& reply, const Request& request, Item& item, bool with_key,
               bool with_value) {
  constexpr size_t kFlagsBytes = 4;
  std::string_view key = with_key ? request.key : std::string_view();
  size_t body =
      kFlagsBytes + key.size() + (with_value ? item.value_bytes() : 0);
  char* to = reply.Reserve(kHeaderBytes + kFlagsBytes + key.size());
  to = WriteHeader(to, request.opcode, request.opaque, kSuccess, kFlagsBytes,
                   key.size(), body, item.cas());
  StoreBigEndian<uint32_t>(item.flags(), to);
  to += kFlagsBytes;
  if (with_key) std::memcpy(to, key.data(), key.size());
  reply.CommitTo(to + key.size());
  if (with_value) reply.AppendValue(item);
}

void ReplyMiss(Reply& reply, const Request& request, bool with_key) {
  if (!with_key) {
    ReplyError(reply, request, kKeyNotFound);
    return;
  }
  size_t length = request.key.size();
  char* to = reply.Reserve(kHeaderBytes + length);
  to = WriteHeader(to, request.opcode, request.opaque, kKeyNotFound, 0, length,
                   length, 0);
  std::memcpy(to, request.key.data(), length);
  reply.CommitTo(to + length);
}

Step HandleGet(const Request& request, bool quiet, bool with_key,
               RequestContext& context) {
  if (request.extras_bytes != 0 || request.key.empty() ||
      request.value_bytes() != 0) {
    return Invalid(context.reply, request);
  }
  Item* item = Get(context, Key(request.key));
  if (item != nullptr) [[likely]] {
    ReplyItem(context.reply, request, *item, with_key, true);
  } else if (!quiet) {
    ReplyMiss(context.reply, request, with_key);
  }
  return {};
}

Step HandleTouch(const Request& request, bool quiet, bool with_key,
                 bool with_value, RequestContext& context) {
  if (request.extras_bytes != 4 || request.key.empty() ||
      request.value_bytes() != 0) {
    return Invalid(context.reply, request);
  }
  uint32_t expiry =
      context.clock.Expiry(LoadBigEndian<uint32_t>(request.extras));
  Item* item = Touch(context, Key(request.key), expiry);
  if (item != nullptr) {
    ReplyItem(context.reply, request, *item, with_key, with_value);
  } else if (!quiet) {
    ReplyMiss(context.reply, request, with_key);
  }
  return {};
}

Step HandleStore(const Request& request, StoreMode mode, bool quiet,
                 Upload& upload, RequestContext& context) {
  bool joins = mode == StoreMode::kAppend || mode == StoreMode::kPrepend;
  if (request.extras_bytes != (joins ? 0 : 8) || request.key.empty()) {
    return Invalid(context.reply, request);
  }
  uint32_t flags = 0;
  uint32_t expiry = Clock::kNever;
  if (!joins) {
    flags = LoadBigEndian<uint32_t>(request.extras);
    expiry = context.clock.Expiry(LoadBigEndian<uint32_t>(request.extras + 4));
  }
  Outcome outcome =
      PrepareItem(context, Key(request.key), request.value_bytes(), flags,
                  expiry, mode == StoreMode::kSet, &upload.item);
  if (outcome != Outcome::kDone) {
    ReplyError(context.reply, request,
               outcome == Outcome::kTooLarge ? kValueTooLarge : kOutOfMemory);
    return {Step::kSkip, request.value_bytes()};
  }
  if (!joins && request.cas != 0) mode = StoreMode::kCas;
  upload.command = {.mode = mode, .cas = request.cas};
  upload.expected_bytes = request.value_bytes();
  upload.received_bytes = 0;
  upload.quiet = quiet;
  upload.opcode = request.opcode;
  upload.opaque = request.opaque;
  return {Step::kReceiveValue};
}

Step HandleDelete(const Request& request, bool quiet,
                  RequestContext& context) {
  if (request.extras_bytes != 0 || request.key.empty() ||
      request.value_bytes() != 0) {
    return Invalid(context.reply, request);
  }
  Outcome outcome = Delete(context, Key(request.key), request.cas);
  if (outcome == Outcome::kExists) {
    ReplyError(context.reply, request, kKeyExists);
  } else if (outcome == Outcome::kNotFound) {
    ReplyError(context.reply, request, kKeyNotFound);
  } else if (!quiet) {
    ReplyError(context.reply, request, kSuccess);
  }
  return {};
}

Step HandleArithmetic(const Request& request, bool increment, bool quiet,
                      RequestContext& context) {
  if (request.extras_bytes != 20 || request.key.empty() ||
      request.value_bytes() != 0) {
    return Invalid(context.reply, request);
  }
  constexpr uint32_t kDoNotCreate = 0xffffffff;
  uint32_t expiration = LoadBigEndian<uint32_t>(request.extras + 16);
  ArithmeticResult result =
      Arithmetic(context, Key(request.key),
                 {.increment = increment,
                  .delta = LoadBigEndian<uint64_t>(request.extras),
                  .cas = request.cas,
                  .create = expiration != kDoNotCreate,
                  .initial = LoadBigEndian<uint64_t>(request.extras + 8),
                  .initial_expiry = context.clock.Expiry(expiration)});
  switch (result.outcome) {
    case Outcome::kDone: break;
    case Outcome::kNotFound:
      ReplyError(context.reply, request, kKeyNotFound);
      return {};
    case Outcome::kExists:
      ReplyError(context.reply, request, kKeyExists);
      return {};
    case Outcome::kNotANumber:
      ReplyError(context.reply, request, kNonNumeric);
      return {};
    default:
      ReplyError(context.reply, request, kOutOfMemory);
      return {};
  }
  if (quiet) return {};
  char value[8];
  StoreBigEndian<uint64_t>(result.value, value);
  ReplyWith(context.reply, request.opcode, request.opaque, kSuccess,
            std::string_view(value, sizeof(value)), result.item->cas());
  return {};
}

Step HandleFlush(const Request& request, bool quiet, RequestContext& context) {
  if (!request.key.empty() || request.value_bytes() != 0 ||
      (request.extras_bytes != 0 && request.extras_bytes != 4)) {
    return Invalid(context.reply, request);
  }
  FlushAll(context, request.extras_bytes == 0
                        ? 0
                        : LoadBigEndian<uint32_t>(request.extras));
  if (!quiet) ReplyError(context.reply, request, kSuccess);
  return {};
}

Step HandleStat(const Request& request, RequestContext& context) {
  if (request.extras_bytes != 0 || request.value_bytes() != 0) {
    return Invalid(context.reply, request);
  }
  std::optional<StatisticsRows> rows = ReportStatistics(context, request.key);
  if (!rows.has_value()) {
    ReplyError(context.reply, request, kKeyNotFound);
    return {};
  }
  for (const auto& [name, value] : *rows) {
    size_t body = name.size() + value.size();
    char* to = context.reply.Reserve(kHeaderBytes + body);
    to = WriteHeader(to, request.opcode, request.opaque, kSuccess, 0,
                     name.size(), body, 0);
    std::memcpy(to, name.data(), name.size());
    std::memcpy(to + name.size(), value.data(), value.size());
    context.reply.CommitTo(to + body);
  }
  ReplyError(context.reply, request, kSuccess);
  return {};
}

// The commands that have no key and, but for verbosity, no body.
Step HandleBare(const Request& request, RequestContext& context) {
  bool verbosity = request.opcode == kVerbosity;
  if (request.extras_bytes != (verbosity ? 4 : 0) || !request.key.empty() ||
      request.value_bytes() != 0) {
    return Invalid(context.reply, request);
  }
  switch (request.opcode) {
    case kQuitQ:
      return {Step::kClose};
    case kQuit:
      ReplyError(context.reply, request, kSuccess);
      return {Step::kClose};
    case kVersionOf:
      ReplyWith(context.reply, request.opcode, request.opaque, kSuccess,
                kVersion);
      return {};
    case kVerbosity:
      context.server.verbosity.store(LoadBigEndian<uint32_t>(request.extras),
                                     std::memory_order_relaxed);
      [[fallthrough]];
    default:
      ReplyError(context.reply, request, kSuccess);
      return {};
  }
}

Step Dispatch(const Request& request, Upload& upload,
              RequestContext& context) {
  auto store = [&](StoreMode mode, bool quiet) {
    return HandleStore(request, mode, quiet, upload, context);
  };
  switch (request.opcode) {
    case kGet: return HandleGet(request, false, false, context);
    case kGetQ: return HandleGet(request, true, false, context);
    case kGetK: return HandleGet(request, false, true, context);
    case kGetKQ: return HandleGet(request, true, true, context);
    case kTouch: return HandleTouch(request, false, false, false, context);
    case kGat: return HandleTouch(request, false, false, true, context);
    case kGatQ: return HandleTouch(request, true, false, true, context);
    case kGatK: return HandleTouch(request, false, true, true, context);
    case kGatKQ: return HandleTouch(request, true, true, true, context);
    case kSet: return store(StoreMode::kSet, false);
    case kSetQ: return store(StoreMode::kSet, true);
    case kAdd: return store(StoreMode::kAdd, false);
    case kAddQ: return store(StoreMode::kAdd, true);
    case kReplace: return store(StoreMode::kReplace, false);
    case kReplaceQ: return store(StoreMode::kReplace, true);
    case kAppend: return store(StoreMode::kAppend, false);
    case kAppendQ: return store(StoreMode::kAppend, true);
    case kPrepend: return store(StoreMode::kPrepend, false);
    case kPrependQ: return store(StoreMode::kPrepend, true);
    case kDelete: return HandleDelete(request, false, context);
    case kDeleteQ: return HandleDelete(request, true, context);
    case kIncrement: return HandleArithmetic(request, true, false, context);
    case kIncrementQ: return HandleArithmetic(request, true, true, context);
    case kDecrement: return HandleArithmetic(request, false, false, context);
    case kDecrementQ: return HandleArithmetic(request, false, true, context);
    case kFlush: return HandleFlush(request, false, context);
    case kFlushQ: return HandleFlush(request, true, context);
    case kStat: return HandleStat(request, context);
    case kQuit:
    case kQuitQ:
    case kNoop:
    case kVersionOf:
    case kVerbosity: return HandleBare(request, context);
    default:
      ReplyError(context.reply, request, kUnknownCommand);
      return {Step::kSkip, request.value_bytes()};
  }
}

}  // namespace

size_t HeadLength(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return 0;
  size_t key_bytes = LoadBigEndian<uint16_t>(bytes.data() + 2);
  if (key_bytes > Item::kKeyBytesMax) return kHeaderBytes;
  size_t extras_bytes = static_cast<uint8_t>(bytes[4]);
  size_t length = kHeaderBytes + extras_bytes + key_bytes;
  return bytes.size() < length ? 0 : length;
}

Step HandleHead(std::string_view head, Upload& upload,
                RequestContext& context) {
  if (static_cast<uint8_t>(head[0]) != kRequestMagic) return {Step::kClose};
  Request request = Parse(head);
  if (size_t{request.key_bytes} + request.extras_bytes > request.body_bytes) {
    ReplyError(context.reply, request, kUnknownCommand);
    return {Step::kClose};
  }
  if (request.key_bytes > Item::kKeyBytesMax) {
    return Invalid(context.reply, request);
  }
  request.key = {request.extras + request.extras_bytes, request.key_bytes};
  return Dispatch(request, upload, context);
}

void FinishUpload(Upload& upload, RequestContext& context) {
  uint64_t cas = 0;
  Outcome outcome =
      StoreItem(context, std::move(upload.item), upload.command, &cas);
  Status status = kSuccess;
  switch (outcome) {
    case Outcome::kDone: break;
    case Outcome::kExists: status = kKeyExists; break;
    case Outcome::kNotFound: status = kKeyNotFound; break;
    default:
      status = upload.command.mode == StoreMode::kAdd       ? kKeyExists
               : upload.command.mode == StoreMode::kReplace ? kKeyNotFound
                                                            : kItemNotStored;
  }
  if (status == kSuccess && upload.quiet) return;
  ReplyWith(context.reply, upload.opcode, upload.opaque, status,
            TextOf(status), cas);
}

}  // namespace ebbrt::memcached::binary
