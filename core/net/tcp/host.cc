#include "core/net/tcp/host.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/net/tcp/connection.h"
#include "core/net/tcp/reply.h"

namespace ebbrt::tcp {
namespace {

using namespace tcp_flag;  // NOLINT: names of bits.

Connection* ConnectionOf(Flow* flow) {
  return flow != nullptr && flow->kind == Flow::Kind::kConnection
             ? static_cast<Connection*>(flow)
             : nullptr;
}

}  // namespace

Host::Host(const Options& options, Output& output, const HashKey& secret)
    : engine_(options, output, secret), cookies_(secret) {}

absl::StatusOr<Endpoint> Host::Listen(const Endpoint& local,
                                      TcpAcceptor acceptor) {
  Endpoint bound = local;
  if (bound.port == 0) {
    const Options& options = engine_.options;
    for (uint32_t port = options.ephemeral_port_min;
         bound.port == 0 && port <= options.ephemeral_port_max; ++port) {
      const Endpoint tried = {local.address, static_cast<uint16_t>(port)};
      if (!engine_.listeners.Listens(tried)) bound = tried;
    }
    if (bound.port == 0) return absl::ResourceExhaustedError("no port is free");
  }
  if (!engine_.listeners.Add(bound, std::move(acceptor))) {
    return absl::AlreadyExistsError("in use: " + bound.ToString());
  }
  return bound;
}

void Host::StopListening(const Endpoint& local) {
  engine_.listeners.Remove(local);
}

absl::Status Host::Connect(const Endpoint& local, const Endpoint& remote,
                           std::unique_ptr<TcpHandler>& handler) {
  FlowKey key = {local, remote};
  if (key.local.port == 0) key.local.port = PickPort(local, remote);
  if (key.local.port == 0) return absl::ResourceExhaustedError("no free port");
  if (Flow* flow = engine_.flows.Find(key)) {
    if (flow->kind == Flow::Kind::kConnection) {
      return absl::AlreadyExistsError("connection exists");
    }
    // Our numbers and timestamps go on from there: RFC 6191 section 4.
    engine_.time_wait.Remove(*static_cast<TimeWait*>(flow));
  }
  Connection* connection = engine_.MakeConnection(key);
  if (connection == nullptr) {
    return absl::ResourceExhaustedError("no room for a connection");
  }
  connection->OpenActive(std::move(handler), engine_.output.Now());
  return absl::OkStatus();
}

uint16_t Host::PickPort(const Endpoint& local, const Endpoint& remote) {
  const Options& options = engine_.options;
  const uint32_t count =
      uint32_t{options.ephemeral_port_max} - options.ephemeral_port_min + 1;
  FlowKey key = {{local.address, 0}, remote};
  const uint64_t first =
      HashFlow(engine_.secret, HashPurpose::kPort, key) + port_counter_;
  for (uint32_t i = 0; i < count; ++i) {
    key.local.port = static_cast<uint16_t>(options.ephemeral_port_min +
                                           (first + i) % count);
    if (engine_.flows.Find(key) != nullptr ||
        engine_.listeners.Listens(key.local) ||
        !engine_.output.ArrivesHere(key.local, remote)) {
      continue;
    }
    port_counter_ += i + 1;
    return key.local.port;
  }
  return 0;
}

void Host::OnSegment(const IpAddress& source, const IpAddress& destination,
                     const TcpHeader& header, IOBufChain&& payload, Ecn ecn,
                     Time now) {
  ++engine_.counters.segments_received;
  const FlowKey key = {{destination, header.destination_port},
                       {source, header.source_port}};
  Flow* flow = engine_.flows.Find(key);
  if (Connection* connection = ConnectionOf(flow)) {
    connection->OnSegment(header, std::move(payload), ecn, now);
    return;
  }
  std::optional<Sequence> after;
  if (flow != nullptr) {
    TimeWait& waiting = *static_cast<TimeWait*>(flow);
    const uint32_t bytes = static_cast<uint32_t>(payload.length());
    const Sequence last = waiting.send_next;
    if (!OnTimeWaitSegment(waiting, header, bytes, now)) return;
    after = last;
  }
  OnUnknownFlow(key, header, std::move(payload), ecn, after, now);
}

bool Host::OnTimeWaitSegment(TimeWait& waiting, const TcpHeader& header,
                             uint32_t payload_bytes, Time now) {
  if (header.Has(kRst)) return false;  // RFC 1337.
  const bool fresh = header.Has(kSyn) && !header.Has(kAck);
  if (fresh && engine_.listeners.Listens(waiting.key.local) &&
      waiting.AllowsReuse(header)) {
    engine_.time_wait.Remove(waiting);
    return true;
  }
  // An acknowledgment of nothing but what is known gets no answer, or two ends
  // in this state would go on for ever.
  const bool takes_room =
      payload_bytes != 0 || header.Has(kSyn) || header.Has(kFin);
  const bool expected = Sequence(header.sequence) == waiting.receive_next;
  if (!takes_room && expected) return false;
  if (header.Has(kFin)) {
    engine_.time_wait.Restart(waiting, now + engine_.options.time_wait);
  }
  AnswerInTimeWait(engine_, waiting, now);
  return false;
}

void Host::OnUnknownFlow(const FlowKey& key, const TcpHeader& header,
                         IOBufChain&& payload, Ecn ecn,
                         std::optional<Sequence> after, Time now) {
  if (header.Has(kRst)) return;
  if (engine_.listeners.Listens(key.local)) {
    if (header.Has(kAck)) {
      if (Connection* connection = AcceptCookie(key, header, now)) {
        connection->OnSegment(header, std::move(payload), ecn, now);
        return;
      }
      // The first segment may have been lost, and only it shows the cookie: a
      // reset would end what its retransmission opens.
      if (cookies_.Awaits(now)) return;
    } else if (header.Has(kSyn) && !header.Has(kFin)) {
      OnSyn(key, header, ecn, after, now);
      return;
    } else {
      return;  // RFC 9293 section 3.10.7.2: nothing that could open it.
    }
  }
  AnswerWithReset(engine_, key, header,
                  static_cast<uint32_t>(payload.length()));
}

void Host::OnSyn(const FlowKey& key, const TcpHeader& header, Ecn ecn,
                 std::optional<Sequence> after, Time now) {
  if (engine_.half_open_count >= engine_.options.half_open_max) {
    AnswerWithCookie(engine_, cookies_, key, header, now);
    return;
  }
  Connection* connection = engine_.MakeConnection(key);
  if (connection != nullptr) connection->OpenPassive(header, ecn, after, now);
}

Connection* Host::AcceptCookie(const FlowKey& key, const TcpHeader& header,
                               Time now) {
  if (!cookies_.Awaits(now) || header.Has(kSyn)) return nullptr;
  const std::optional<uint16_t> segment_bytes =
      cookies_.Check(key, Sequence(header.sequence) - 1,
                     Sequence(header.acknowledgment) - 1, now);
  if (!segment_bytes.has_value()) return nullptr;
  Connection* connection = engine_.MakeConnection(key);
  if (connection == nullptr) return nullptr;
  SynCookies::OfferedOptions offered;
  if (header.timestamps.has_value()) {
    offered = SynCookies::Decode(header.timestamps->echo);
  }
  if (!connection->OpenFromCookie(header, *segment_bytes, offered, now)) {
    engine_.Detach(*connection);
    engine_.Destroy(*connection);
    return nullptr;
  }
  ++engine_.counters.cookies_accepted;
  return connection;
}

void Host::OnBurstEnd(Time now) {
  while (BurstLink* link = engine_.burst.PopFront()) {
    static_cast<Connection*>(link)->OnBurstEnd(now);
  }
}

void Host::OnTimer(Time now) {
  engine_.announced = kTimeNever;
  engine_.time_wait.Expire(now);
  while (DeadlineEntry* entry = engine_.timers.PopExpired(now)) {
    static_cast<Connection*>(entry)->OnTimer(now);
  }
  engine_.AnnounceDeadline();
}

void Host::RunDeferred() {
  DeferredLink* link = engine_.deferred.PopFront();
  if (link != nullptr) static_cast<Connection*>(link)->RunDeferred();
}

void Host::OnPathMtu(const IcmpQuotation& quotation,
                     uint16_t segment_bytes_max, Time now) {
  Flow* flow = engine_.flows.Find({quotation.local, quotation.remote});
  if (Connection* connection = ConnectionOf(flow)) {
    connection->OnPathMtu(Sequence(quotation.sequence), segment_bytes_max, now);
  }
}

void Host::EndWhere(
    const std::function<bool(const IpAddress& local)>& is_lost) {
  for (AllLink* link = engine_.all.front(); link != nullptr;
       link = engine_.all.Next(link)) {
    Connection& connection = *static_cast<Connection*>(link);
    if (!is_lost(connection.key.local.address)) continue;
    ++engine_.counters.addresses_lost;
    connection.OnAddressLost();
  }
}

void Host::OnUnreachable(const IcmpQuotation& quotation, bool refused) {
  Flow* flow = engine_.flows.Find({quotation.local, quotation.remote});
  if (Connection* connection = ConnectionOf(flow)) {
    connection->OnUnreachable(Sequence(quotation.sequence), refused);
  }
}

}  // namespace ebbrt::tcp
