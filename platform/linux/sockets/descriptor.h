// A file descriptor that is closed with its owner.
//
// Cores: one at a time. Ownership: of the descriptor. Blocks, allocates: no.
#ifndef EBBRT_PLATFORM_LINUX_SOCKETS_DESCRIPTOR_H_
#define EBBRT_PLATFORM_LINUX_SOCKETS_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace ebbrt::sockets {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept
      : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }

  // Negative: there is none.
  int get() const { return number_; }
  // The caller closes it.
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

}  // namespace ebbrt::sockets

#endif  // EBBRT_PLATFORM_LINUX_SOCKETS_DESCRIPTOR_H_
