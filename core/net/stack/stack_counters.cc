// The stack's counts, by their names.
#include <numeric>

#include "core/net/stack/stack_network.h"

namespace ebbrt {

std::vector<NetworkCounter> StackNetwork::Counters() const {
  const tcp::Counters& tcp = host_.counters();
  const ip::Counters& ip = interface_.counters();
  const uint64_t malformed =
      std::accumulate(ip.malformed.begin(), ip.malformed.end(), uint64_t{0});
  return {
      {"tcp_connections", host_.connection_count()},
      {"tcp_half_open", host_.half_open_count()},
      {"tcp_time_wait", host_.time_wait_count()},
      {"tcp_segments_received", tcp.segments_received},
      {"tcp_segments_sent", tcp.segments_sent},
      {"tcp_segments_retransmitted", tcp.segments_retransmitted},
      {"tcp_tail_probes", tcp.tail_probes},
      {"tcp_timeouts", tcp.timeouts},
      {"tcp_window_probes", tcp.window_probes},
      {"tcp_keep_alives_sent", tcp.keep_alives_sent},
      {"tcp_keep_alives_failed", tcp.keep_alives_failed},
      {"tcp_opened_active", tcp.opened_active},
      {"tcp_opened_passive", tcp.opened_passive},
      {"tcp_cookies_sent", tcp.cookies_sent},
      {"tcp_cookies_accepted", tcp.cookies_accepted},
      {"tcp_resets_sent", tcp.resets_sent},
      {"tcp_resets_received", tcp.resets_received},
      {"tcp_peers_closed", tcp.peers_closed},
      {"tcp_given_up", tcp.given_up},
      {"tcp_addresses_lost", tcp.addresses_lost},
      {"tcp_half_open_dropped", tcp.half_open_dropped},
      {"tcp_challenges_sent", tcp.challenges_sent},
      {"tcp_challenges_withheld", tcp.challenges_withheld},
      {"tcp_dropped_unacceptable", tcp.dropped_unacceptable},
      {"tcp_dropped_no_room", tcp.dropped_no_room},
      {"ip_frames_received", ip.frames_received},
      {"ip_frames_sent", ip.frames_sent},
      {"ip_packets_passed_on", ip.packets_passed_on},
      {"ip_fragments_received", ip.fragments_received},
      {"ip_link_changes", ip.link_changes},
      {"ip_address_changes", ip.address_changes},
      {"ip_malformed", malformed},
      {"ip_not_for_us", ip.not_for_us},
      {"ip_no_receiver", ip.no_receiver},
      {"ip_no_room", ip.no_room},
      {"ip_unresolved", ip.unresolved},
      {"ip_icmp_limited", ip.icmp_limited},
  };
}

}  // namespace ebbrt
