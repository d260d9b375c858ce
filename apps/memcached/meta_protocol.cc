#include "apps/memcached/meta_protocol.h"

#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "apps/memcached/base64.h"
#include "apps/memcached/commands.h"
#include "apps/memcached/decimal.h"
#include "apps/memcached/meta_flags.h"
#include "apps/memcached/meta_line.h"

namespace ebbrt::memcached::meta {
namespace {

constexpr std::string_view kOpaqueTooLong =
    "CLIENT_ERROR opaque token too long\r\n";
constexpr std::string_view kTooManyFlags =
    "CLIENT_ERROR options flags too long\r\n";

Step Refuse(RequestContext& context, std::string_view error) {
  context.reply.Append(error);
  return {};
}

// What mg found, or made.
struct Fetched {
  Item* item = nullptr;
  bool won = false;         // This client is to recache it.
  bool token_sent = false;  // Another one was told so before.
  bool stale = false;
};

// Marks the item as promised to a client, if it has to be recached.
void TakeToken(Fetched& fetched, const Flags& flags) {
  Item& item = *fetched.item;
  fetched.token_sent = item.Has(Item::kTokenSent);
  fetched.stale = item.Has(Item::kStale);
  if (!fetched.token_sent) {
    bool expires_soon = flags.recache && item.expiry() != Clock::kNever &&
                        item.expiry() < flags.recache_expiry;
    if (fetched.stale || expires_soon) fetched.won = true;
  }
  if (fetched.won) item.Set(Item::kTokenSent);
}

// Of several clients that come at once exactly one is to win, hence the lock.
Fetched FetchLocked(RequestContext& context, const Key& key,
                    const Flags& flags) {
  Store::Locked locked(context.store(), key, context.now());
  Fetched fetched{.item = locked.item()};
  if (fetched.item == nullptr && flags.create) {
    ItemRef made = locked.NewItem(key, 0, 0, flags.create_expiry);
    if (!made) return fetched;
    if (flags.key_binary) made->Set(Item::kKeyBinary);
    locked.Link(std::move(made));
    fetched = {.item = locked.item(), .won = true};
  }
  if (fetched.item == nullptr) return fetched;
  if (flags.has_expiry) fetched.item->set_expiry(flags.expiry);
  TakeToken(fetched, flags);
  return fetched;
}

Fetched Fetch(RequestContext& context, const Key& key, const Flags& flags) {
  if (flags.create || flags.recache) return FetchLocked(context, key, flags);
  Item* item = context.store().Find(key, context.now());
  if (item == nullptr) return {};
  if (item->Has(Item::kStale)) return FetchLocked(context, key, flags);
  if (flags.has_expiry) item->set_expiry(flags.expiry);
  return {.item = item, .token_sent = item->Has(Item::kTokenSent)};
}

void ReturnItem(Line& line, const Tokens& tokens, const Fetched& fetched,
                const RequestContext& context) {
  const Item& item = *fetched.item;
  for (size_t i = 2; i < tokens.size(); ++i) {
    switch (tokens[i][0]) {
      case 's': line.Flag('s', item.value_bytes()); break;
      case 't': line.ExpiryFlag(item.expiry(), context.now()); break;
      case 'c': line.Flag('c', item.cas()); break;
      case 'f': line.Flag('f', item.flags()); break;
      case 'l': line.Flag('l', context.now() - item.last_access()); break;
      case 'h': line.Flag('h', item.fetched() ? 1 : 0); break;
      case 'O': line.Word(tokens[i]); break;
      case 'k': line.KeyFlag(item.key(), item.Has(Item::kKeyBinary)); break;
      default: break;
    }
  }
  if (fetched.token_sent) line.Flag('Z');
  if (fetched.stale) line.Flag('X');
  if (fetched.won) line.Flag('W');
}

Step HandleGet(const Tokens& tokens, RequestContext& context) {
  if (tokens.size() < 2) return Refuse(context, "ERROR\r\n");
  if (tokens[1].size() > Item::kKeyBytesMax) {
    return Refuse(context, kBadFormat);
  }
  if (tokens.size() > Flags::kWordsMax) {
    return Refuse(context, "CLIENT_ERROR options flags are too long\r\n");
  }
  Flags flags;
  std::string_view error = ParseFlags(tokens, 2, context.clock, &flags);
  if (!error.empty()) return Refuse(context, error);
  if (OpaqueTooLong(tokens, 2)) return Refuse(context, kOpaqueTooLong);

  Fetched fetched = Fetch(context, Key(flags.key), flags);
  if (fetched.item == nullptr) {
    context.statistics.Add(flags.has_expiry ? Counter::kTouchMisses
                                            : Counter::kGetMisses);
    if (flags.quiet) return {};
    Line line(context.reply, "EN");
    ReturnFlags(line, tokens, 2, flags);
    return {};
  }
  context.statistics.Add(flags.has_expiry ? Counter::kTouchHits
                                          : Counter::kGetHits);
  {
    Line line(context.reply, flags.value ? "VA " : "HD");
    if (flags.value) line.Number(fetched.item->value_bytes());
    ReturnItem(line, tokens, fetched, context);
  }
  if (flags.value) context.reply.AppendValueLine(*fetched.item);
  // Last, as the reply tells how it was before.
  if (!flags.no_update) fetched.item->Touch(context.now());
  return {};
}

std::optional<StoreMode> StoreModeOf(char mode) {
  switch (mode) {
    case 0: case 'S': return StoreMode::kSet;
    case 'E': return StoreMode::kAdd;
    case 'A': return StoreMode::kAppend;
    case 'P': return StoreMode::kPrepend;
    case 'R': return StoreMode::kReplace;
    default: return std::nullopt;
  }
}

// The part of ms that follows once the value's length is known, so that the
// value can be skipped if something is wrong.
std::string_view BeginUpload(const Tokens& tokens, size_t value_bytes,
                             Upload& upload, RequestContext& context) {
  Flags flags;
  std::string_view error = ParseFlags(tokens, 3, context.clock, &flags);
  if (!error.empty()) return error;
  std::optional<StoreMode> mode = StoreModeOf(flags.mode);
  if (!mode.has_value()) {
    return "CLIENT_ERROR invalid mode for ms M token\r\n";
  }
  if (OpaqueTooLong(tokens, 3)) return kOpaqueTooLong;
  if (flags.has_cas &&
      (mode == StoreMode::kSet || mode == StoreMode::kReplace)) {
    mode = StoreMode::kCas;
  }
  Outcome outcome =
      PrepareItem(context, Key(flags.key), value_bytes, flags.client_flags,
                  flags.expiry, true, &upload.item);
  if (outcome == Outcome::kTooLarge) {
    return "SERVER_ERROR object too large for cache\r\n";
  }
  if (outcome != Outcome::kDone) {
    return "SERVER_ERROR out of memory storing object\r\n";
  }
  if (flags.key_binary) upload.item->Set(Item::kKeyBinary);
  upload.command = {.mode = *mode,
                    .cas = flags.cas,
                    .invalidate = flags.invalidate};
  upload.expected_bytes = value_bytes + 2;
  upload.received_bytes = 0;
  upload.quiet = flags.quiet;
  upload.meta = true;
  upload.return_flags.clear();
  for (size_t i = 3; i < tokens.size(); ++i) {
    char flag = tokens[i][0];
    if (flag == 'O' || flag == 'k' || flag == 'c') {
      upload.return_flags += flag == 'O' ? tokens[i] : tokens[i].substr(0, 1);
      upload.return_flags += ' ';
    }
  }
  return "";
}

Step HandleSet(const Tokens& tokens, Upload& upload, RequestContext& context) {
  if (tokens.size() < 2) return Refuse(context, "ERROR\r\n");
  if (tokens[1].size() > Item::kKeyBytesMax || tokens.size() == 2) {
    return Refuse(context, kBadFormat);
  }
  if (tokens.size() > Flags::kWordsMax) return Refuse(context, kTooManyFlags);
  int32_t value_bytes;
  if (!ParseDecimal(tokens[2], &value_bytes) || value_bytes < 0 ||
      value_bytes > std::numeric_limits<int32_t>::max() - 2) {
    return Refuse(context, kBadFormat);
  }
  std::string_view error = BeginUpload(
      tokens, static_cast<size_t>(value_bytes), upload, context);
  if (error.empty()) return {Step::kReceiveValue};
  context.reply.Append(error);
  return {Step::kSkip, static_cast<uint64_t>(value_bytes) + 2};
}

Outcome DeleteOrInvalidate(RequestContext& context, const Flags& flags) {
  Store::Locked locked(context.store(), Key(flags.key), context.now());
  Item* item = locked.item();
  if (item == nullptr) {
    context.statistics.Add(Counter::kDeleteMisses);
    return Outcome::kNotFound;
  }
  if (flags.has_cas && item->cas() != flags.cas) {
    context.statistics.Add(Counter::kDeleteMisses);
    return Outcome::kExists;
  }
  if (!flags.invalidate) {
    context.statistics.Add(Counter::kDeleteHits);
    locked.Unlink();
    return Outcome::kDone;
  }
  if (flags.has_expiry) item->set_expiry(flags.expiry);
  item->Set(Item::kStale);
  // The next client that reads it is to recache it.
  item->Clear(Item::kTokenSent);
  locked.RenewCas();
  return Outcome::kDone;
}

std::string_view CodeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone: return "HD";
    case Outcome::kExists: return "EX";
    case Outcome::kNotFound: return "NF";
    default: return "NS";
  }
}

