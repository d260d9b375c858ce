#include "platform/linux/nic/tap.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "platform/linux/nic/descriptor_nic.h"
#include "platform/linux/nic/device.h"

namespace ebbrt::nic {
namespace {

// One more queue of the device; a descriptor.
absl::StatusOr<int> Attach(const std::string& device, bool many,
                           bool offloads) {
  const int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tap < 0) return DeviceError(device, "open /dev/net/tun");
  ifreq request = {};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = static_cast<short>(
      IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (many ? IFF_MULTI_QUEUE : 0));
  absl::Status error = absl::OkStatus();
  if (ioctl(tap, TUNSETIFF, &request) < 0) {
    error = DeviceError(device, "attach a queue");
  } else if (ioctl(tap, TUNSETOFFLOAD,
                   offloads ? TUN_F_CSUM | TUN_F_TSO4 : 0) < 0) {
    error = DeviceError(device, "set offloads");
  }
  if (error.ok()) return tap;
  close(tap);
  return error;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Nic>> OpenTap(const TapOptions& options) {
  if (!IsDeviceName(options.device) || options.queue_count == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", options.device, "\" is no name of a device"));
  }
  auto attach = [device = options.device, many = options.queue_count > 1,
                 offloads = options.offloads] {
    return Attach(device, many, offloads);
  };
  absl::StatusOr<int> first = attach();
  if (!first.ok()) return first.status();
  absl::StatusOr<size_t> mtu = MtuOf(options.device);
  if (!mtu.ok()) {
    close(*first);
    return mtu.status();
  }
  const MacAddress address =
      options.address == MacAddress() ? RandomMac() : options.address;
  return std::make_unique<DescriptorNic>(options.device, address, *mtu,
                                         options.queue_count, *first, attach,
                                         options.offloads);
}

}  // namespace ebbrt::nic
