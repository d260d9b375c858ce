#include "apps/memcached/connection.h"

#include <string_view>
#include <utility>

#include "apps/memcached/server.h"

namespace ebbrt::memcached {

Connection::~Connection() {
  if (server_ != nullptr) server_->Remove(*this);
}

void Connection::Abort() {
  if (connection_ != nullptr) connection_->Abort();
}

void Connection::OnReceive(IOBufChain data) {
  if (server_ == nullptr) return;
  if (closed_ || session_.closing()) {
    dropped_bytes_ += static_cast<uint32_t>(data.length());
    if (dropped_bytes_ > kDroppedBytesMax) Abort();
    return;
  }
  server_->statistics().Add(Counter::kBytesRead, data.length());
  input_.Append(std::move(data));
  if (!stalled_) Serve();
}

void Connection::Serve() {
  RequestContext context = server_->MakeContext();
  while (!input_.empty() && !session_.closing()) {
    std::string_view bytes = input_.front().text();
    size_t consumed = session_.Consume(bytes, context);
    if (consumed == bytes.size()) {
      input_.PopFront();
    } else {
      input_.TrimFront(consumed);
    }
    if (context.reply.length() >= Session::kReplyBytesMax) {
      if (!Flush(context.reply)) return;
      if (output_.length() >= kQueuedBytesMax) {
        stalled_ = true;
        connection_->SetReceiveWindow(0);
        return;
      }
    }
  }
  if (session_.closing()) input_.Clear();
  if (!Flush(context.reply)) return;
  CloseIfDone();
}

bool Connection::Flush(Reply& reply) {
  if (reply.empty()) return true;
  bool failed = reply.failed();
  IOBufChain batch = reply.Take();
  if (failed) {
    Abort();
    return false;
  }
  output_.Append(std::move(batch));
  return SendQueued();
}

bool Connection::SendQueued() {
  if (connection_ == nullptr) return false;
  size_t sent = connection_->Send(output_);
  server_->statistics().Add(Counter::kBytesWritten, sent);
  return true;
}

void Connection::OnSendReady() {
  if (server_ == nullptr || !SendQueued()) return;
  if (stalled_ && output_.length() < kQueuedBytesMax / 2) {
    stalled_ = false;
    connection_->SetReceiveWindow(TcpConnection::kUnlimitedWindow);
    Serve();
    return;
  }
  CloseIfDone();
}

void Connection::OnPeerClosed() {
  peer_closed_ = true;
  CloseIfDone();
}

void Connection::CloseIfDone() {
  bool done = session_.closing() || (peer_closed_ && input_.empty());
  if (!done || closed_ || !output_.empty() || connection_ == nullptr) return;
  closed_ = true;
  connection_->Close();
}

}  // namespace ebbrt::memcached
