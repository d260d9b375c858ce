// Interfaces on cables, for tests.
//
// With EBBRT_PCAP=/path/name in the environment, what passes interface N is
// written to /path/name.N.pcap, of the last test that has one.
//
// Cores: a test's core 0. Blocks: Make. Errors: failed checks.
#ifndef EBBRT_CORE_NET_IP_TESTING_H_
#define EBBRT_CORE_NET_IP_TESTING_H_

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/net/ip/interface.h"
#include "core/net/link/cable.h"
#include "core/net/link/pcap_nic.h"
#include "core/testing/seed.h"

namespace ebbrt::testing {

inline constexpr MacAddress MacOf(uint8_t number) {
  return {{0x02, 0, 0, 0, 0, number}};
}
inline constexpr Ipv4Address AddressOf(uint8_t number) {
  return Ipv4Address(10, 0, 0, number);
}

// Interface `number`, 10.0.0.number/24, of a NIC with its address.
inline EbbRef<ip::Interface> MakeInterface(std::unique_ptr<Nic> nic,
                                           uint8_t number) {
  if (const char* pcap = std::getenv("EBBRT_PCAP")) {
    auto file = std::make_shared<std::ofstream>(
        pcap + ("." + std::to_string(number) + ".pcap"), std::ios::binary);
    nic = WithPcap(std::move(nic), [file](std::span<const std::byte> bytes) {
      file->write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
    });
  }
  auto interface = ip::Interface::Create(
      std::move(nic),
      {.address = AddressOf(number), .prefix_bits = 24, .gateway = {}},
      Seed() + number).Block();
  EBBRT_CHECK(interface.ok());
  return *interface;
}

// The same, on a cable.
inline EbbRef<ip::Interface> MakeInterface(Cable& cable, uint8_t number,
                                           CableOptions options = {}) {
  options.address = MacOf(number);
  return MakeInterface(cable.Attach(options), number);
}

}  // namespace ebbrt::testing

#endif  // EBBRT_CORE_NET_IP_TESTING_H_
