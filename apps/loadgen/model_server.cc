#include "apps/loadgen/model_server.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <utility>

#include "core/base/check.h"
#include "core/buf/iobuf.h"
#include "platform/current.h"

namespace ebbrt::loadgen {
namespace {

uint32_t BigEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

std::string BinaryReply(std::string_view request, uint16_t status,
                        std::string_view extras, std::string_view value) {
  std::string reply(24, '\0');
  reply[0] = '\x81';
  reply[1] = request[1];
  reply[4] = static_cast<char>(extras.size());
  reply[7] = static_cast<char>(status);
  size_t body = extras.size() + value.size();
  for (int i = 0; i < 4; ++i) {
    reply[8 + i] = static_cast<char>(body >> (24 - 8 * i));
  }
  reply.replace(12, 4, request.substr(12, 4));
  return reply.append(extras).append(value);
}

}  // namespace

class ModelServer::Handler final : public TcpHandler {
 public:
  Handler(ModelServer& server, uint64_t number)
      : server_(server), number_(number) {}

  void OnConnected(TcpConnection& connection) override {
    connection_ = &connection;
    server_.handlers_[number_] = this;
    server_.connections_most =
        std::max(server_.connections_most, server_.handlers_.size());
  }
  void OnReceive(IOBufChain data) override {
    input_ += data.ToString();
    while (input_.size() > 1 && connection_ != nullptr) {
      size_t taken = input_[0] == '\x80' ? TakeBinary() : TakeText();
      if (taken == 0) return;
      input_.erase(0, taken);
    }
  }
  void OnSendReady() override { connection_->Send(output_); }
  void OnPeerClosed() override { connection_->Close(); }
  void OnClosed(const absl::Status&) override {
    server_.handlers_.erase(number_);
  }

  void Send(std::string reply) {
    const Behaviour& behaviour = server_.behaviour_;
    ++replies_;
    if (replies_ == behaviour.nonsense_after) reply = "nonsense\r\n";
    bool waits = !output_.empty();
    output_.PushBack(IOBuf::CopyOf(reply));
    if (!waits) connection_->Send(output_);
    if (replies_ == behaviour.close_after) connection_->Close();
  }

 private:
  // Each handles one request at the front of the input and returns its length;
  // 0 if it is not complete.
  size_t TakeBinary() {
    if (input_.size() < 24) return 0;
    std::string_view header(input_.data(), 24);
    size_t key_bytes = BigEndian(header.substr(2, 2));
    size_t extras = static_cast<uint8_t>(header[4]);
    size_t body = BigEndian(header.substr(8, 4));
    if (input_.size() < 24 + body) return 0;
    std::string key = input_.substr(24 + extras, key_bytes);
    if (header[1] == 1) {
      EBBRT_CHECK(extras == 8);
      std::string error = server_.Set(
          key, input_.substr(24 + extras + key_bytes,
                             body - extras - key_bytes));
      server_.Answer(number_,
                     BinaryReply(header, error.empty() ? 0 : 0x82, "", error));
    } else {
      EBBRT_CHECK(header[1] == 0 && extras == 0 && body == key_bytes);
      std::optional<std::string> value = server_.Get(key);
      server_.Answer(number_,
                     value ? BinaryReply(header, 0, std::string(4, 0), *value)
                           : BinaryReply(header, 1, "", "Not found"));
    }
    return 24 + body;
  }

  size_t TakeText() {
    size_t end = input_.find("\r\n");
    if (end == std::string::npos) return 0;
    std::istringstream line(input_.substr(0, end));
    std::string command, key;
    line >> command >> key;
    if (command == "get") {
      std::optional<std::string> value = server_.Get(key);
      server_.Answer(number_, value ? "VALUE " + key + " 0 " +
                                          std::to_string(value->size()) +
                                          "\r\n" + *value + "\r\nEND\r\n"
                                    : "END\r\n");
      return end + 2;
    }
    EBBRT_CHECK(command == "set");
    size_t flags, expiry, bytes;
    line >> flags >> expiry >> bytes;
    EBBRT_CHECK(!line.fail() && flags == 0 && expiry == 0);
    if (input_.size() < end + 2 + bytes + 2) return 0;
    EBBRT_CHECK(input_.compare(end + 2 + bytes, 2, "\r\n") == 0);
    std::string error = server_.Set(key, input_.substr(end + 2, bytes));
    server_.Answer(number_, error.empty() ? "STORED\r\n"
                                          : "SERVER_ERROR " + error + "\r\n");
    return end + 2 + bytes + 2;
  }

  ModelServer& server_;
  const uint64_t number_;
  TcpConnection* connection_ = nullptr;
  std::string input_;
  IOBufChain output_;
  uint64_t replies_ = 0;
};

ModelServer::ModelServer(const Endpoint& endpoint, const Behaviour& behaviour)
    : endpoint_(endpoint),
      behaviour_(behaviour),
      timer_([this] { SendReady(); }) {
  absl::StatusOr<Endpoint> listening =
      network->ListenTcp(endpoint, [this](const Endpoint&) {
        return std::make_unique<Handler>(*this, ++connections);
      });
  EBBRT_CHECK(listening.ok());
}

ModelServer::~ModelServer() { network->StopListeningTcp(endpoint_); }

std::string ModelServer::Set(std::string key, std::string value) {
  ++sets;
  if (behaviour_.refuse_sets) return "out of memory";
  if (!behaviour_.forget_sets) store_[std::move(key)] = std::move(value);
  return "";
}

std::optional<std::string> ModelServer::Get(const std::string& key) {
  ++gets;
  if (!first_get_.has_value()) first_get_ = Platform::Now();
  auto found = store_.find(key);
  if (found == store_.end()) return std::nullopt;
  std::string value = found->second;
  if (behaviour_.mix_up_values) {
    auto other = std::next(found) == store_.end() ? store_.begin()
                                                  : std::next(found);
    std::string of_other = other->second;
    of_other.resize(value.size(), '?');
    return of_other;
  }
  return value;
}

void ModelServer::Answer(uint64_t connection, std::string reply) {
  if (behaviour_.silent_after != 0 &&
      gets + sets > behaviour_.silent_after) {
    return;
  }
  Time now = Platform::Now();
  busy_until_ = std::max(busy_until_, now) + behaviour_.service;
  if (behaviour_.stall > Duration::zero() && first_get_.has_value()) {
    Time begin = *first_get_ + behaviour_.stall_begin;
    Time end = begin + behaviour_.stall;
    if (now >= begin && now < end) busy_until_ = std::max(busy_until_, end);
  }
  waiting_.push_back({busy_until_, connection, std::move(reply)});
  SendReady();
}

void ModelServer::SendReady() {
  Time now = Platform::Now();
  while (!waiting_.empty() && waiting_.front().ready <= now) {
    Waiting answer = std::move(waiting_.front());
    waiting_.pop_front();
    auto found = handlers_.find(answer.connection);
    if (found != handlers_.end()) found->second->Send(std::move(answer.reply));
  }
  if (!waiting_.empty()) timer_.Set(waiting_.front().ready);
}

}  // namespace ebbrt::loadgen
