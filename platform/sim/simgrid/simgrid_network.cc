#include "platform/sim/simgrid/simgrid_network.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <unordered_map>
#include <utility>

#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/s4u.hpp>

#include "core/base/check.h"
#include "platform/sim/simgrid/zones.h"

namespace ebbrt::platform {
namespace {

namespace s4u = simgrid::s4u;
using simgrid::kernel::resource::Model;

constexpr double kNanosecond = 1e-9;

Time TimeOf(double seconds) {
  return Time(Duration(std::llround(seconds / kNanosecond)));
}
double SecondsOf(Time time) {
  return static_cast<double>(time.time_since_epoch().count()) * kNanosecond;
}

// SimGrid's routes, on links of our own.
class SimGridTopology final : public Topology {
 public:
  SimGridTopology(const std::vector<s4u::Host*>& hosts,
                  const SimGridOptions& options,
                  const std::vector<LinkOptions>& node_links)
      : hosts_(hosts), options_(options), node_links_(node_links) {}

  const Route& Find(uint32_t from, uint32_t to) override {
    uint64_t key = uint64_t{from} << 32 | to;
    auto found = routes_.find(key);
    if (found != routes_.end()) return found->second;
    // Those that are kept are forgotten all at once: that is rare.
    if (routes_.size() == SimGridNetwork::kRoutesMax) routes_.clear();
    return routes_.emplace(key, Ask(from, to)).first->second;
  }
  Link& UpLink(uint32_t node) override {
    return *Find(node, OtherThan(node)).links[0];
  }
  Link& DownLink(uint32_t node) override {
    const Route& route = Find(OtherThan(node), node);
    return *route.links[route.count - 1];
  }

 private:
  uint32_t OtherThan(uint32_t node) const {
    EBBRT_CHECK(hosts_.size() > 1);
    return node == 0 ? 1 : 0;
  }

  Route Ask(uint32_t from, uint32_t to) {
    std::vector<s4u::Link*> links;
    double latency = 0;
    hosts_[from]->route_to(hosts_[to], links, &latency);
    EBBRT_CHECK(!links.empty() && links.size() <= kHopsMax);
    Route route;
    for (s4u::Link* link : links) {
      // A star's links are their nodes' own.
      uint32_t end = route.count == 0 ? from : to;
      route.links[route.count++] = OurLink(
          *link, options_.topology == "star" ? node_links_[end]
                                             : options_.link);
    }
    return route;
  }

  Link* OurLink(const s4u::Link& link, const LinkOptions& options) {
    Link*& ours = by_theirs_[&link];
    if (ours == nullptr) {
      LinkOptions own = options;
      own.rate_bps = link.get_bandwidth() * 8;
      own.delay = TimeOf(link.get_latency()).time_since_epoch();
      ours = &links_.emplace_back(link.get_cname(), own);
    }
    return ours;
  }

  const std::vector<s4u::Host*>& hosts_;
  const SimGridOptions options_;
  const std::vector<LinkOptions> node_links_;
  std::deque<Link> links_;
  // By address, but only for looking up: nothing is done in its order.
  std::unordered_map<const s4u::Link*, Link*> by_theirs_;
  std::unordered_map<uint64_t, Route> routes_;
};

// The simulation as one of SimGrid's models, and SimGrid as a carrier.
class QueueModel final : public Model, public BulkCarrier {
 public:
  QueueModel(Simulation& simulation, Fabric& fabric,
             const std::vector<s4u::Host*>& hosts)
      : Model("ebbrt"), simulation_(simulation), fabric_(fabric),
        hosts_(hosts) {}

  // Seconds from now on; negative: nothing is to come.
  double next_occurring_event(double now) override {
    if (ended_) return -1;
    if (!starting_.empty()) return 0;
    Time next = simulation_.next_time();
    // Of the queue's own end, or a deadlock, it has to be told as well.
    if (next == kTimeNever) return flows_.empty() ? 0 : -1;
    return std::max(0.0, SecondsOf(next) - now);
  }

  void update_actions_state(double now, double) override {
    if (ended_) return;
    for (Flow* flow : std::exchange(starting_, {})) StartFlow(*flow);
    // As long as no flow is under way, SimGrid has no part in what is next.
    Time until = flows_.empty() ? kTimeNever : TimeOf(now);
    ended_ = !simulation_.RunUntil(until);
  }

