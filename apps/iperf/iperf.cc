// iperf, as an application.
#include "apps/iperf/run.h"
#include "core/app/application.h"

EBBRT_APPLICATION("iperf", ebbrt::iperf::RunIperf);
