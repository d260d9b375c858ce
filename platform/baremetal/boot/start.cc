// The order in which a machine comes up, from the loader to the program.
#include "platform/baremetal/boot/boot_information.h"
#include "platform/baremetal/boot/program.h"
#include "platform/baremetal/boot/start.h"
#include "platform/baremetal/clock.h"
#include "platform/baremetal/console.h"
#include "platform/baremetal/cpu/instructions.h"
#include "platform/baremetal/cpu/interrupts.h"
#include "platform/baremetal/cpu/local_apic.h"
#include "platform/baremetal/cpu/processor.h"
#include "platform/baremetal/libc/files.h"
#include "platform/baremetal/libc/system_calls.h"
#include "platform/baremetal/machine_check.h"
#include "platform/baremetal/memory/address_space.h"

namespace ebbrt::platform::machine {
namespace {

constinit BootInformation information;
// A copy: the loader's stands in memory that is given out.
constinit char command_line[BootInformation::kCommandLineBytesMax] = {};

void CopyCommandLine() {
  if (information.command_line == nullptr) return;
  for (size_t i = 0; i + 1 < sizeof(command_line); ++i) {
    command_line[i] = information.command_line[i];
    if (command_line[i] == '\0') return;
  }
}

void MaskLegacyInterrupts() {
  // The two 8259s: all that they have comes by the I/O APIC, if at all.
  Out8(0x21, 0xff);
  Out8(0xa1, 0xff);
}

}  // namespace

const BootInformation& Boot() { return information; }

extern "C" [[noreturn]] void MachineMain(uint32_t magic, uint32_t address) {
  InitializeConsole();
  MakeInterruptTable();
  LoadInterruptTable();
  ReadBootInformation(magic, address, information);
  CopyCommandLine();
  address_space.Initialize(information);
  MACHINE_CHECK(PrepareProcessor(0), "there is no memory for a processor");
  EnterProcessor(0);
  Processor& processor = CurrentProcessor();
  processor.state.store(Processor::State::kRunning, std::memory_order_relaxed);
  processor.thread_id = 1;
  MaskLegacyInterrupts();
  FindLocalApic(0);
  EnableLocalApic();
  processor_count.store(1, std::memory_order_release);
  InitializeClock();
  InitializeSystemCalls();
  for (size_t i = 0; i < information.module_count; ++i) {
    const MemoryRange& module = information.modules[i];
    AddModuleFile(reinterpret_cast<char*>(module.begin),
                  module.end - module.begin);
  }
  StartProgram(command_line, information.command_line_has_name);
}

}  // namespace ebbrt::platform::machine
