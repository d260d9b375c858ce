#include "platform/linux/nic/packet_socket.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "platform/current.h"
#include "platform/linux/nic/descriptor_nic.h"
#include "platform/linux/nic/device.h"

namespace ebbrt::nic {
namespace {

struct Group {
  std::string device;
  MacAddress address;
  int index = 0;      // The kernel's number of the device.
  int fanout = 0;     // The number of those that share its flows.
  bool many = false;
};

template <typename Value>
bool SetOption(int socket, int option, const Value& value) {
  return setsockopt(socket, SOL_PACKET, option, &value, sizeof(value)) == 0;
}

// What failed; null: nothing.
const char* Configure(int socket, const Group& group) {
  // Before it is bound, so that all it receives has the header.
  if (!SetOption(socket, PACKET_VNET_HDR, 1)) return "virtio-net headers";
  // Ours, and what the kernel sends, go out by the device, not to us.
  if (!SetOption(socket, PACKET_IGNORE_OUTGOING, 1)) return "ignore our own";
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = group.index;
  if (bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) <
      0) {
    return "bind";
  }
  packet_mreq membership = {};
  membership.mr_ifindex = group.index;
  membership.mr_type = PACKET_MR_UNICAST;
  membership.mr_alen = ETH_ALEN;
  std::memcpy(membership.mr_address, group.address.bytes.data(), ETH_ALEN);
  if (!SetOption(socket, PACKET_ADD_MEMBERSHIP, membership)) {
    return "receive for our address";
  }
  const int fanout = group.fanout | PACKET_FANOUT_HASH << 16;
  if (group.many && !SetOption(socket, PACKET_FANOUT, fanout)) return "fanout";
  return nullptr;
}

absl::StatusOr<int> Attach(const Group& group) {
  // Of no protocol yet: until it is bound it receives nothing.
  const int packets =
      socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (packets < 0) return DeviceError(group.device, "packet socket");
  const char* failed = Configure(packets, group);
  if (failed == nullptr) return packets;
  absl::Status error = DeviceError(group.device, failed);
  close(packets);
  return error;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Nic>> OpenPacketSocket(
    const PacketSocketOptions& options) {
  if (!IsDeviceName(options.device) || options.queue_count == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", options.device, "\" is no name of a device"));
  }
  Group group = {
      .device = options.device,
      .address =
          options.address == MacAddress() ? RandomMac() : options.address,
      .index = static_cast<int>(if_nametoindex(options.device.c_str())),
      .many = options.queue_count > 1};
  if (group.index == 0) return DeviceError(options.device, "find it");
  uint16_t fanout;
  Platform::FillEntropy(std::as_writable_bytes(std::span(&fanout, 1)));
  group.fanout = fanout;
  absl::StatusOr<size_t> mtu = MtuOf(options.device);
  if (!mtu.ok()) return mtu.status();
  auto attach = [group] { return Attach(group); };
  absl::StatusOr<int> first = attach();
  if (!first.ok()) return first.status();
  return std::make_unique<DescriptorNic>(options.device, group.address, *mtu,
                                         options.queue_count, *first, attach);
}

}  // namespace ebbrt::nic
