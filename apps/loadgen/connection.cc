#include "apps/loadgen/connection.h"

#include <bit>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "platform/current.h"

namespace ebbrt::loadgen {

Connection::Connection(Owner& owner, uint32_t slot, const Settings& settings,
                       const Workload& workload, RequestWriter& writer)
    : owner_(owner),
      slot_(slot),
      depth_(settings.depth),
      mask_(std::bit_ceil(settings.depth) - 1),
      workload_(workload),
      writer_(writer),
      client_(ProtocolClient::Create(settings.protocol, settings.verify)),
      requests_(mask_ + 1) {}

void Connection::Flush() {
  if (sent_ == tail_ || connection_ == nullptr) return;
  for (; sent_ != tail_; ++sent_) {
    client_->Encode(requests_[sent_ & mask_], workload_, writer_);
  }
  IOBufChain encoded = writer_.Take();
  owner_.OnSent(encoded.length());
  // While something is left over, the network will say when to go on.
  bool waits = !unsent_.empty();
  unsent_.Append(std::move(encoded));
  if (!waits) connection_->Send(unsent_);
}

void Connection::Close() {
  usable_ = false;
  if (connection_ != nullptr) connection_->Close();
}

void Connection::Abort() {
  usable_ = false;
  if (connection_ != nullptr) connection_->Abort();
}

void Connection::OnConnected(TcpConnection& connection) {
  connection_ = &connection;
  usable_ = was_open_ = true;
  owner_.OnOpen(*this);
}

void Connection::OnReceive(IOBufChain data) {
  now_ = Platform::Now();
  for (const IOBuf& buffer : data) {
    if (client_->Parse(buffer.bytes(), *this)) continue;
    failure_ = absl::DataLossError("the server sent what is no reply");
    Abort();
    return;
  }
  owner_.OnReplies(*this, data.length(), now_);
}

void Connection::OnSendReady() { connection_->Send(unsent_); }

void Connection::OnPeerClosed() {
  failure_ = absl::UnavailableError("the server closed the connection");
  Close();
}

void Connection::OnClosed(const absl::Status& status) {
  connection_ = nullptr;
  usable_ = false;
  owner_.OnLost(*this, failure_.ok() ? status : failure_);
}

void Connection::OnValue(size_t value_bytes, size_t offset,
                         std::span<const std::byte> piece) {
  if (wrong_value_ || head_ == sent_) return;
  if (value_bytes > kValueBytesMax) {
    wrong_value_ = true;
    return;
  }
  uint32_t key = requests_[head_ & mask_].key;
  wrong_value_ = std::memcmp(Workload::Value(key, value_bytes).data() + offset,
                             piece.data(), piece.size()) != 0;
}

bool Connection::OnReply(Reply reply) {
  if (head_ == sent_) return false;  // Nothing was asked.
  // A copy: what the owner does with it may add to the pipeline.
  const Request request = requests_[head_ & mask_];
  Result result = Result::kRefused;
  switch (reply) {
    case Reply::kHit:
      if (request.is_set) return false;
      result = std::exchange(wrong_value_, false) ? Result::kWrongValue
                                                  : Result::kHit;
      break;
    case Reply::kMiss:
      if (request.is_set) return false;
      result = Result::kMiss;
      break;
    case Reply::kStored:
      if (!request.is_set) return false;
      result = Result::kStored;
      break;
    case Reply::kRefused:
      break;
  }
  ++head_;
  owner_.OnResult(*this, request, result, now_);
  return true;
}

}  // namespace ebbrt::loadgen
