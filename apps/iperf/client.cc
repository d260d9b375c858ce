#include "apps/iperf/client.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "apps/iperf/client_header.h"
#include "core/base/check.h"
#include "core/buf/iobuf_chain.h"
#include "platform/current.h"

namespace ebbrt::iperf {
namespace {

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// How much of `total` is the share of `index` among `count`.
uint64_t PartOf(uint64_t total, uint32_t index, uint32_t count) {
  return total / count + (index < total % count ? 1 : 0);
}

// Digits, as iperf sends them; but no flags where the header would be.
std::unique_ptr<IOBuf> MakeMessage(size_t bytes) {
  std::unique_ptr<IOBuf> message = IOBuf::Create(bytes);
  if (message == nullptr) return nullptr;
  std::byte* to = message->Append(bytes);
  for (size_t i = 0; i < bytes; ++i) {
    const bool is_flags = i < ClientHeader::kFlagsBytes;
    to[i] = static_cast<std::byte>(is_flags ? 0 : '0' + i % 10);
  }
  return message;
}

}  // namespace

void Sent::Add(const Sent& other) {
  bytes += other.bytes;
  messages += other.messages;
  connections += other.connections;
  connections_lost += other.connections_lost;
  end = std::max(end, other.end);
  if (failure.ok()) failure = other.failure;
}

// One stream to the server.
class Client::Connection final : public TcpHandler, public ListLink {
 public:
  explicit Connection(Client& client)
      : client_(&client), turn_timer_([this] { Push(); }) {}
  ~Connection() override {
    if (linked()) Unlink();
  }

  // Begins to send `bytes`.
  void Begin(uint64_t bytes) {
    left_bytes_ = bytes;
    Push();
  }
  // Sends nothing more.
  void End() {
    left_bytes_ = 0;
    unsent_.Clear();
    turn_timer_.Cancel();
    Finish();
  }
  void Abort(const absl::Status& why) {
    if (failure_.ok()) failure_ = why;
    turn_timer_.Cancel();
    if (connection_ != nullptr) connection_->Abort();
  }
  // The client is gone before the connection.
  void Detach() { client_ = nullptr; }
  bool was_open() const { return was_open_; }
  bool is_ended() const { return is_ended_; }

 private:
  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
    was_open_ = true;
    if (client_ == nullptr || !failure_.ok()) {
      connection.Abort();
    } else {
      client_->OnOpen();
    }
  }
  // An acknowledgement of iperf's, which nobody has asked for.
  void OnReceive(IOBufChain) override {}
  void OnSendReady() override { Push(); }
  void OnPeerClosed() override {
    if (is_ended_) return;
    Abort(absl::UnavailableError("the server closed the connection"));
  }
  void OnClosed(const absl::Status& status) override {
    connection_ = nullptr;
    turn_timer_.Cancel();
    if (client_ != nullptr) {
      client_->OnGone(*this, failure_.ok() ? status : failure_);
    }
  }

  void Push();
  // The next message, or what is left of the bytes; none if there is no memory.
  bool NextMessage();
  void Finish() {
    if (is_ended_ || connection_ == nullptr) return;
    is_ended_ = true;
    connection_->Close();
  }

  Client* client_;
  TcpConnection* connection_ = nullptr;
  absl::Status failure_;
  bool was_open_ = false;
  bool is_ended_ = false;    // We have ended our direction.
  uint64_t left_bytes_ = 0;  // Of which no message has been made.
  IOBufChain unsent_;        // Of the current message.
  Timer turn_timer_;
};

void Client::Connection::Push() {
  if (client_ == nullptr || connection_ == nullptr || is_ended_) return;
  for (size_t i = 0; i < kMessagesPerTurn; ++i) {
    if (unsent_.empty()) {
      if (left_bytes_ == 0) {
        Finish();
        return;
      }
      if (!NextMessage()) return;
    }
    client_->sent_.bytes += connection_->Send(unsent_);
    if (!unsent_.empty()) return;  // OnSendReady goes on.
    ++client_->sent_.messages;
  }
  turn_timer_.SetAfter(Duration::zero());
}

bool Client::Connection::NextMessage() {
  std::unique_ptr<IOBuf> view = client_->message_->Clone();
  if (view == nullptr) {
    Abort(absl::ResourceExhaustedError("no memory for a message"));
    return false;
  }
  if (left_bytes_ < view->length()) {
    view->TrimBack(view->length() - static_cast<size_t>(left_bytes_));
  }
  if (left_bytes_ != kNoLimit) left_bytes_ -= view->length();
  unsent_.PushBack(std::move(view));
  return true;
}

