#include "apps/memcached/text_protocol.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "apps/memcached/commands.h"
#include "apps/memcached/decimal.h"
#include "apps/memcached/meta_protocol.h"
#include "apps/memcached/statistics_report.h"
#include "apps/memcached/text_tokens.h"

namespace ebbrt::memcached::text {
namespace {

constexpr std::string_view kError = "ERROR\r\n";
constexpr std::string_view kBadExpiry =
    "CLIENT_ERROR invalid exptime argument\r\n";
constexpr std::string_view kNotFound = "NOT_FOUND\r\n";
constexpr std::string_view kTooLarge =
    "SERVER_ERROR object too large for cache\r\n";
constexpr std::string_view kNoMemory =
    "SERVER_ERROR out of memory storing object\r\n";

// The line without its end; `*complete` if it has one.
std::string_view LineOf(std::string_view head, bool* complete) {
  *complete = head.back() == '\n';
  if (*complete) head.remove_suffix(1);
  if (*complete && head.size() > 1 && head.back() == '\r') {
    head.remove_suffix(1);
  }
  return head;
}

bool IsNoReply(const Tokens& tokens) { return tokens.back() == "noreply"; }

Step Say(RequestContext& context, std::string_view text,
         bool noreply = false) {
  if (!noreply) context.reply.Append(text);
  return {};
}

void ReplyItem(Reply& reply, std::string_view key, Item& item,
               bool with_cas) {
  constexpr std::string_view kValue = "VALUE ";
  constexpr size_t kNumbersMax = 3 * (kDecimalBytesMax + 1) + 2;
  char* to = reply.Reserve(kValue.size() + key.size() + kNumbersMax);
  to = std::copy(kValue.begin(), kValue.end(), to);
  to = std::copy(key.begin(), key.end(), to);
  *to++ = ' ';
  to = FormatDecimal(item.flags(), to);
  *to++ = ' ';
  to = FormatDecimal(item.value_bytes(), to);
  if (with_cas) {
    *to++ = ' ';
    to = FormatDecimal(item.cas(), to);
  }
  *to++ = '\r';
  *to++ = '\n';
  reply.CommitTo(to);
  reply.AppendValueLine(item);
}

bool HasLongKey(std::string_view keys) {
  if (keys.size() <= Item::kKeyBytesMax) return false;
  while (true) {
    std::string_view key = NextToken(&keys);
    if (key.empty()) return false;
    if (key.size() > Item::kKeyBytesMax) return true;
  }
}

Step ServeKeys(std::string_view keys, bool complete,
               const Retrieval& retrieval, RequestContext& context) {
  // Looked at first, so that the error comes in place of all values.
  if (HasLongKey(keys)) {
    context.reply.Append(kBadFormat);
    return {complete ? Step::kNextRequest : Step::kSkipLine};
  }
  while (true) {
    std::string_view key = NextToken(&keys);
    if (key.empty()) break;
    Item* item = retrieval.touch
                     ? Touch(context, Key(key), retrieval.expiry)
                     : Get(context, Key(key));
    if (item != nullptr) {
      ReplyItem(context.reply, key, *item, retrieval.with_cas);
    }
  }
  if (!complete) return {Step::kMoreKeys};
  context.reply.Append("END\r\n");
  return {};
}

Step HandleRetrieval(std::string_view command, std::string_view arguments,
                     bool complete, Retrieval& retrieval,
                     RequestContext& context) {
  retrieval = {.with_cas = command.back() == 's',
               .touch = command.starts_with("gat")};
  std::string_view rest = arguments;
  std::string_view first = NextToken(&rest);
  if (first.empty()) {
    if (!complete) return {Step::kClose};
    return Say(context, kError);
  }
  if (retrieval.touch) {
    int64_t time;
    if (!ParseDecimal(first, &time)) return Say(context, kBadExpiry);
    retrieval.expiry = context.clock.Expiry(time);
    arguments = rest;
  }
  return ServeKeys(arguments, complete, retrieval, context);
}

Step HandleStore(const Tokens& tokens, StoreMode mode, Upload& upload,
                 RequestContext& context) {
  size_t words = mode == StoreMode::kCas ? 6 : 5;
  if (tokens.size() != words && tokens.size() != words + 1) {
    return Say(context, kError);
  }
  bool noreply = IsNoReply(tokens);
  uint32_t flags;
  int64_t time;
  int32_t value_bytes;
  uint64_t cas = 0;
  if (tokens[1].size() > Item::kKeyBytesMax ||
      !ParseDecimal(tokens[2], &flags) || !ParseDecimal(tokens[3], &time) ||
      !ParseDecimal(tokens[4], &value_bytes) || value_bytes < 0 ||
      (mode == StoreMode::kCas && !ParseDecimal(tokens[5], &cas))) {
    return Say(context, kBadFormat, noreply);
  }
  uint64_t line_bytes = uint64_t{2} + static_cast<uint32_t>(value_bytes);
  Outcome outcome = PrepareItem(
      context, Key(tokens[1]), static_cast<size_t>(value_bytes), flags,
      context.clock.Expiry(time), mode == StoreMode::kSet, &upload.item);
  if (outcome != Outcome::kDone) {
    Say(context, outcome == Outcome::kTooLarge ? kTooLarge : kNoMemory,
        noreply);
    return {Step::kSkip, line_bytes};
  }
  upload.command = {.mode = mode, .cas = cas};
  upload.expected_bytes = line_bytes;
  upload.received_bytes = 0;
  upload.quiet = noreply;
  upload.meta = false;
  return {Step::kReceiveValue};
}

Step HandleDelete(const Tokens& tokens, RequestContext& context) {
  if (tokens.size() < 2 || tokens.size() > 4) return Say(context, kError);
  bool noreply = false;
  if (tokens.size() > 2) {
    // A time of 0 is what very old clients send.
    bool zero = tokens[2] == "0";
    noreply = IsNoReply(tokens);
    if (tokens.size() == 3 ? !zero && !noreply : !zero || !noreply) {
      return Say(context,
                 "CLIENT_ERROR bad command line format.  "
                 "Usage: delete <key> [noreply]\r\n",
                 noreply);
    }
  }
  if (tokens[1].size() > Item::kKeyBytesMax) {
    return Say(context, kBadFormat, noreply);
  }
  Outcome outcome = Delete(context, Key(tokens[1]), 0);
  return Say(context,
             outcome == Outcome::kDone ? "DELETED\r\n" : kNotFound, noreply);
}

Step HandleArithmetic(const Tokens& tokens, bool increment,
                      RequestContext& context) {
  if (tokens.size() != 3 && tokens.size() != 4) return Say(context, kError);
  bool noreply = IsNoReply(tokens);
  if (tokens[1].size() > Item::kKeyBytesMax) {
    return Say(context, kBadFormat, noreply);
  }
  uint64_t delta;
  if (!ParseDecimal(tokens[2], &delta)) {
    return Say(context, "CLIENT_ERROR invalid numeric delta argument\r\n",
               noreply);
  }
  ArithmeticResult result = Arithmetic(
      context, Key(tokens[1]), {.increment = increment, .delta = delta});
  switch (result.outcome) {
    case Outcome::kDone: {
      char line[kDecimalBytesMax + 2];
      char* end = FormatDecimal(result.value, line);
      *end++ = '\r';
      *end++ = '\n';
      return Say(context, {line, static_cast<size_t>(end - line)}, noreply);
    }
    case Outcome::kNotFound:
      return Say(context, kNotFound, noreply);
    case Outcome::kNotANumber:
      return Say(context,
                 "CLIENT_ERROR cannot increment or decrement "
                 "non-numeric value\r\n",
                 noreply);
    default:
      return Say(context, "SERVER_ERROR out of memory\r\n", noreply);
  }
}

Step HandleTouch(const Tokens& tokens, RequestContext& context) {
  if (tokens.size() != 3 && tokens.size() != 4) return Say(context, kError);
  bool noreply = IsNoReply(tokens);
  int64_t time;
  if (tokens[1].size() > Item::kKeyBytesMax) {
    return Say(context, kBadFormat, noreply);
  }
  if (!ParseDecimal(tokens[2], &time)) {
    return Say(context, kBadExpiry, noreply);
  }
  Item* item =
      Touch(context, Key(tokens[1]), context.clock.Expiry(time));
  return Say(context, item == nullptr ? kNotFound : "TOUCHED\r\n", noreply);
}

Step HandleFlushAll(const Tokens& tokens, RequestContext& context) {
  if (tokens.size() > 3) return Say(context, kError);
  bool noreply = IsNoReply(tokens);
  int64_t time = 0;
  if (tokens.size() != (noreply ? 2 : 1) && !ParseDecimal(tokens[1], &time)) {
    return Say(context, kBadExpiry, noreply);
  }
  FlushAll(context, time);
  return Say(context, "OK\r\n", noreply);
}

Step HandleVerbosity(const Tokens& tokens, RequestContext& context) {
  if (tokens.size() != 2 && tokens.size() != 3) return Say(context, kError);
  bool noreply = IsNoReply(tokens);
  uint32_t level;
  if (!ParseDecimal(tokens[1], &level)) {
    return Say(context, kBadFormat, noreply);
  }
  context.server.verbosity.store(level, std::memory_order_relaxed);
  return Say(context, "OK\r\n", noreply);
}

Step HandleStats(const Tokens& tokens, RequestContext& context) {
  std::string_view group = tokens.size() > 1 ? tokens[1] : std::string_view();
  std::optional<StatisticsRows> rows = ReportStatistics(context, group);
  if (!rows.has_value()) return Say(context, kError);
  if (group == "reset") return Say(context, "RESET\r\n");
  for (const auto& [name, value] : *rows) {
    context.reply.Append("STAT " + name + " " + value + "\r\n");
  }
  return Say(context, "END\r\n");
}

Step Dispatch(std::string_view command, const Tokens& tokens, Upload& upload,
              RequestContext& context) {
  auto store = [&](StoreMode mode) {
    return HandleStore(tokens, mode, upload, context);
  };
  if (command == "set") return store(StoreMode::kSet);
  if (command == "add") return store(StoreMode::kAdd);
  if (command == "replace") return store(StoreMode::kReplace);
  if (command == "append") return store(StoreMode::kAppend);
  if (command == "prepend") return store(StoreMode::kPrepend);
  if (command == "cas") return store(StoreMode::kCas);
  if (command == "delete") return HandleDelete(tokens, context);
  if (command == "incr") return HandleArithmetic(tokens, true, context);
  if (command == "decr") return HandleArithmetic(tokens, false, context);
  if (command == "touch") return HandleTouch(tokens, context);
  if (command == "flush_all") return HandleFlushAll(tokens, context);
  if (command == "stats") return HandleStats(tokens, context);
  if (command == "verbosity") return HandleVerbosity(tokens, context);
  if (command == "quit") return {Step::kClose};
  if (command == "shutdown") {
    return Say(context, "ERROR: shutdown not enabled\r\n");
  }
  // A browser, or a proxy on the wrong way.
  if (tokens.back().starts_with("HTTP/")) return {Step::kClose};
  if (command == "version") {
    context.reply.Append("VERSION ");
    context.reply.Append(kVersion);
    return Say(context, "\r\n");
  }
  return Say(context, kError);
}

}  // namespace

size_t HeadLength(std::string_view bytes) {
  std::string_view line = bytes.substr(0, kLineBytesMax);
  size_t end = line.find('\n');
  if (end != std::string_view::npos) return end + 1;
  if (line.size() < kLineBytesMax) return 0;
  // Too long; if it is for keys, the whole words of it will do. A word that
  // fills it all is refused as it is.
  size_t words_end = line.rfind(' ');
  return words_end == std::string_view::npos ? line.size() : words_end + 1;
}

Step HandleHead(std::string_view head, Upload& upload, Retrieval& retrieval,
                RequestContext& context) {
  bool complete;
  std::string_view line = LineOf(head, &complete);
  std::string_view arguments = line;
  std::string_view command = NextToken(&arguments);
  if (command == "get" || command == "gets") {
    return HandleRetrieval(command, arguments, complete, retrieval, context);
  }
  if (!complete) return {Step::kClose};
  if (command == "gat" || command == "gats") {
    return HandleRetrieval(command, arguments, complete, retrieval, context);
  }
  if (command.size() < 2) return Say(context, kError);
  Tokens tokens(line);
  if (command.size() == 2 && command[0] == 'm') {
    return meta::HandleCommand(tokens, upload, context);
  }
  return Dispatch(command, tokens, upload, context);
}

Step HandleKeys(std::string_view head, const Retrieval& retrieval,
                RequestContext& context) {
  bool complete;
  std::string_view keys = LineOf(head, &complete);
  return ServeKeys(keys, complete, retrieval, context);
}

void FinishUpload(Upload& upload, RequestContext& context) {
  const char* line_end =
      upload.item->mutable_value() + upload.item->value_bytes();
  if (std::memcmp(line_end, "\r\n", 2) != 0) {
    upload.item.Reset();
    Say(context, "CLIENT_ERROR bad data chunk\r\n",
        upload.quiet && !upload.meta);
    return;
  }
  if (upload.meta) {
    meta::FinishUpload(upload, context);
    return;
  }
  uint64_t cas;
  Outcome outcome =
      StoreItem(context, std::move(upload.item), upload.command, &cas);
  std::string_view text = "NOT_STORED\r\n";
  if (outcome == Outcome::kDone) text = "STORED\r\n";
  if (outcome == Outcome::kExists) text = "EXISTS\r\n";
  if (outcome == Outcome::kNotFound) text = kNotFound;
  Say(context, text, upload.quiet);
}

}  // namespace ebbrt::memcached::text
