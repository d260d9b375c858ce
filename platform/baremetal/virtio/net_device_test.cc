#include "platform/baremetal/virtio/net_device.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/async/future.h"
#include "core/base/random.h"
#include "core/event/event_loop.h"
#include "core/testing/run_on_cores.h"
#include "core/testing/seed.h"
#include "platform/baremetal/virtio/fake_transport.h"

namespace ebbrt::platform::virtio {
namespace {

using testing::DeviceQueue;
using testing::FakeTransport;

constexpr uint64_t kAll = kVersion1 | kEventIndex | kIndirect | kNetChecksum |
                          kNetGuestChecksum | kNetGuestTso4 | kNetHostTso4 |
                          kNetMergeable | kNetMac | kNetStatus;

struct FakeReceiver final : NicReceiver {
  void OnFrame(IOBufChain frame, const ReceiveReport& report) override {
    frames.push_back(frame.ToString());
    reports.push_back(report);
    if (keeps) kept.push_back(std::move(frame));
  }
  void OnFramesEnd() override { ++ends; }
  void OnTransmitReady() override { ++readies; }
  void OnLink(bool up) override { links.push_back(up); }

  std::vector<std::string> frames;
  std::vector<ReceiveReport> reports;
  std::vector<IOBufChain> kept;
  std::vector<bool> links;
  bool keeps = false;
  int ends = 0;
  int readies = 0;
};

// A NIC with one open queue, and its other side.
struct Bench {
  explicit Bench(const FakeTransport::Options& options) {
    auto owned = std::make_unique<FakeTransport>(options);
    device = owned.get();
    device->config[kNetConfigStatus] = kNetLinkUp;
    for (uint8_t i = 0; i < 6; ++i) device->config[i] = i;
    auto made = NetDevice::Create(std::move(owned), "fake", {});
    EBBRT_CHECK(made.ok());
    nic = *std::move(made);
    auto opened = nic->OpenQueue(0, receiver);
    EBBRT_CHECK(opened.ok());
    queue = *opened;
  }

  DeviceQueue& receives() { return device->queues.at(0); }
  DeviceQueue& transmits() { return device->queues.at(1); }
  void Interrupt() {
    device->interrupts().Raise(device->interrupt_of.at(0));
  }
  // Puts a frame into as many buffers as it takes.
  void Deliver(NetHeader header, std::string_view frame) {
    std::string all(reinterpret_cast<const char*>(&header), sizeof(header));
    all += frame;
    std::string_view left = all;
    std::vector<std::pair<uint16_t, uint32_t>> done;
    while (!left.empty()) {
      const auto chain = receives().Take();
      ASSERT_TRUE(chain);
      const uint32_t bytes = chain->Write(left);
      left.remove_prefix(bytes);
      done.emplace_back(chain->head, bytes);
    }
    for (const auto& [head, bytes] : done) receives().Complete(head, bytes);
  }

  FakeReceiver receiver;
  FakeTransport* device;
  std::unique_ptr<Nic> nic;
  NicQueue* queue;
};

IOBufChain ChainOf(std::string_view text) {
  return IOBufChain(IOBuf::CopyOf(text));
}

NetHeader HeaderOf(const DeviceQueue::Chain& chain) {
  NetHeader header;
  std::memcpy(&header, chain.readable.front().data(), sizeof(header));
  return header;
}

// In whichever way the features are.
class NetDeviceTest : public ::testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(
    All, NetDeviceTest,
    ::testing::Values(kAll, kAll & ~kEventIndex, kAll & ~kIndirect,
                      kAll & ~(kEventIndex | kIndirect)));

TEST_P(NetDeviceTest, TellsWhatItIs) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench({.features = GetParam()});
    const NicFacts& facts = bench.nic->facts();
    EXPECT_EQ(facts.address, (MacAddress{{0, 1, 2, 3, 4, 5}}));
    EXPECT_EQ(facts.queue_count, 1u);
    EXPECT_TRUE(facts.transmit_checksum);
    EXPECT_EQ(facts.segmentation_bytes_max, NetQueue::kFrameBytesMax);
    EXPECT_TRUE(bench.queue->link_up());
    EXPECT_EQ(bench.device->status,
              kAcknowledge | kDriver | kFeaturesOk | kDriverOk);
    FakeReceiver other;
    EXPECT_EQ(bench.nic->OpenQueue(0, other).status().code(),
              absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(bench.nic->OpenQueue(1, other).status().code(),
              absl::StatusCode::kOutOfRange);
  });
}