// The key and the flags of md and ma; the reply to what is wrong, or "".
std::string_view ReadFlags(const Tokens& tokens, const Clock& clock,
                           Flags* flags) {
  if (tokens.size() < 2) return "ERROR\r\n";
  if (tokens[1].size() > Item::kKeyBytesMax) return kBadFormat;
  if (tokens.size() > Flags::kWordsMax) return kTooManyFlags;
  if (!ParseFlags(tokens, 2, clock, flags).empty()) {
    return "CLIENT_ERROR invalid or duplicate flag\r\n";
  }
  return "";
}

Step HandleDelete(const Tokens& tokens, RequestContext& context) {
  Flags flags;
  std::string_view error = ReadFlags(tokens, context.clock, &flags);
  if (!error.empty()) return Refuse(context, error);
  if (OpaqueTooLong(tokens, 2)) return Refuse(context, kOpaqueTooLong);
  Outcome outcome = DeleteOrInvalidate(context, flags);
  if (outcome == Outcome::kDone && flags.quiet) return {};
  Line line(context.reply, CodeOf(outcome));
  ReturnFlags(line, tokens, 2, flags);
  return {};
}

void ReplyNumber(const Tokens& tokens, const Flags& flags,
                 const ArithmeticResult& result, RequestContext& context) {
  char digits[kDecimalBytesMax];
  std::string_view number(digits,
                          FormatDecimal(result.value, digits) - digits);
  {
    Line line(context.reply, flags.value ? "VA " : "HD");
    if (flags.value) line.Number(number.size());
    for (size_t i = 2; i < tokens.size(); ++i) {
      switch (tokens[i][0]) {
        case 'c': line.Flag('c', result.item->cas()); break;
        case 't':
          line.ExpiryFlag(result.item->expiry(), context.now());
          break;
        case 'T': result.item->set_expiry(flags.expiry); break;
        case 'O': line.Word(tokens[i]); break;
        case 'k': line.KeyFlag(flags.key, flags.key_binary); break;
        default: break;
      }
    }
  }
  if (flags.value) {
    context.reply.Append(number);
    context.reply.Append("\r\n");
  }
}

