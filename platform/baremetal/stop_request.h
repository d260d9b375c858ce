// Somebody asks the machine to stop in good order.
#ifndef EBBRT_PLATFORM_BAREMETAL_STOP_REQUEST_H_
#define EBBRT_PLATFORM_BAREMETAL_STOP_REQUEST_H_

namespace ebbrt::platform::internal {

// Runs the stop handler; without one the machine stops. On core 0, in its
// interrupt window.
void RequestStop();
// The node has ended: a request has its usual effect again.
void ClearStopHandler();

}  // namespace ebbrt::platform::internal

#endif  // EBBRT_PLATFORM_BAREMETAL_STOP_REQUEST_H_
