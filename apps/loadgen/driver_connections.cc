// The connections' part of a driver.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/loadgen/driver.h"
#include "core/base/check.h"
#include "core/net/network.h"
#include "platform/current.h"

namespace ebbrt::loadgen {
namespace {

// Connections are dealt out to the cores one by one.
uint32_t PartOf(uint32_t connections, uint32_t core, uint32_t core_count) {
  return connections / core_count + (core < connections % core_count ? 1 : 0);
}

}  // namespace

Driver::Driver(std::shared_ptr<const Setup> setup, uint32_t core,
               uint32_t core_count)
    : setup_(std::move(setup)),
      core_(core),
      // Where there are fewer connections than cores, the first cores do all
      // the work.
      core_count_(std::min(core_count, setup_->options.connections)),
      random_(setup_->options.seed, core),
      slots_(PartOf(setup_->options.connections, core, core_count)),
      retry_timer_([this] { Retry(); }),
      job_timer_([this] { OnTimer(); }),
      poller_([this] { return Poll(); }) {
  for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
    to_open_.push_back(slot);
  }
}

Future<void> Driver::Open() {
  EBBRT_CHECK(!opened_.has_value());
  opened_.emplace();
  Future<void> opened = opened_->GetFuture();
  // Those that were given up before get another chance.
  given_up_ = 0;
  for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].attempts < kAttemptsMax) continue;
    slots_[slot].attempts = 0;
    if (slots_[slot].connection == nullptr) to_open_.push_back(slot);
  }
  OpenSome();
  TellIfOpened();
  return opened;
}

void Driver::OpenSome() {
  const Options& options = setup_->options;
  Connection::Owner& owner = *this;
  while (opening_ < kOpeningMax && !to_open_.empty() && !closing_) {
    uint32_t slot = to_open_.front();
    to_open_.pop_front();
    ++opening_;
    ++slots_[slot].attempts;
    auto connection = std::make_unique<Connection>(
        owner, slot,
        Connection::Settings{options.protocol, options.depth, options.verify},
        setup_->workload, writer_);
    slots_[slot].connection = connection.get();
    network->ConnectTcp(options.server, std::move(connection));
  }
}

void Driver::OnOpen(Connection& connection) {
  --opening_;
  ++open_;
  OpenSome();
  TellIfOpened();
  if (job_ != nullptr) Distribute(Platform::Now());
}

void Driver::OnLost(Connection& connection, const absl::Status& why) {
  Slot& slot = slots_[connection.slot()];
  slot.connection = nullptr;
  --(connection.was_open() ? open_ : opening_);
  if (std::exchange(slot.leaving, false)) --leaving_;
  last_failure_ = why;
  unanswered_ -= connection.unanswered();
  if (job_ != nullptr) {
    connection.ForEachUnanswered(
        [this](const Request& request) { job_->OnLost(request); });
    if (connection.was_open()) job_->OnConnectionLost(Platform::Now());
  }
  if (slot.attempts < kAttemptsMax) {
    to_retry_.push_back(connection.slot());
    if (!retry_timer_.armed() && !closing_) retry_timer_.SetAfter(kRetryDelay);
  } else {
    ++given_up_;
  }
  OpenSome();
  TellIfOpened();
}

void Driver::Retry() {
  to_open_.insert(to_open_.end(), to_retry_.begin(), to_retry_.end());
  to_retry_.clear();
  OpenSome();
}

void Driver::TellIfOpened() {
  if (!opened_.has_value()) return;
  if (opening_ + leaving_ > 0 || !to_open_.empty() || !to_retry_.empty()) {
    return;
  }
  Promise<void> opened = *std::exchange(opened_, std::nullopt);
  if (given_up_ == 0) {
    opened.SetValue();
    return;
  }
  opened.SetOutcome(absl::UnavailableError(absl::StrCat(
      setup_->options.server.ToString(), ": no connection in ", kAttemptsMax,
      " attempts: ", last_failure_.message())));
}

Connection* Driver::NextWithRoom() {
  // Usually the next one has room; where none has, a look at the sum spares
  // one at each.
  if (unanswered_ >= size_t{open_} * setup_->options.depth) return nullptr;
  for (size_t looked = 0; looked < slots_.size(); ++looked) {
    Connection* connection = slots_[next_slot_].connection;
    if (++next_slot_ == slots_.size()) next_slot_ = 0;
    if (connection != nullptr && connection->HasRoom()) return connection;
  }
  return nullptr;
}

void Driver::Close() {
  closing_ = true;
  retry_timer_.Cancel();
  job_timer_.Cancel();
  poller_.Stop();
  job_ = nullptr;
  for (Slot& slot : slots_) {
    if (slot.connection != nullptr) slot.connection->Close();
  }
  // Dropped promises are cancelled, and may have what waits call this again.
  std::exchange(job_ended_, std::nullopt);
  std::exchange(opened_, std::nullopt);
}

}  // namespace ebbrt::loadgen
