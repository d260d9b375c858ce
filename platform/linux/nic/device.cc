#include "platform/linux/nic/device.h"

#include <linux/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <span>

#include "absl/strings/str_cat.h"
#include "platform/current.h"

namespace ebbrt::nic {

absl::Status DeviceError(const std::string& device, const char* what) {
  const int error = errno;
  return absl::ErrnoToStatus(
      error, absl::StrCat("network device ", device, ": ", what));
}

bool IsDeviceName(const std::string& device) {
  return !device.empty() && device.size() < IFNAMSIZ;
}

absl::StatusOr<size_t> MtuOf(const std::string& device) {
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0) return DeviceError(device, "socket");
  ifreq request = {};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  const int result = ioctl(any, SIOCGIFMTU, &request);
  absl::Status error = absl::OkStatus();
  if (result < 0) error = DeviceError(device, "ask for its MTU");
  close(any);
  if (!error.ok()) return error;
  return static_cast<size_t>(request.ifr_mtu);
}

MacAddress RandomMac() {
  MacAddress address;
  Platform::FillEntropy(std::as_writable_bytes(std::span(address.bytes)));
  address.bytes[0] = static_cast<uint8_t>((address.bytes[0] & 0xfc) | 2);
  return address;
}

}  // namespace ebbrt::nic
