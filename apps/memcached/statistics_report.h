// What `stats` replies: names and values, of one group.
//
// Cores: any. Ownership: the rows are the caller's. Blocks: for the stripes'
// locks, one after the other. Allocates: yes. Bound: some fifty rows.
// Errors: no rows for a group that does not exist.
// Source: memcached's protocol.txt, "Statistics".
#ifndef EBBRT_APPS_MEMCACHED_STATISTICS_REPORT_H_
#define EBBRT_APPS_MEMCACHED_STATISTICS_REPORT_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/memcached/server_state.h"

namespace ebbrt::memcached {

using StatisticsRows = std::vector<std::pair<std::string, std::string>>;

// Groups: "" (general), "settings", "items", "slabs", and "reset", which sets
// the counters to zero and has no rows.
std::optional<StatisticsRows> ReportStatistics(RequestContext& context,
                                               std::string_view group);

}  // namespace ebbrt::memcached

#endif  // EBBRT_APPS_MEMCACHED_STATISTICS_REPORT_H_
