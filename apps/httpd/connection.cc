#include "apps/httpd/connection.h"

#include <string_view>
#include <utility>

#include "apps/httpd/server.h"

namespace ebbrt::httpd {

Connection::~Connection() {
  if (server_ != nullptr) server_->Remove(*this);
}

void Connection::Abort() {
  if (connection_ != nullptr) connection_->Abort();
}

void Connection::OnReceive(IOBufChain data) {
  if (server_ == nullptr) return;
  if (ending_) {
    dropped_bytes_ += static_cast<uint32_t>(data.length());
    if (dropped_bytes_ > kDroppedBytesMax) Abort();
    return;
  }
  server_->statistics().bytes_received += data.length();
  input_.Append(std::move(data));
  if (!stalled_) Serve();
}

void Connection::Serve() {
  bool has_requests = false;
  while (!input_.empty() && !ending_) {
    std::string_view bytes = input_.front().text();
    const size_t arrived = bytes.size();
    RequestParser::Event event = parser_.Parse(bytes);
    if (bytes.empty()) {
      input_.PopFront();
    } else {
      input_.TrimFront(arrived - bytes.size());
    }
    if (event == RequestParser::Event::kMore) continue;
    has_requests = true;
    if (!Answer(event)) return;
    if (output_.length() < kQueuedBytesMax) continue;
    if (!SendQueued()) return;
    if (output_.length() >= kQueuedBytesMax) {
      stalled_ = true;
      connection_->SetReceiveWindow(0);
      break;
    }
  }
  if (has_requests) server_->NoteProgress(*this);
  if (ending_) input_.Clear();
  if (!stalled_ && !SendQueued()) return;
  CloseIfDone();
}

bool Connection::Answer(RequestParser::Event event) {
  bool has_memory = true;
  if (event == RequestParser::Event::kRequest) {
    const Request& request = parser_.request();
    Status status = Status::kOk;
    has_memory = server_->responder().Respond(request, status, output_);
    server_->statistics().Count(status);
    ending_ = !request.keep_alive;
  } else {
    has_memory = server_->responder().RespondToError(parser_.error(), output_);
    server_->statistics().Count(parser_.error());
    ending_ = true;
  }
  if (!has_memory) Abort();
  return has_memory;
}

bool Connection::SendQueued() {
  if (connection_ == nullptr) return false;
  if (output_.empty()) return true;
  server_->statistics().bytes_sent += connection_->Send(output_);
  return true;
}

void Connection::OnSendReady() {
  if (server_ == nullptr) return;
  const size_t queued = output_.length();
  if (!SendQueued()) return;
  if (output_.length() < queued) server_->NoteProgress(*this);
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

void Connection::OnTimeout() {
  if (connection_ == nullptr) return;
  if (ending_ || !output_.empty()) {
    Abort();
    return;
  }
  ending_ = true;
  if (!parser_.is_between_requests()) {
    server_->statistics().Count(Status::kRequestTimeout);
    // Without memory for it the client is told nothing.
    static_cast<void>(server_->responder().RespondToError(
        Status::kRequestTimeout, output_));
    SendQueued();
  }
  // It has as much time again to take that, and to close its side.
  server_->NoteProgress(*this);
  CloseIfDone();
}

void Connection::CloseIfDone() {
  const bool done = ending_ || (peer_closed_ && input_.empty());
  if (!done || closed_ || !output_.empty() || connection_ == nullptr) return;
  ending_ = true;
  closed_ = true;
  connection_->Close();
}

}  // namespace ebbrt::httpd