  void Carry(Parcel& parcel, uint32_t from, uint32_t to, uint64_t bytes,
             Time now) override {
    flows_.push_back(std::make_unique<Flow>(*this, parcel, from, to, bytes));
    simulation_.Schedule(*flows_.back(), now);
    // From here on both clocks go together.
    simulation_.Pause();
  }

  // What is still under way is forgotten.
  void Clear() {
    for (auto& flow : flows_) simulation_.Cancel(*flow);
    flows_.clear();
    starting_.clear();
    ended_ = true;
  }

  void OnCompletion(const s4u::Activity& activity) {
    auto found = std::find_if(
        flows_.begin(), flows_.end(),
        [&activity](const auto& flow) {
          return flow->comm.get() == &activity;
        });
    if (found == flows_.end()) return;
    fabric_.Deliver((*found)->parcel, TimeOf(s4u::Engine::get_clock()));
    flows_.erase(found);
  }

 private:
  // A transfer; as an action, its start, at which SimGrid's clock has come to
  // the same time.
  struct Flow final : SimAction {
    Flow(QueueModel& model_in, Parcel& parcel_in, uint32_t from_in,
         uint32_t to_in, uint64_t bytes_in)
        : model(model_in), parcel(parcel_in), from(from_in), to(to_in),
          bytes(bytes_in) {}
    void Happen(Time) override {
      model.starting_.push_back(this);
      model.simulation_.Pause();
    }

    QueueModel& model;
    Parcel& parcel;
    const uint32_t from;
    const uint32_t to;
    const uint64_t bytes;
    s4u::CommPtr comm;
  };

  void StartFlow(Flow& flow) {
    flow.comm = s4u::Comm::sendto_init();
    flow.comm->set_payload_size(flow.bytes);
    flow.comm->set_source(hosts_[flow.from]);
    // This starts it.
    flow.comm->set_destination(hosts_[flow.to]);
  }

  Simulation& simulation_;
  Fabric& fabric_;
  const std::vector<s4u::Host*>& hosts_;
  std::deque<std::unique_ptr<Flow>> flows_;
  std::vector<Flow*> starting_;
  bool ended_ = false;
};

class SimGridNetworkImpl final : public SimGridNetwork {
 public:
  explicit SimGridNetworkImpl(const SimGridOptions& options)
      : options_(options), engine_(MakeEngine()) {}

  absl::Status Build(const std::vector<LinkOptions>& links) {
    links_ = links;
    return BuildZone(options_, links, *engine_, hosts_);
  }

  std::unique_ptr<Topology> TakeTopology() override {
    return std::make_unique<SimGridTopology>(hosts_, options_, links_);
  }

  void Run(Simulation& simulation, Fabric& fabric,
           uint64_t bulk_bytes) override {
    auto model = std::make_shared<QueueModel>(simulation, fabric, hosts_);
    if (bulk_bytes != 0) fabric.SetBulkCarrier(model.get(), bulk_bytes);
    s4u::Activity::on_completion_cb([model](const s4u::Activity& activity) {
      model->OnCompletion(activity);
    });
    engine_->add_model(model);
    engine_->run();
    // SimGrid keeps the model for as long as the process lives.
    model->Clear();
    simulation.FinishAll();
  }

 private:
  static std::unique_ptr<s4u::Engine> MakeEngine() {
    // Arguments of SimGrid's own would come here.
    int count = 1;
    char name[] = "sim";
    char* arguments[] = {name, nullptr};
    auto engine = std::make_unique<s4u::Engine>(&count, arguments);
    s4u::Engine::set_config("network/model:CM02");
    s4u::Engine::set_config("surf/precision:1e-12");
    return engine;
  }

  const SimGridOptions options_;
  const std::unique_ptr<s4u::Engine> engine_;
  std::vector<s4u::Host*> hosts_;
  std::vector<LinkOptions> links_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SimGridNetwork>> SimGridNetwork::Create(
    const SimGridOptions& options, const std::vector<LinkOptions>& links) {
  auto network = std::make_unique<SimGridNetworkImpl>(options);
  absl::Status built = network->Build(links);
  if (!built.ok()) return built;
  return network;
}

}  // namespace ebbrt::platform
