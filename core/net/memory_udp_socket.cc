// The datagrams' part of MemoryNetwork.
#include "core/net/memory_udp_socket.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/event/event_loop.h"
#include "platform/current.h"

namespace ebbrt::internal {

absl::StatusOr<std::unique_ptr<UdpSocket>> MemoryNetwork::OpenUdp(
    const Endpoint& local, UdpReceiver receiver) {
  uint64_t key = next_socket_++;
  absl::StatusOr<Endpoint> bound =
      node_->udp_ports.Bind(local, {Platform::CurrentCore(), key});
  if (!bound.ok()) return bound.status();
  auto socket = std::make_unique<MemoryUdpSocket>(*this, key, *bound,
                                                  std::move(receiver));
  sockets_[key] = socket.get();
  return socket;
}

void MemoryNetwork::CloseUdp(uint64_t key, const Endpoint& local) {
  sockets_.erase(key);
  node_->udp_ports.Unbind(local, Platform::CurrentCore());
}

absl::Status MemoryNetwork::SendDatagram(const Endpoint& from,
                                         const Endpoint& to, IOBufChain data) {
  if (data.length() > kDatagramBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a datagram of ", data.length(), " bytes; at most ",
                     kDatagramBytesMax, " can be sent"));
  }
  if (random_.Chance(options().loss)) return absl::OkStatus();
  std::optional<PortTable::Found> found =
      node_->udp_ports.Find(to, random_);
  if (!found.has_value()) return absl::OkStatus();
  SpawnOn(found->owner.core,
          [due = DueTime(false),
           datagram = MemoryDatagram{found->owner.key, from,
                                     std::move(data)}]() mutable {
            Mine().ReceiveDatagram(due, std::move(datagram));
          });
  return absl::OkStatus();
}

void MemoryNetwork::ReceiveDatagram(Time due, MemoryDatagram datagram) {
  if (due == Time::min()) {
    DeliverDatagram(std::move(datagram));
    return;
  }
  // As a full queue of a device does.
  if (datagrams_.size() == kDatagramsMax) return;
  datagrams_.emplace(due, std::move(datagram));
  datagram_arrival_.Set(datagrams_.begin()->first);
}

void MemoryNetwork::DeliverDatagrams() {
  // One an event; the next has a timer of its own, which the receiver of this
  // one does not delay if it blocks.
  auto first = datagrams_.begin();
  MemoryDatagram datagram = std::move(first->second);
  datagrams_.erase(first);
  if (!datagrams_.empty()) {
    Spawn([this] {
      if (!datagrams_.empty()) {
        datagram_arrival_.Set(datagrams_.begin()->first);
      }
    });
  }
  Spawn([this, datagram = std::move(datagram)]() mutable {
    DeliverDatagram(std::move(datagram));
  });
}

void MemoryNetwork::DeliverDatagram(MemoryDatagram datagram) {
  auto found = sockets_.find(datagram.socket);
  if (found != sockets_.end()) found->second->Receive(std::move(datagram));
}

}  // namespace ebbrt::internal