Client::Client(std::shared_ptr<const Options> options)
    : options_(std::move(options)),
      core_(Platform::CurrentCore().index()),
      core_count_(std::min(Platform::CoreCount(), options_->connections)),
      deadline_timer_([this] { OnDeadline(); }) {}

Client::~Client() {
  while (Connection* connection = connections_.PopFront()) {
    connection->Detach();
  }
}

uint32_t Client::connection_count() const {
  if (core_ >= core_count_) return 0;
  return static_cast<uint32_t>(
      PartOf(options_->connections, core_, core_count_));
}

// Connection `index` of this core is number `core_ + index * core_count_`.
uint64_t Client::BytesOf(uint32_t index) const {
  if (options_->bytes == 0) return kNoLimit;
  return PartOf(options_->bytes, core_ + index * core_count_,
                options_->connections);
}

Future<void> Client::Open() {
  EBBRT_CHECK(!opened_.has_value() && !is_sending_);
  Future<void> opened = opened_.emplace().GetFuture();
  failure_ = absl::OkStatus();
  if (message_ == nullptr) message_ = MakeMessage(options_->message_bytes);
  if (message_ == nullptr) {
    failure_ = absl::ResourceExhaustedError("no memory for a message");
  }
  const uint32_t missing = connection_count() - open_;
  for (uint32_t i = 0; i < missing && failure_.ok() && !is_stopped_; ++i) {
    auto connection = std::make_unique<Connection>(*this);
    connections_.PushBack(connection.get());
    ++opening_;
    network->ConnectTcp(options_->endpoint, std::move(connection));
  }
  TellIfOpened();
  return opened;
}

void Client::OnOpen() {
  --opening_;
  ++open_;
  TellIfOpened();
}

void Client::TellIfOpened() {
  if (opening_ > 0 || !opened_.has_value()) return;
  Promise<void> opened = *std::exchange(opened_, std::nullopt);
  if (failure_.ok() && open_ < connection_count()) {
    failure_ = absl::CancelledError("stopped before the end");
  }
  if (failure_.ok()) {
    opened.SetValue();
  } else {
    opened.SetOutcome(failure_);
  }
}

Future<Sent> Client::Run(Time deadline) {
  EBBRT_CHECK(!done_.has_value() && !is_sending_);
  Future<Sent> done = done_.emplace().GetFuture();
  is_sending_ = true;
  sent_.connections = open_;
  if (deadline != kTimeNever) deadline_timer_.Set(deadline);
  uint32_t index = 0;
  Connection* next = connections_.front();
  while (next != nullptr) {
    next->Begin(BytesOf(index++));
    next = connections_.Next(next);
  }
  TellIfDone();
  return done;
}

void Client::OnDeadline() {
  if (is_past_deadline_) {
    EndAll(absl::DeadlineExceededError("the server does not read the rest"));
    return;
  }
  is_past_deadline_ = true;
  Connection* next = connections_.front();
  while (next != nullptr) {
    next->End();
    next = connections_.Next(next);
  }
  deadline_timer_.SetAfter(kRestMax);
}

void Client::EndAll(const absl::Status& why) {
  Connection* next = connections_.front();
  while (next != nullptr) {
    next->Abort(why);
    next = connections_.Next(next);
  }
}

void Client::OnGone(Connection& connection, const absl::Status& status) {
  connection.Unlink();
  --(connection.was_open() ? open_ : opening_);
  const bool is_good = status.ok() && connection.is_ended();
  if (!is_good && failure_.ok()) {
    failure_ = status.ok() ? absl::UnavailableError("the connection is closed")
                           : status;
  }
  if (is_sending_) {
    if (is_good) {
      sent_.end = std::max(sent_.end, Platform::Now());
    } else {
      ++sent_.connections_lost;
    }
  }
  TellIfOpened();
  TellIfDone();
}

void Client::TellIfDone() {
  if (open_ > 0 || !done_.has_value()) return;
  deadline_timer_.Cancel();
  sent_.failure = failure_;
  Promise<Sent> done = *std::exchange(done_, std::nullopt);
  done.SetValue(sent_);
}

void Client::Stop() {
  is_stopped_ = true;
  EndAll(absl::CancelledError("stopped before the end"));
}

}  // namespace ebbrt::iperf
