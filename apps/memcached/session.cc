#include "apps/memcached/session.h"

namespace ebbrt::memcached {

size_t Session::Consume(std::string_view bytes, RequestContext& context) {
  size_t consumed = 0;
  while (consumed < bytes.size() && state_ != State::kClosing) {
    if (context.reply.length() >= kReplyBytesMax) break;
    consumed += ConsumeSome(bytes.substr(consumed), context);
  }
  return consumed;
}

size_t Session::ConsumeSome(std::string_view bytes, RequestContext& context) {
  switch (state_) {
    case State::kHead:
    case State::kKeys:
      return ConsumeHead(bytes, context);
    case State::kValue: {
      size_t taken = upload_.Receive(bytes);
      if (upload_.complete()) FinishUpload(context);
      return taken;
    }
    case State::kSkip: {
      size_t skipped = std::min<uint64_t>(bytes.size(), skip_bytes_);
      skip_bytes_ -= skipped;
      if (skip_bytes_ == 0) state_ = State::kHead;
      return skipped;
    }
    case State::kSkipLine: {
      size_t end = bytes.find('\n');
      if (end == std::string_view::npos) return bytes.size();
      state_ = State::kHead;
      return end + 1;
    }
    case State::kClosing:
      return bytes.size();
  }
  return bytes.size();
}

size_t Session::HeadLength(std::string_view bytes) const {
  return protocol_ == Protocol::kBinary ? binary::HeadLength(bytes)
                                        : text::HeadLength(bytes);
}

size_t Session::ConsumeHead(std::string_view bytes, RequestContext& context) {
  if (!kept_.empty()) return KeepHead(bytes, context);
  if (protocol_ == Protocol::kUnknown) [[unlikely]] {
    protocol_ = static_cast<uint8_t>(bytes[0]) == binary::kRequestMagic
                    ? Protocol::kBinary
                    : Protocol::kText;
  }
  size_t length = HeadLength(bytes);
  if (length == 0) {
    kept_ = bytes;
    return bytes.size();
  }
  HandleHead(bytes.substr(0, length), context);
  return length;
}

size_t Session::KeepHead(std::string_view bytes, RequestContext& context) {
  size_t before = kept_.size();
  kept_ += bytes.substr(0, kHeadBytesMax - before);
  size_t length = HeadLength(kept_);
  if (length == 0) return kept_.size() - before;
  // Served from a string of its own: an idle connection keeps no memory for
  // heads.
  std::string head;
  head.swap(kept_);
  HandleHead(std::string_view(head).substr(0, length), context);
  if (length >= before) return length - before;
  // A long line of keys was cut before the end of what had been kept.
  if (state_ == State::kKeys) kept_ = head.substr(length, before - length);
  return 0;
}

void Session::HandleHead(std::string_view head, RequestContext& context) {
  if (protocol_ == Protocol::kBinary) {
    Follow(binary::HandleHead(head, upload_, context), context);
  } else if (state_ == State::kKeys) {
    Follow(text::HandleKeys(head, retrieval_, context), context);
  } else {
    Follow(text::HandleHead(head, upload_, retrieval_, context), context);
  }
}

void Session::Follow(const Step& step, RequestContext& context) {
  switch (step.kind) {
    case Step::kNextRequest:
      state_ = State::kHead;
      return;
    case Step::kReceiveValue:
      state_ = State::kValue;
      // An empty value has come already.
      if (upload_.complete()) FinishUpload(context);
      return;
    case Step::kSkip:
      skip_bytes_ = step.skip_bytes;
      state_ = skip_bytes_ == 0 ? State::kHead : State::kSkip;
      return;
    case Step::kMoreKeys:
      state_ = State::kKeys;
      return;
    case Step::kSkipLine:
      state_ = State::kSkipLine;
      return;
    case Step::kClose:
      state_ = State::kClosing;
      return;
  }
}

void Session::FinishUpload(RequestContext& context) {
  state_ = State::kHead;
  if (protocol_ == Protocol::kBinary) {
    binary::FinishUpload(upload_, context);
  } else {
    text::FinishUpload(upload_, context);
  }
}

}  // namespace ebbrt::memcached
