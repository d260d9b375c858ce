// The load generator, as an application.
#include "apps/loadgen/generator.h"
#include "core/app/application.h"

EBBRT_APPLICATION("loadgen", ebbrt::loadgen::RunLoadGenerator);
