#include "platform/baremetal/cpu/local_apic.h"

#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/layout.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/machine_check.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform::machine {
namespace {

enum class Register : uint32_t {
  kId = 0x20,
  kTaskPriority = 0x80,
  kEndOfInterrupt = 0xb0,
  kSpurious = 0xf0,
  kCommandLow = 0x300,
  kCommandHigh = 0x310,
  kTimer = 0x320,
  kTimerInitial = 0x380,
  kTimerCurrent = 0x390,
  kTimerDivisor = 0x3e0,
};

constexpr uint64_t kBaseEnable = 1u << 11;
constexpr uint64_t kBaseX2Apic = 1u << 10;
constexpr uint64_t kBaseAddress = 0x000ffffffffff000;

constexpr uint32_t kSpuriousEnable = 1u << 8;
constexpr uint32_t kDivideByOne = 0xb;
constexpr uint32_t kTimerMasked = 1u << 16;
constexpr uint32_t kTimerTscDeadline = 2u << 17;

constexpr uint32_t kDeliveryNmi = 0x400;
constexpr uint32_t kDeliveryInit = 0x500;
constexpr uint32_t kDeliveryStartup = 0x600;
constexpr uint32_t kAssert = 1u << 14;
constexpr uint32_t kDeliveryPending = 1u << 12;

// CPUID leaf 1, register c.
constexpr uint32_t kHasX2Apic = 1u << 21;
constexpr uint32_t kHasTscDeadline = 1u << 24;

// Where the registers are mapped; 0: they are model-specific registers.
constinit uint64_t registers = 0;
constinit bool has_deadlines = false;

volatile uint32_t& Mapped(Register which) {
  return *reinterpret_cast<volatile uint32_t*>(registers +
                                               static_cast<uint32_t>(which));
}
Msr MsrOf(Register which) {
  return static_cast<Msr>(static_cast<uint32_t>(Msr::kX2Apic) +
                          static_cast<uint32_t>(which) / 16);
}
uint32_t Read(Register which) {
  return registers != 0 ? Mapped(which)
                        : static_cast<uint32_t>(ReadMsr(MsrOf(which)));
}
void Write(Register which, uint32_t value) {
  if (registers != 0) {
    Mapped(which) = value;
  } else {
    WriteMsr(MsrOf(which), value);
  }
}

void SendCommand(uint32_t apic_id, uint32_t command) {
  if (registers == 0) {
    // A write of this register orders nothing by itself.
    asm volatile("mfence; lfence" : : : "memory");
    WriteMsr(MsrOf(Register::kCommandLow), uint64_t{apic_id} << 32 | command);
    return;
  }
  while ((Mapped(Register::kCommandLow) & kDeliveryPending) != 0) Pause();
  Mapped(Register::kCommandHigh) = apic_id << 24;
  Mapped(Register::kCommandLow) = command;
}

}  // namespace

void FindLocalApic(uint64_t address) {
  const uint64_t base = ReadMsr(Msr::kApicBase);
  const uint32_t features = Cpuid(1).c;
  has_deadlines = (features & kHasTscDeadline) != 0;
  if ((features & kHasX2Apic) != 0) return;
  registers = address != 0 ? address : base & kBaseAddress;
  MACHINE_CHECK(address_space.MapDevice(registers, kSmallFrameBytes),
                "the local APIC cannot be mapped");
}

uint32_t EnableLocalApic() {
  uint64_t base = ReadMsr(Msr::kApicBase) | kBaseEnable;
  WriteMsr(Msr::kApicBase, base);
  if (registers == 0) WriteMsr(Msr::kApicBase, base | kBaseX2Apic);
  Processor& processor = CurrentProcessor();
  processor.eoi_register =
      registers == 0
          ? 0
          : registers + static_cast<uint32_t>(Register::kEndOfInterrupt);
  Write(Register::kSpurious, kSpuriousEnable | EBBRT_SPURIOUS_VECTOR);
  Write(Register::kTaskPriority, 0);
  Write(Register::kTimerDivisor, kDivideByOne);
  Write(Register::kTimer, kTimerMasked);
  const uint32_t id = Read(Register::kId);
  processor.apic_id = registers == 0 ? id : id >> 24;
  return processor.apic_id;
}

void EndInterrupt() { Write(Register::kEndOfInterrupt, 0); }

void SendInterrupt(uint32_t apic_id, uint8_t vector) {
  SendCommand(apic_id, kAssert | vector);
}
void SendNmi(uint32_t apic_id) { SendCommand(apic_id, kAssert | kDeliveryNmi); }
void SendInit(uint32_t apic_id) {
  SendCommand(apic_id, kAssert | kDeliveryInit);
}
void SendStartup(uint32_t apic_id, uint64_t page) {
  SendCommand(apic_id, kAssert | kDeliveryStartup |
                           static_cast<uint32_t>(page / kSmallFrameBytes));
}

bool TimerHasDeadlines() { return has_deadlines; }

void StartTimerCount(uint32_t count) { Write(Register::kTimerInitial, count); }
uint32_t ReadTimerCount() { return Read(Register::kTimerCurrent); }

void SetTimerDeadline(uint8_t vector, uint64_t tsc) {
  Write(Register::kTimer, kTimerTscDeadline | vector);
  // The mode has to be set before the deadline: Intel SDM 11.5.4.1.
  asm volatile("mfence" : : : "memory");
  WriteMsr(Msr::kTscDeadline, tsc);
}

void SetTimerCount(uint8_t vector, uint32_t count) {
  Write(Register::kTimer, vector);
  Write(Register::kTimerInitial, count);
}

void StopTimer() {
  Write(Register::kTimer, kTimerMasked);
  if (!has_deadlines) Write(Register::kTimerInitial, 0);
}

}  // namespace ebbrt::platform::machine
