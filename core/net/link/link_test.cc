// NICs around NICs, and what a NIC without hardware does in software.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/async/combinators.h"
#include "core/net/link/cable.h"
#include "core/net/link/complete_frames.h"
#include "core/net/link/faulty_nic.h"
#include "core/net/link/pcap_nic.h"
#include "core/net/link/relay.h"
#include "core/net/wire/big_endian.h"
#include "core/net/wire/checksum.h"
#include "core/net/wire/ethernet.h"
#include "core/net/wire/ipv4.h"
#include "core/testing/run_on_cores.h"
#include "platform/current.h"

namespace ebbrt {
namespace {

using std::chrono::milliseconds;

constexpr MacAddress kA = {{2, 0, 0, 0, 0, 1}};
constexpr MacAddress kB = {{2, 0, 0, 0, 0, 2}};

struct Recorder final : NicReceiver {
  void OnFrame(IOBufChain frame, const ReceiveReport&) override {
    frames.push_back(frame.ToString());
  }
  void OnFramesEnd() override { ++bursts; }
  void OnTransmitReady() override { ++ready; }
  void OnLink(bool) override {}

  std::vector<std::string> frames;
  int bursts = 0;
  int ready = 0;
};

std::string FrameOf(const std::string& text) {
  std::string frame(kEthernetHeaderBytes, '\0');
  WriteEthernet({.destination = kB, .source = kA, .type = 0x88b5},
                reinterpret_cast<std::byte*>(frame.data()));
  return frame + text;
}

// A and B on a cable, B's NIC as `wrap` makes it.
struct Link {
  explicit Link(const std::function<std::unique_ptr<Nic>(
                    std::unique_ptr<Nic>)>& wrap) {
    Cable cable;
    CableOptions options;
    options.address = kA;
    a_nic = cable.Attach(options);
    options.address = kB;
    b_nic = wrap(cable.Attach(options));
    a = *a_nic->OpenQueue(0, at_a);
    b = *b_nic->OpenQueue(0, at_b);
  }
  ~Link() {
    a->Close();
    b->Close();
  }
  void Send(const std::string& text) {
    IOBufChain frame(IOBuf::CopyOf(FrameOf(text)));
    EXPECT_TRUE(a->Transmit(frame, {}));
    a->Flush();
  }
  void SendMany(int count) {
    for (int i = 0; i < count; ++i) {
      Send(std::to_string(i));
      // So that none is lost for want of room.
      if (i % 100 == 0) {
        EXPECT_TRUE(Delay(milliseconds(1)).Block().ok());
      }
    }
    EXPECT_TRUE(Delay(milliseconds(200)).Block().ok());
  }
  Recorder at_a;
  Recorder at_b;
  std::unique_ptr<Nic> a_nic;
  std::unique_ptr<Nic> b_nic;
  NicQueue* a;
  NicQueue* b;
};

TEST(FaultyNic, DoesWhatItIsAskedFor) {
  testing::RunOnCores(1, [] {
    constexpr int kFrames = 3000;
    Link link([](std::unique_ptr<Nic> nic) {
      return WithFaults(std::move(nic), {.seed = testing::Seed(),
                                         .loss = 0.1,
                                         .duplicate = 0.1,
                                         .corrupt = 0.1,
                                         .reorder = 0.1,
                                         .delay = milliseconds(2)});
    });
    link.SendMany(kFrames);
    const auto& frames = link.at_b.frames;
    // 0.9 * 1.1 of them come; five standard deviations are about 120.
    EXPECT_NEAR(static_cast<double>(frames.size()), kFrames * 0.99, 120);
    const auto whole = std::count_if(
        frames.begin(), frames.end(), [](const std::string& frame) {
          return frame.starts_with(FrameOf(""));
        });
    EXPECT_LT(whole, static_cast<long>(frames.size()));
    EXPECT_FALSE(std::is_sorted(
        frames.begin(), frames.end(),
        [](const std::string& a, const std::string& b) {
          return std::atoi(a.c_str() + kEthernetHeaderBytes) <
                 std::atoi(b.c_str() + kEthernetHeaderBytes);
        }));
  });
}

TEST(FaultyNic, KeepsToItsRate) {
  testing::RunOnCores(1, [] {
    Link link([](std::unique_ptr<Nic> nic) {
      return WithFaults(std::move(nic), {.bytes_per_second = 100'000});
    });
    const std::string text(1000 - kEthernetHeaderBytes, 'x');
    const Time begin = Platform::Now();
    for (int i = 0; i < 50; ++i) link.Send(text);
    while (link.at_b.frames.size() < 50) {
      ASSERT_TRUE(Delay(milliseconds(1)).Block().ok());
    }
    EXPECT_GE(Platform::Now() - begin, milliseconds(500));
  });
}

// A on a wire with one end of a relay, and B on another with the other end.
struct RelayedLink {
  explicit RelayedLink(const NicFaults& faults) {
    const auto end = [&](Cable& cable, uint64_t seed) {
      NicFaults own = faults;
      own.seed = seed;
      return WithFaults(cable.Attach({.promiscuous = true}), own);
    };
    relay = *Relay::Start(end(near, testing::Seed()),
                          end(far, testing::Seed() + 1));
    a_nic = near.Attach({.address = kA});
    b_nic = far.Attach({.address = kB});
    a = *a_nic->OpenQueue(0, at_a);
    b = *b_nic->OpenQueue(0, at_b);
  }
  ~RelayedLink() {
    a->Close();
    b->Close();
  }
  Cable near;
  Cable far;
  Recorder at_a;
  Recorder at_b;
  std::unique_ptr<Relay> relay;
  std::unique_ptr<Nic> a_nic;
  std::unique_ptr<Nic> b_nic;
  NicQueue* a;
  NicQueue* b;
};

std::string FrameOf(const MacAddress& from, const MacAddress& to, int number) {
  std::string frame(kEthernetHeaderBytes, '\0');
  WriteEthernet({.destination = to, .source = from, .type = 0x88b5},
                reinterpret_cast<std::byte*>(frame.data()));
  return frame + std::to_string(number);
}

void Send(NicQueue* queue, const std::string& text) {
  IOBufChain frame(IOBuf::CopyOf(text));
  EXPECT_TRUE(queue->Transmit(frame, {}));
  queue->Flush();
}

TEST(Relay, PassesFramesBothWaysAsTheyAre) {
  testing::RunOnCores(1, [] {
    constexpr Duration kDelay = milliseconds(10);
    RelayedLink link({.delay = kDelay});
    std::vector<std::string> to_a;
    std::vector<std::string> to_b;
    const Time begin = Platform::Now();
    for (int i = 0; i < 100; ++i) {
      to_a.push_back(FrameOf(kB, kA, i));
      to_b.push_back(FrameOf(kA, kB, i));
      Send(link.b, to_a.back());
      Send(link.a, to_b.back());
    }
    while (link.at_a.frames.size() < 100 || link.at_b.frames.size() < 100) {
      ASSERT_TRUE(Delay(milliseconds(1)).Block().ok());
    }
    EXPECT_GE(Platform::Now() - begin, kDelay);
    EXPECT_EQ(link.at_a.frames, to_a);
    EXPECT_EQ(link.at_b.frames, to_b);
    EXPECT_EQ(link.relay->from_a().passed, 100u);
    EXPECT_EQ(link.relay->from_b().passed, 100u);
  });
}

// The frames that it loses, of so many that A sends.
std::vector<std::string> LostOf(int count, double loss) {
  std::vector<std::string> lost;
  testing::RunOnCores(1, [&] {
    RelayedLink link({.loss = loss});
    for (int i = 0; i < count; ++i) Send(link.a, FrameOf(kA, kB, i));
    // They come in order: once the last one is there, all are that come.
    const std::string last = FrameOf(kA, kB, count);
    auto& frames = link.at_b.frames;
    while (frames.empty() || frames.back() != last) {
      Send(link.a, last);
      ASSERT_TRUE(Delay(milliseconds(1)).Block().ok());
    }
    for (int i = 0; i < count; ++i) {
      const std::string frame = FrameOf(kA, kB, i);
      if (std::find(frames.begin(), frames.end(), frame) == frames.end()) {
        lost.push_back(frame);
      }
    }
  });
  return lost;
}

TEST(Relay, LosesTheSameFramesOfASeed) {
  const std::vector<std::string> lost = LostOf(1000, 0.05);
  // Five standard deviations are 35.
  EXPECT_NEAR(static_cast<double>(lost.size()), 50, 35);
  EXPECT_EQ(lost, LostOf(1000, 0.05));
}

TEST(Relay, DropsWhatIsTooLongForTheOtherWire) {
  testing::RunOnCores(1, [] {
    Cable near;
    Cable far;
    auto relay = *Relay::Start(near.Attach({.promiscuous = true}),
                               far.Attach({.mtu = 600, .promiscuous = true}));
    Recorder at_a;
    Recorder at_b;
    auto a_nic = near.Attach({.address = kA});
    auto b_nic = far.Attach({.address = kB});
    NicQueue* a = *a_nic->OpenQueue(0, at_a);
    NicQueue* b = *b_nic->OpenQueue(0, at_b);
    Send(a, FrameOf(kA, kB, 1) + std::string(1000, 'x'));
    Send(a, FrameOf(kA, kB, 2));
    while (at_b.frames.empty()) {
      ASSERT_TRUE(Delay(milliseconds(1)).Block().ok());
    }
    EXPECT_EQ(at_b.frames, std::vector{FrameOf(kA, kB, 2)});
    EXPECT_EQ(relay->from_a().dropped, 1u);
    a->Close();
    b->Close();
  });
}

TEST(PcapNic, WritesWhatPasses) {
  testing::RunOnCores(1, [] {
    std::string file;
    Link link([&file](std::unique_ptr<Nic> nic) {
      return WithPcap(std::move(nic), [&](std::span<const std::byte> bytes) {
        file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      });
    });
    link.Send("hello");
    ASSERT_TRUE(Delay(milliseconds(5)).Block().ok());
    EXPECT_EQ(link.at_b.frames, std::vector{FrameOf("hello")});
    constexpr size_t kFileHeader = 24;
    constexpr size_t kRecordHeader = 16;
    ASSERT_EQ(file.size(),
              kFileHeader + kRecordHeader + FrameOf("hello").size());
    uint32_t magic;
    std::memcpy(&magic, file.data(), 4);
    EXPECT_EQ(magic, 0xa1b23c4d);
    EXPECT_EQ(file.substr(kFileHeader + kRecordHeader), FrameOf("hello"));
  });
}

// A TCP segment of `payload` that is to be cut.
TEST(CompleteFrames, CutsSegments) {
  constexpr size_t kHeaders = 14 + 20 + 20;
  std::string frame(kHeaders, '\0');
  auto* at = reinterpret_cast<std::byte*>(frame.data());
  WriteEthernet({.destination = kB, .source = kA, .type = kEtherTypeIpv4}, at);
  const std::string payload(2500, 'p');
  Ipv4Header ip = {.source = Ipv4Address(10, 0, 0, 1),
                   .destination = Ipv4Address(10, 0, 0, 2),
                   .protocol = kProtocolTcp};
  ip.total_bytes = static_cast<uint16_t>(40 + payload.size());
  WriteIpv4(ip, at + 14);
  StoreBig(at + 34 + 4, uint32_t{1000});
  at[34 + 12] = std::byte{0x50};
  at[34 + 13] = std::byte{0x99};  // CWR, ACK, PSH, FIN.
  IOBufChain chain(IOBuf::CopyOf(frame + payload));
  std::vector<std::string> cut;
  ASSERT_TRUE(CompleteFrames(chain,
                             {.checksum_begin = 34,
                              .checksum_at = 50,
                              .header_bytes = kHeaders,
                              .segment_bytes = 1000},
                             [&](std::unique_ptr<IOBuf> one) {
                               cut.emplace_back(one->text());
                             }));
  ASSERT_EQ(cut.size(), 3u);
  const uint8_t flags[] = {0x90, 0x10, 0x19};
  for (size_t i = 0; i < 3; ++i) {
    auto bytes = std::as_bytes(std::span(cut[i])).subspan(14);
    auto header = ParseIpv4(bytes, bytes.size());
    ASSERT_TRUE(header);
    EXPECT_EQ(header->payload_bytes(), i == 2 ? 520u : 1020u);
    ChecksumSum sum;
    sum.AddPseudoHeader(ip.source, ip.destination, kProtocolTcp,
                        header->payload_bytes());
    sum.Add(bytes.subspan(20));
    EXPECT_EQ(sum.Sum(), 0xffff);
    EXPECT_EQ(LoadBig<uint32_t>(bytes.data() + 24), 1000 + 1000 * i);
    EXPECT_EQ(std::to_integer<uint8_t>(bytes[33]), flags[i]);
  }
}

}  // namespace
}  // namespace ebbrt