Step HandleArithmetic(const Tokens& tokens, RequestContext& context) {
  Flags flags;
  std::string_view error = ReadFlags(tokens, context.clock, &flags);
  if (!error.empty()) return Refuse(context, error);
  bool decrement = flags.mode == 'D' || flags.mode == '-';
  if (!decrement && flags.mode != 0 && flags.mode != 'I' &&
      flags.mode != '+') {
    return Refuse(context, "CLIENT_ERROR invalid mode for ma M token\r\n");
  }
  if (OpaqueTooLong(tokens, 2)) return Refuse(context, kOpaqueTooLong);
  ArithmeticResult result = Arithmetic(
      context, Key(flags.key),
      {.increment = !decrement,
       .delta = flags.delta,
       .cas = flags.cas,
       .create = flags.create,
       .initial = flags.initial,
       .initial_expiry = flags.create_expiry});
  switch (result.outcome) {
    case Outcome::kDone:
      if (flags.quiet) {
        if (flags.has_expiry) result.item->set_expiry(flags.expiry);
        return {};
      }
      ReplyNumber(tokens, flags, result, context);
      return {};
    case Outcome::kNotANumber:
      return Refuse(context,
                    "CLIENT_ERROR cannot increment or decrement "
                    "non-numeric value\r\n");
    case Outcome::kNoMemory:
      return Refuse(context, "SERVER_ERROR out of memory\r\n");
    default: {
      Line line(context.reply, CodeOf(result.outcome));
      ReturnFlags(line, tokens, 2, flags);
      return {};
    }
  }
}