TEST_P(NetDeviceTest, ReceivesFramesOfAnyLengthInAnyNumberOfBuffers) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench({.features = GetParam()});
    std::vector<std::string> sent;
    for (size_t bytes : {14, 60, 192, 193, 1514, 2036, 2037, 9000, 65000}) {
      sent.emplace_back(bytes, static_cast<char>('a' + sent.size()));
      const size_t parts =
          (bytes + sizeof(NetHeader) + ReceivePool::kBufferBytes - 1) /
          ReceivePool::kBufferBytes;
      bench.Deliver({.flags = sent.size() % 2 != 0 ? kChecksumGood : uint8_t{},
                     .segmentation = 0,
                     .header_bytes = 0,
                     .segment_bytes = 0,
                     .checksum_begin = 0,
                     .checksum_offset = 0,
                     .buffers = static_cast<uint16_t>(parts)},
                    sent.back());
      bench.Interrupt();
      // It is polled by now; the test takes the loop's turn.
      EventContext context;
      Spawn([&] { Spawn([&] { ActivateContext(context); }); });
      ASSERT_TRUE(SaveContext(context));
    }
    while (bench.receiver.frames.size() < sent.size()) {
      EventContext context;
      IdleHandler turn([&] {
        ActivateContext(context);
        return true;
      });
      turn.Start();
      ASSERT_TRUE(SaveContext(context));
      turn.Stop();
    }
    EXPECT_EQ(bench.receiver.frames, sent);
    for (size_t i = 0; i < sent.size(); ++i) {
      EXPECT_EQ(bench.receiver.reports[i].checksum_good, i % 2 == 0);
    }
    EXPECT_GT(bench.receiver.ends, 0);
  });
}

TEST_P(NetDeviceTest, PassesOnWhatAFrameAsksFor) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench({.features = GetParam()});
    IOBufChain frame = ChainOf(std::string(54, 'h'));
    frame.PushBack(IOBuf::CopyOf(std::string(30000, 'p')));
    ASSERT_TRUE(bench.queue->Transmit(frame, {.checksum_begin = 34,
                                              .checksum_at = 50,
                                              .header_bytes = 54,
                                              .segment_bytes = 1448}));
    EXPECT_TRUE(frame.empty());
    EXPECT_EQ(bench.transmits().available(), 0u) << "not before Flush";
    bench.queue->Flush();
    EXPECT_EQ(bench.device->notifications[1], 1u);
    const auto chain = bench.transmits().Take();
    ASSERT_TRUE(chain);
    const NetHeader header = HeaderOf(*chain);
    EXPECT_EQ(header.flags, kNeedsChecksum);
    EXPECT_EQ(header.checksum_begin, 34);
    EXPECT_EQ(header.checksum_offset, 16);
    EXPECT_EQ(header.segmentation, kSegmentTcp4);
    EXPECT_EQ(header.header_bytes, 54);
    EXPECT_EQ(header.segment_bytes, 1448);
    EXPECT_EQ(chain->Read().substr(sizeof(header)),
              std::string(54, 'h') + std::string(30000, 'p'));
    EXPECT_EQ(chain->is_indirect, (GetParam() & kIndirect) != 0);
  });
}

TEST_P(NetDeviceTest, TellsWhenThereIsRoomAgain) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench({.features = GetParam()});
    size_t taken = 0;
    IOBufChain frame;
    for (;; ++taken) {
      frame = ChainOf("a frame of any length");
      if (!bench.queue->Transmit(frame, {})) break;
    }
    EXPECT_GE(taken, 16u);
    EXPECT_EQ(frame.ToString(), "a frame of any length") << "still ours";
    // Which has shown the device what it has.
    while (const auto chain = bench.transmits().Take()) {
      EXPECT_EQ(chain->Read().substr(sizeof(NetHeader)),
                "a frame of any length");
      bench.transmits().Complete(chain->head, 0);
      --taken;
    }
    EXPECT_EQ(taken, 0u);
    EXPECT_EQ(bench.receiver.readies, 0);
    bench.Interrupt();
    EXPECT_EQ(bench.receiver.readies, 1);
    EXPECT_TRUE(bench.queue->Transmit(frame, {}));
  });
}

TEST(NetDevice, TellsOfItsLink) {
  ebbrt::testing::RunOnCores(1, [] {
    Bench bench({.features = kAll});
    bench.device->config[kNetConfigStatus] = 0;
    bench.device->interrupts().Raise(0);
    EventContext context;
    Spawn([&] { ActivateContext(context); });
    ASSERT_TRUE(SaveContext(context));
    EXPECT_EQ(bench.receiver.links, std::vector<bool>{false});
    EXPECT_FALSE(bench.queue->link_up());
  });
}

