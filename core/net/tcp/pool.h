// Objects of one type that are made and dropped with every segment, so that
// this costs a few instructions and no allocation in the steady state.
//
// Cores: one. Ownership: keeps what was freed, up to a bound, for the next
// Make; an object that is made is the caller's until Free.
// Blocks: never. Allocates: when it has kept none. Errors: null where memory
// is refused.
#ifndef EBBRT_CORE_NET_TCP_POOL_H_
#define EBBRT_CORE_NET_TCP_POOL_H_

#include <cstddef>
#include <new>
#include <utility>

namespace ebbrt::tcp {

template <typename T>
class Pool {
 public:
  explicit Pool(size_t kept_max) : kept_max_(kept_max) {}
  ~Pool() {
    while (kept_ != nullptr) {
      ::operator delete(static_cast<void*>(std::exchange(kept_, kept_->next)));
    }
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  template <typename... Arguments>
  T* Make(Arguments&&... arguments) {
    void* memory = kept_;
    if (memory != nullptr) {
      kept_ = kept_->next;
      --kept_count_;
    } else {
      memory = ::operator new(sizeof(Room), std::nothrow);
      if (memory == nullptr) return nullptr;
    }
    return ::new (memory) T(std::forward<Arguments>(arguments)...);
  }

  void Free(T* object) {
    object->~T();
    if (kept_count_ == kept_max_) {
      ::operator delete(static_cast<void*>(object));
      return;
    }
    kept_ = ::new (static_cast<void*>(object)) Kept{kept_};
    ++kept_count_;
  }

 private:
  struct Kept {
    Kept* next;
  };
  union Room {
    Room() = delete;
    ~Room() = delete;
    Kept kept;
    T object;
  };

  Kept* kept_ = nullptr;
  size_t kept_count_ = 0;
  const size_t kept_max_;
};

}  // namespace ebbrt::tcp

#endif  // EBBRT_CORE_NET_TCP_POOL_H_