Step HandleDebug(const Tokens& tokens, RequestContext& context) {
  if (tokens.size() < 2 || tokens[1].size() > Item::kKeyBytesMax) {
    return Refuse(context, kBadFormat);
  }
  std::string_view key = tokens[1];
  std::string decoded;
  if (tokens.size() > 2 && tokens[2] == "b") {
    if (!DecodeBase64(key, &decoded)) {
      return Refuse(context, kBadFormat);
    }
    key = decoded;
  }
  context.statistics.Add(Counter::kMetaDebugs);
  const Item* item = context.store().Find(Key(key), context.now());
  if (item == nullptr) return Refuse(context, "EN\r\n");
  Line line(context.reply, "ME ");
  line.Text(tokens[1]);
  // The original server counts from the expiry to now, hence negative.
  line.Word("exp=-");
  line.Number(item->expiry() == Clock::kNever
                  ? 1
                  : item->expiry() - context.now());
  line.Word("la=");
  line.Number(context.now() - item->last_access());
  line.Word("cas=");
  line.Number(item->cas());
  line.Word(item->fetched() ? "fetch=yes" : "fetch=no");
  // Memory has no classes here.
  line.Word("cls=1 size=");
  line.Number(item->bytes());
  return {};
}

}  // namespace

Step HandleCommand(const Tokens& tokens, Upload& upload,
                   RequestContext& context) {
  switch (tokens[0][1]) {
    case 'g': return HandleGet(tokens, context);
    case 's': return HandleSet(tokens, upload, context);
    case 'd': return HandleDelete(tokens, context);
    case 'a': return HandleArithmetic(tokens, context);
    case 'e': return HandleDebug(tokens, context);
    case 'n': return Refuse(context, "MN\r\n");
    default: return Refuse(context, "ERROR\r\n");
  }
}

void FinishUpload(Upload& upload, RequestContext& context) {
  uint64_t cas = 0;
  upload.item->Ref();
  ItemRef kept(upload.item.get());  // Its key may be returned.
  Outcome outcome =
      StoreItem(context, std::move(upload.item), upload.command, &cas);
  if (outcome == Outcome::kDone && upload.quiet) return;
  Line line(context.reply, CodeOf(outcome));
  std::string_view flags = upload.return_flags;
  for (std::string_view flag = NextToken(&flags); !flag.empty();
       flag = NextToken(&flags)) {
    switch (flag[0]) {
      case 'O': line.Word(flag); break;
      case 'k': line.KeyFlag(kept->key(), kept->Has(Item::kKeyBinary)); break;
      default: line.Flag('c', cas);
    }
  }
}

}  // namespace ebbrt::memcached::meta
