#include "core/net/dns/resolver.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/event/event_loop.h"
#include "core/event/timer.h"
#include "core/net/wire/dns.h"
#include "platform/current.h"

namespace ebbrt::dns {
namespace {

// One of 64 thousand ports, of those that nobody else needs to have.
constexpr uint16_t kFirstPort = 1024;
constexpr int kPortTries = 8;

uint16_t Entropy16() {
  uint16_t number;
  Platform::FillEntropy(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

}  // namespace

// One name that is asked for, by however many.
class Resolver::Question : public std::enable_shared_from_this<Question> {
 public:
  Question(Resolver& resolver, std::string name)
      : resolver_(&resolver),
        name_(name),
        asked_(std::move(name)),
        timer_([this] { Try(); }) {}

  Future<Addresses> Wait() { return waiting_.emplace_back().GetFuture(); }
  void Start() { Try(); }
  void Abandon() {
    resolver_ = nullptr;
    timer_.Cancel();
    socket_.reset();
    waiting_.clear();
  }
  std::vector<Promise<Addresses>> TakeWaiting() {
    return std::exchange(waiting_, {});
  }

 private:
  void Try();
  bool OpenSocket();
  void OnDatagram(const Endpoint& from, IOBufChain datagram);
  void OnAnswer(const DnsMessage& message);
  void Finish(absl::StatusOr<Addresses> outcome, Duration lifetime) {
    timer_.Cancel();
    socket_.reset();
    resolver_->Finish(name_, std::move(outcome), lifetime);
  }

  Resolver* resolver_;
  const std::string name_;
  std::string asked_;  // The alias that it leads to, or the name.
  Timer timer_;
  std::unique_ptr<UdpSocket> socket_;
  Endpoint server_;
  uint16_t id_ = 0;
  int tries_ = 0;
  int aliases_ = 0;
  Duration lifetime_ = kLifetimeMax;
  std::vector<Promise<Addresses>> waiting_;
};

void Resolver::Question::Try() {
  const std::shared_ptr<Question> self = shared_from_this();
  if (tries_ == kTriesMax) {
    Finish(absl::UnavailableError(absl::StrCat(name_, ": no DNS server "
                                                      "answers")),
           Duration::zero());
    return;
  }
  const auto& servers = resolver_->servers_;
  server_ = servers[static_cast<size_t>(tries_++) % servers.size()];
  timer_.SetAfter(kTimeout);
  if (!OpenSocket()) return;  // The timer tries again.
  id_ = Entropy16();
  std::array<std::byte, kDnsMessageBytesMax> query;
  const size_t bytes = WriteDnsQuery(id_, asked_, query);
  static_cast<void>(socket_->SendTo(
      server_, IOBufChain(IOBuf::CopyOf(std::span(query).first(bytes)))));
}

bool Resolver::Question::OpenSocket() {
  socket_.reset();
  for (int i = 0; i < kPortTries; ++i) {
    const auto port = static_cast<uint16_t>(
        std::max<uint16_t>(Entropy16(), kFirstPort));
    auto socket = resolver_->network_->OpenUdp(
        {IpAddress(), port},
        [weak = weak_from_this()](const Endpoint& from, IOBufChain datagram) {
          std::shared_ptr<Question> self = weak.lock();
          if (self != nullptr) self->OnDatagram(from, std::move(datagram));
        });
    if (!socket.ok()) continue;
    socket_ = *std::move(socket);
    return true;
  }
  return false;
}

void Resolver::Question::OnDatagram(const Endpoint& from,
                                    IOBufChain datagram) {
  const bool ours = resolver_ != nullptr && from == server_ &&
                    !datagram.empty() && waiting_.size() != 0;
  if (!ours || datagram.Coalesce(datagram.length()) == nullptr) return;
  Parsed<DnsMessage> message = ParseDns(datagram.front().bytes());
  if (!message || !message->is_response || message->id != id_ ||
      message->question != asked_) {
    return;
  }
  if (message->code == DnsCode::kNameError) {
    Finish(absl::NotFoundError(absl::StrCat(name_, ": no such name")),
           kNegativeLifetime);
  } else if (message->code == DnsCode::kOk) {
    OnAnswer(*message);
  } else {
    Try();  // Another server may know.
  }
}

void Resolver::Question::OnAnswer(const DnsMessage& message) {
  Addresses addresses;
  std::string name = asked_;
  // Aliases may stand in any order.
  for (bool followed = true; followed && aliases_ <= kAliasesMax;) {
    followed = false;
    for (const DnsRecord& record : message.answers) {
      if (record.name != name) continue;
      lifetime_ = std::min(
          lifetime_, Duration(std::chrono::seconds(record.seconds_to_live)));
      if (record.type == DnsRecord::Type::kAddress) {
        addresses.push_back(record.address.ToIpAddress());
        continue;
      }
      name = record.target;
      ++aliases_;
      followed = true;
      break;
    }
  }
  if (!addresses.empty()) {
    Finish(std::move(addresses), lifetime_);
  } else if (name != asked_ && aliases_ <= kAliasesMax &&
             DnsName(name) == name) {
    asked_ = name;
    tries_ = 0;  // Aliases have a bound of their own.
    Try();
  } else if (message.truncated) {
    Try();
  } else {
    Finish(absl::NotFoundError(absl::StrCat(name_, ": has no IPv4 address")),
           kNegativeLifetime);
  }
}

Resolver::Resolver(EbbRef<Network> network, std::vector<Endpoint> servers)
    : network_(network), servers_(std::move(servers)) {
  EBBRT_CHECK(!servers_.empty());
}

Resolver::~Resolver() {
  for (auto& [name, question] : questions_) question->Abandon();
}

Future<Resolver::Addresses> Resolver::Resolve(std::string_view text) {
  absl::StatusOr<IpAddress> address = IpAddress::Parse(text);
  if (address.ok()) return ReadyFuture<Addresses>(Addresses{*address});
  std::optional<std::string> name = DnsName(text);
  if (!name.has_value()) {
    return ReadyFuture<Addresses>(absl::InvalidArgumentError(
        "\"" + std::string(text) + "\" is no name of a host"));
  }
  auto cached = cache_.find(*name);
  if (cached != cache_.end() && cached->second.expires > Platform::Now()) {
    if (!cached->second.addresses.empty()) {
      return ReadyFuture<Addresses>(Addresses(cached->second.addresses));
    }
    return ReadyFuture<Addresses>(
        absl::NotFoundError(absl::StrCat(*name, ": no such name")));
  }
  auto asked = questions_.find(*name);
  if (asked != questions_.end()) return asked->second->Wait();
  if (questions_.size() == kQuestionsMax) {
    return ReadyFuture<Addresses>(
        absl::ResourceExhaustedError("too many names are being resolved"));
  }
  auto question = std::make_shared<Question>(*this, *name);
  questions_[*name] = question;
  Future<Addresses> addresses = question->Wait();
  question->Start();
  return addresses;
}

void Resolver::Finish(const std::string& name,
                      absl::StatusOr<Addresses> outcome, Duration lifetime) {
  auto found = questions_.find(name);
  EBBRT_CHECK(found != questions_.end());
  const std::shared_ptr<Question> question = std::move(found->second);
  questions_.erase(found);
  if (lifetime > Duration::zero()) {
    if (cache_.size() == kCacheMax && !cache_.contains(name)) {
      cache_.erase(std::min_element(
          cache_.begin(), cache_.end(), [](const auto& a, const auto& b) {
            return a.second.expires < b.second.expires;
          }));
    }
    cache_[name] = {.addresses = outcome.ok() ? *outcome : Addresses(),
                    .expires = Platform::Now() + lifetime};
  }
  // Last: who waited may drop the resolver.
  for (Promise<Addresses>& promise : question->TakeWaiting()) {
    promise.SetOutcome(outcome);
  }
}

}  // namespace ebbrt::dns
