// NetPIPE, as an application.
#include "apps/netpipe/run.h"
#include "core/app/application.h"

EBBRT_APPLICATION("netpipe", ebbrt::netpipe::RunNetpipe);
