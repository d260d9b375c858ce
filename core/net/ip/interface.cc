#include "core/net/ip/interface.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/async/combinators.h"
#include "core/ebb/ebb.h"
#include "core/event/event_loop.h"
#include "platform/current.h"

namespace ebbrt::ip {
namespace {

// RFC 5227 section 1.1.
constexpr int kProbes = 3;
constexpr Duration kProbeWait = std::chrono::seconds(1);
constexpr Duration kProbeIntervalMin = std::chrono::seconds(1);
constexpr Duration kProbeIntervalMax = std::chrono::seconds(2);
constexpr Duration kAnnounceWait = std::chrono::seconds(2);

}  // namespace

Future<EbbRef<Interface>> Interface::Create(std::unique_ptr<Nic> nic,
                                            Configuration configuration,
                                            uint64_t secret) {
  auto shared = std::make_shared<SharedInterface>(
      std::move(nic), Platform::CoreCount(), secret);
  const EbbRef<Interface> self(internal::NewLocalId());
  CreatePerCoreEbb<Interface>(self.id(), [self, shared] {
    return std::make_unique<Interface>(self, shared);
  });
  for (uint32_t core = 0; core < Platform::CoreCount(); ++core) {
    Future<void> started = Async(CoreId(core), [self] {
      return self->Start();
    });
    absl::Status status = co_await std::move(started);
    if (!status.ok()) co_return status;
  }
  absl::Status configured =
      co_await Interface::Configure(self, configuration);
  if (!configured.ok()) co_return configured;
  co_return self;
}

Interface::Interface(EbbRef<Interface> self,
                     std::shared_ptr<SharedInterface> shared)
    : self_(self),
      shared_(std::move(shared)),
      facts_(shared_->nic().facts()),
      core_(Platform::CurrentCore()),
      random_(shared_->secret(), core_.index()),
      listeners_(shared_->tcp_ports),
      udp_(*this),
      timer_([this] { OnTimer(); }),
      announce_again_([this] { Announce(); }),
      outbox_(shared_->core_count()),
      // Cores take turns, so that no two use the same at about the same time.
      identification_(static_cast<uint16_t>(core_.index())) {}

Interface::~Interface() {
  if (queue_ != nullptr) queue_->Close();
}

absl::Status Interface::Start() {
  if (core_.index() >= shared_->queue_count()) return absl::OkStatus();
  absl::StatusOr<NicQueue*> queue =
      shared_->nic().OpenQueue(core_.index(), *this);
  if (!queue.ok()) return queue.status();
  queue_ = *queue;
  return absl::OkStatus();
}

Future<void> Interface::Configure(EbbRef<Interface> interface,
                                  Configuration configuration) {
  for (uint32_t core = 0; core < Platform::CoreCount(); ++core) {
    Future<void> done = Async(CoreId(core), [interface, configuration] {
      interface->ConfigureHere(configuration);
    });
    absl::Status status = co_await std::move(done);
    if (!status.ok()) co_return status;
  }
  interface->announce_again_.Cancel();
  if (configuration.address.unspecified()) co_return absl::OkStatus();
  // The second announcement is for who missed the first.
  interface->Announce();
  interface->announce_again_.SetAfter(kAnnounceWait);
  co_return absl::OkStatus();
}

void Interface::ConfigureHere(const Configuration& configuration) {
  if (configuration.address != configuration_.address) {
    ++counters_.address_changes;
  }
  configuration_ = configuration;
  routes_.Clear();
  arp_.Clear();
  if (configuration.address.unspecified()) return;
  // The table is empty: there is room for two.
  static_cast<void>(
      routes_.Add({configuration.address, configuration.prefix_bits, {}}));
  if (!configuration.gateway.unspecified()) {
    static_cast<void>(routes_.Add({{}, 0, configuration.gateway}));
  }
  // While there is none, the old one may come back.
  if (tcp_ != nullptr) tcp_->OnAddressChange();
}

Future<bool> Interface::IsTaken(Ipv4Address address) {
  probed_ = address;
  probed_is_taken_ = false;
  Duration wait(random_.Between(0, kProbeWait.count()));
  for (int probe = 0; probe <= kProbes && !probed_is_taken_; ++probe) {
    absl::Status waited = co_await Delay(wait);
    if (!waited.ok()) co_return waited;
    if (probe == kProbes || probed_is_taken_) break;
    SendArp({.is_reply = false,
             .sender_mac = mac(),
             .sender = {},
             .target_mac = {},
             .target = address},
            kBroadcastMac);
    wait = probe + 1 == kProbes
               ? kAnnounceWait
               : Duration(random_.Between(kProbeIntervalMin.count(),
                                          kProbeIntervalMax.count()));
  }
  probed_ = {};
  co_return probed_is_taken_;
}

Future<Duration> Interface::Ping(Ipv4Address destination, size_t bytes,
                                 Duration timeout) {
  const Time now = Platform::Now();
  std::optional<uint16_t> sequence = echoes_.Add(now, now + timeout);
  std::unique_ptr<IOBuf> message =
      IOBuf::Create(kHeadroomBytes + kIcmpHeaderBytes + bytes, kHeadroomBytes);
  if (!sequence.has_value() || message == nullptr) {
    co_return absl::ResourceExhaustedError("too many echoes");
  }
  Future<Duration> reply = echoes_.FutureOf(*sequence);
  SetTimer();
  WriteIcmp({.type = IcmpType::kEchoRequest,
             .code = 0,
             .rest = core_.index() << 16 | *sequence},
            message->Append(kIcmpHeaderBytes));
  std::byte* data = message->Append(bytes);
  for (size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::byte>(i);
  std::optional<Ipv4Address> source = SourceFor(destination);
  OutgoingPacket packet;
  packet.source = source.value_or(Ipv4Address());
  packet.destination = destination;
  packet.protocol = kProtocolIcmp;
  packet.checksum_at = kIcmpChecksumOffset;
  absl::Status sent = Send(packet, IOBufChain(std::move(message)));
  if (!sent.ok()) co_return sent;
  co_return co_await std::move(reply);
}

void Interface::OnTransmitReady() {
  while (!backlog_.empty()) {
    OutgoingFrame& frame = backlog_.front();
    if (!queue_->Transmit(frame.bytes, frame.request)) return;
    ++counters_.frames_sent;
    backlog_.pop_front();
    ScheduleFlush();
  }
}

void Interface::OnLink(bool up) {
  ++counters_.link_changes;
  // Neighbours may have changed while it was down.
  if (up) arp_.Clear();
}

void Interface::ScheduleFlush() {
  if (std::exchange(flush_scheduled_, true)) return;
  Spawn([self = self_] { self->Flush(); });
}

void Interface::Flush() {
  flush_scheduled_ = false;
  if (queue_ != nullptr) queue_->Flush();
  for (size_t core = 0; core < outbox_.size(); ++core) {
    if (outbox_[core].empty()) continue;
    SpawnOn(CoreId(static_cast<uint32_t>(core)),
            [self = self_, batch = std::exchange(outbox_[core], {})]() mutable {
              self->OnPassedOn(std::move(batch));
            });
  }
}

void Interface::OnTimer() {
  const Time now = Platform::Now();
  arp_.OnTimer(now);
  reassembler_.OnTimer(now);
  echoes_.OnTimer(now);
  SetTimer();
}

void Interface::SetTimer() {
  const Time next = std::min({arp_.next_deadline(),
                              reassembler_.next_deadline(),
                              echoes_.next_deadline()});
  if (next == kTimeNever) {
    timer_.Cancel();
  } else {
    timer_.Set(next);
  }
}

}  // namespace ebbrt::ip