TEST(NetDevice, HasBeenResetWhenItIsGone) {
  ebbrt::testing::RunOnCores(1, [] {
    bool reset = false;
    FakeReceiver receiver;
    receiver.keeps = true;
    {
      Bench bench({.features = kAll});
      bench.receiver.keeps = true;
      NetHeader header = {};
      header.buffers = 1;
      bench.Deliver(header, std::string(1000, 'k'));
      bench.Interrupt();
      receiver.kept = std::move(bench.receiver.kept);
      bench.device->on_reset = [&] { reset = true; };
    }
    EXPECT_TRUE(reset);
    // What is kept outlives the NIC.
    ASSERT_EQ(receiver.kept.size(), 1u);
    EXPECT_EQ(receiver.kept[0].ToString(), std::string(1000, 'k'));
  });
}

TEST(NetDevice, OpensAPairACore) {
  ebbrt::testing::RunOnCores(2, [] {
    auto owned = std::make_unique<FakeTransport>(FakeTransport::Options{
        .features = kAll | kNetControl | kNetMultiqueue, .queue_count = 9});
    FakeTransport* device = owned.get();
    device->config[kNetConfigPairsMax] = 4;
    std::vector<uint16_t> commands;
    device->on_notify = [&](uint16_t number) {
      if (number != 8) return;
      const auto chain = device->queues.at(8).Take();
      NetPairsCommand command;
      const std::string bytes = chain->Read();
      ASSERT_EQ(bytes.size(), sizeof(command));
      std::memcpy(&command, bytes.data(), sizeof(command));
      EXPECT_EQ(command.command_class, 4);
      commands.push_back(command.pairs);
      chain->Write(std::string(1, '\0'));
      device->queues.at(8).Complete(chain->head, 1);
    };
    auto nic = NetDevice::Create(std::move(owned), "fake", {.queues_max = 2});
    ASSERT_TRUE(nic.ok()) << nic.status();
    ASSERT_EQ((*nic)->facts().queue_count, 2u);
    FakeReceiver receivers[2];
    // The second first: until the first is open, one is in use.
    for (uint32_t i : {1u, 0u}) {
      Promise<void> promise;
      Future<void> opened = promise.GetFuture();
      SpawnOn(CoreId(i), [&, i, promise = std::move(promise)]() mutable {
        EXPECT_TRUE((*nic)->OpenQueue(i, receivers[i]).ok());
        promise.SetValue();
      });
      ASSERT_TRUE(std::move(opened).Block().ok());
      EXPECT_EQ(commands.empty(), i == 1);
    }
    EXPECT_EQ(commands, std::vector<uint16_t>{2});
  });
}

TEST(NetDevice, SurvivesWhateverTheDeviceWrites) {
  ebbrt::testing::RunOnCores(1, [] {
    Random random(ebbrt::testing::Seed());
    for (int round = 0; round < 200; ++round) {
      Bench bench({.features = random.Chance(0.8)
                                   ? kAll
                                   : kAll & ~(kNetMergeable | kNetGuestTso4)});
      bench.receiver.keeps = random.Chance(0.3);
      for (int step = 0; step < 60; ++step) {
        DeviceQueue& receives = bench.receives();
        const auto chain = receives.Take();
        if (!chain) break;
        for (std::span<std::byte> part : chain->writable) {
          const size_t bytes = std::min(sizeof(NetHeader), part.size());
          for (std::byte& byte : part.first(bytes)) {
            byte = std::byte(random.Chance(0.5) ? random.Below(4)
                                                : random.Below(256));
          }
        }
        const uint16_t head = random.Chance(0.02)
                                  ? static_cast<uint16_t>(random())
                                  : chain->head;
        receives.Complete(head, static_cast<uint32_t>(
                                    random.Chance(0.1) ? random()
                                                       : random.Below(4096)));
        if (random.Chance(0.01)) {
          receives.used_index() = static_cast<uint16_t>(random());
        }
        if (random.Chance(0.5)) bench.Interrupt();
        if (random.Chance(0.2)) {
          IOBufChain frame =
              ChainOf(std::string(random.Between(14, 3000), 't'));
          bench.queue->Transmit(frame, {});
          bench.queue->Flush();
          bench.transmits().Complete(static_cast<uint16_t>(random.Below(70)),
                                     0);
        }
      }
      for (const std::string& frame : bench.receiver.frames) {
        EXPECT_GE(frame.size(), 14u);
        EXPECT_LE(frame.size(),
                  NetQueue::kPartsMax * ReceivePool::kBufferBytes);
      }
    }
  });
}

}  // namespace
}  // namespace ebbrt::platform::virtio
