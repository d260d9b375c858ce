#include "platform/baremetal/devices/pci_device.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "platform/baremetal/cpu/interrupts.h"
#include "platform/baremetal/devices/line_interrupts.h"
#include "platform/baremetal/devices/pci_machine.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform {
namespace {

bool MapPages(uint64_t address, uint64_t bytes) {
  return machine::address_space.MapDevice(address, bytes);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PciDevice>> PciDevice::Claim(
    const pci::Function& function) {
  std::scoped_lock guard(PciConfigLock());
  if (!TakeFunction(function.address)) {
    return absl::AlreadyExistsError("the function has a driver already");
  }
  pci::UpdateCommand(PciConfig(), function.address,
                     pci::Command::kInterruptDisable,
                     pci::Command::kBusMaster);
  auto bars = pci::SizeBars(PciConfig(), function);
  if (!bars.ok()) {
    LeaveFunction(function.address);
    return bars.status();
  }
  pci::UpdateCommand(PciConfig(), function.address,
                     pci::Command::kPortDecode | pci::Command::kMemoryDecode);
  std::unique_ptr<PciDevice> device(
      new PciDevice(function, *std::move(bars)));
  device->PrepareInterrupts();
  return device;
}

PciDevice::~PciDevice() {
  for (uint32_t i = 0; i < count(); ++i) Unbind(i);
  std::scoped_lock guard(PciConfigLock());
  // Held back, not off: a device may have one under way, and would send it as
  // something else.
  if (msix_) pci::SetMsixMode(PciConfig(), *msix_, pci::MsixMode::kMasked);
  pci::UpdateCommand(PciConfig(), function_.address,
                     pci::Command::kInterruptDisable,
                     pci::Command::kBusMaster);
  LeaveFunction(function_.address);
}

void PciDevice::MasterBus() {
  std::scoped_lock guard(PciConfigLock());
  pci::UpdateCommand(PciConfig(), function_.address, pci::Command::kBusMaster);
}

const pci::Bar* PciDevice::FindBar(uint8_t index) const {
  for (const pci::Bar& bar : bars_) {
    if (bar.index == index) return &bar;
  }
  return nullptr;
}

uint64_t PciDevice::BarBytes(uint8_t index) const {
  const pci::Bar* bar = FindBar(index);
  return bar == nullptr ? 0 : bar->bytes;
}

absl::StatusOr<Registers> PciDevice::MapMemory(uint8_t index, uint64_t offset,
                                               uint64_t bytes) {
  const pci::Bar* bar = FindBar(index);
  if (bar == nullptr || bar->kind == pci::BarKind::kPorts ||
      offset > bar->bytes || bytes > bar->bytes - offset || bytes == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("PCI function ", function_.address.ToString(), ": ",
                     bytes, " bytes at ", offset, " of BAR ", index,
                     ", which is no memory of that size"));
  }
  if (bar->address == 0 || !MapPages(bar->address + offset, bytes)) {
    return absl::UnavailableError(
        absl::StrCat("PCI function ", function_.address.ToString(), ": BAR ",
                     index, " has no usable address"));
  }
  return Registers(
      {reinterpret_cast<volatile std::byte*>(bar->address + offset), bytes});
}

absl::StatusOr<uint16_t> PciDevice::FindPorts(uint8_t index,
                                              uint32_t bytes) const {
  const pci::Bar* bar = FindBar(index);
  if (bar == nullptr || bar->kind != pci::BarKind::kPorts ||
      bar->address == 0 || bar->bytes < bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("PCI function ", function_.address.ToString(), ": BAR ",
                     index, " is not of ", bytes, " ports"));
  }
  return static_cast<uint16_t>(bar->address);
}

void PciDevice::PrepareInterrupts() {
  if (PrepareMsix()) return;
  bindings_.resize(1);
  msi_ = pci::FindMsi(PciConfig(), function_);
}

bool PciDevice::PrepareMsix() {
  const std::optional<pci::Msix> msix =
      pci::FindMsix(PciConfig(), function_);
  if (!msix) return false;
  const auto place = pci::LocateMsixTable(*msix, bars_);
  if (!place.ok() || !MapPages(place->address, place->bytes)) return false;
  msix_ = msix;
  table_.emplace(std::span(
      reinterpret_cast<volatile std::byte*>(place->address), place->bytes));
  for (uint32_t i = 0; i < table_->entries(); ++i) table_->Mask(i);
  pci::SetMsixMode(PciConfig(), *msix_, pci::MsixMode::kOn);
  bindings_.resize(std::min(table_->entries(), kDeviceInterruptsMax));
  return true;
}

void PciDevice::OnMessage(void* context) {
  const Binding& binding = *static_cast<const Binding*>(context);
  binding.handler(binding.context);
}

absl::Status PciDevice::Bind(uint32_t index, DeviceHandler handler,
                             void* context) {
  if (index >= bindings_.size()) {
    return absl::OutOfRangeError("the device has fewer interrupts");
  }
  Binding& binding = bindings_[index];
  if (binding.handler != nullptr) {
    return absl::AlreadyExistsError("the interrupt is bound already");
  }
  absl::Status bound;
  binding = {handler, context, &machine::CurrentProcessor(), 0};
  if (are_messages()) {
    bound = BindMessage(index);
  } else {
    bound = AddToLine(function_.interrupt_line, handler, context);
    if (bound.ok()) {
      std::scoped_lock guard(PciConfigLock());
      pci::UpdateCommand(PciConfig(), function_.address, pci::Command::kNone,
                         pci::Command::kInterruptDisable);
    }
  }
  if (!bound.ok()) binding = {};
  return bound;
}

absl::Status PciDevice::BindMessage(uint32_t index) {
  Binding& binding = bindings_[index];
  const uint8_t vector = machine::AllocateVector(
      machine::InterruptKind::kEdge, OnMessage, &binding);
  if (vector == 0) {
    return absl::ResourceExhaustedError("the core has no vector left");
  }
  const auto message = pci::MessageFor(binding.processor->apic_id, vector);
  if (!message.ok()) {
    machine::FreeVector(*binding.processor, vector);
    return absl::UnavailableError(message.status().message());
  }
  binding.vector = vector;
  if (table_) {
    table_->SetMessage(index, *message);
    table_->Unmask(index);
    return absl::OkStatus();
  }
  std::scoped_lock guard(PciConfigLock());
  pci::SetMsiMessage(PciConfig(), *msi_, *message);
  pci::EnableMsi(PciConfig(), *msi_, true);
  return absl::OkStatus();
}

void PciDevice::Unbind(uint32_t index) {
  EBBRT_CHECK(index < bindings_.size());
  Binding& binding = bindings_[index];
  if (binding.handler == nullptr) return;
  if (table_) {
    table_->Mask(index);
  } else {
    std::scoped_lock guard(PciConfigLock());
    if (msi_) {
      pci::EnableMsi(PciConfig(), *msi_, false);
    } else {
      pci::UpdateCommand(PciConfig(), function_.address,
                         pci::Command::kInterruptDisable);
    }
  }
  if (binding.vector != 0) {
    machine::FreeVector(*binding.processor, binding.vector);
  } else {
    RemoveFromLine(function_.interrupt_line, binding.context);
  }
  binding = {};
}

}  // namespace ebbrt::platform
