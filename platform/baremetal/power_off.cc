#include "platform/baremetal/power_off.h"

#include "platform/baremetal/cpu/instructions.h"

namespace ebbrt::platform::machine {
namespace {

constinit RegisterWrite power_off_steps[kPowerOffStepsMax] = {};
constinit size_t power_off_step_count = 0;

template <typename T>
volatile T& At(uint64_t address) {
  return *reinterpret_cast<volatile T*>(address);
}

uint64_t Read(const RegisterWrite& step) {
  const auto port = static_cast<uint16_t>(step.address);
  switch (step.bytes) {
    case 1:
      return step.is_port ? In8(port) : At<uint8_t>(step.address);
    case 2:
      return step.is_port ? In16(port) : At<uint16_t>(step.address);
    default:
      return step.is_port ? In32(port) : At<uint32_t>(step.address);
  }
}

template <typename T>
void Store(uint64_t address, uint64_t value) {
  At<T>(address) = static_cast<T>(value);
}

void Write(const RegisterWrite& step, uint64_t value) {
  const auto port = static_cast<uint16_t>(step.address);
  if (step.bytes == 1) {
    step.is_port ? Out8(port, static_cast<uint8_t>(value))
                 : Store<uint8_t>(step.address, value);
  } else if (step.bytes == 2) {
    step.is_port ? Out16(port, static_cast<uint16_t>(value))
                 : Store<uint16_t>(step.address, value);
  } else {
    step.is_port ? Out32(port, static_cast<uint32_t>(value))
                 : Store<uint32_t>(step.address, value);
  }
}

}  // namespace

void SetPowerOff(const RegisterWrite* steps, size_t count) {
  power_off_step_count = count < kPowerOffStepsMax ? count : kPowerOffStepsMax;
  for (size_t i = 0; i < power_off_step_count; ++i) {
    power_off_steps[i] = steps[i];
  }
}

void PowerOff() {
  for (size_t i = 0; i < power_off_step_count; ++i) {
    const RegisterWrite& step = power_off_steps[i];
    Write(step, step.keep_mask == 0
                    ? step.value
                    : (Read(step) & step.keep_mask) | step.value);
  }
}

}  // namespace ebbrt::platform::machine
