#include "platform/linux/linux.h"
#include <atomic>
#include <barrier>
#include <thread>
#include <vector>
#include <semaphore>
#include <memory>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <asm/prctl.h>
#include <unistd.h>
#include <sys/random.h>
#include <condition_variable>
#include <mutex>
#include <signal.h>
namespace ebbrt::platform {
namespace {
struct C { std::mutex m; std::condition_variable cv; bool woken=false; void** table; };
std::unique_ptr<C[]> cores; uint32_t count; std::atomic<int> code; std::atomic<bool> done;
thread_local int me=-1;
}
int Linux::RunNode(const NodeOptions& o, const CoreProgram& p) {
  count=o.core_count?o.core_count:2; cores=std::make_unique<C[]>(count); done=false; code=0;
  std::barrier b(count); std::vector<std::thread> ts; 
  std::vector<std::binary_semaphore*> s, e; for (uint32_t i=0;i<=count;i++) { s.push_back(new std::binary_semaphore(0)); e.push_back(new std::binary_semaphore(0)); }
  s[0]->release(); e[count]->release();
  for (uint32_t i=0;i<count;i++) ts.emplace_back([&,i]{ me=i; cores[i].table=(void**)mmap(0,(size_t)1<<35,3,MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE,-1,0); syscall(SYS_arch_prctl,ARCH_SET_GS,cores[i].table);
    s[i]->acquire(); p.start(p.context); s[i+1]->release(); b.arrive_and_wait(); p.loop(p.context); b.arrive_and_wait(); e[i+1]->acquire(); p.stop(p.context); e[i]->release(); b.arrive_and_wait(); for (auto& r: static_representatives) r=nullptr; munmap(cores[i].table,(size_t)1<<35); });
  for (auto& t: ts) t.join();
  return code;
}
uint32_t Linux::CoreCount() noexcept { return count; }
bool Linux::OnCore() noexcept { return me>=0; }
CoreId Linux::CurrentCore() noexcept { return CoreId(me); }
void Linux::Wake(CoreId c) noexcept { auto& x=cores[c.index()]; std::scoped_lock g(x.m); x.woken=true; x.cv.notify_one(); }
void Linux::Exit(int c) noexcept { if (!done.exchange(true)) code=c; for (uint32_t i=0;i<count;i++) Wake(CoreId(i)); }
bool Linux::Wait(Time t) { auto& x=cores[me]; std::unique_lock l(x.m); while (!x.woken && !done) { auto d=t-Now(); if (t!=kTimeNever && d.count()<=0) break; if (t==kTimeNever) x.cv.wait(l); else if (x.cv.wait_for(l,d)==std::cv_status::timeout) break; } x.woken=false; return !done; }
bool Linux::SetRepresentative(EbbNumber n, void* p) noexcept { if (n<kStaticEbbNumbers) static_representatives[n]=p; else cores[me].table[n]=p; return true; }
void* Linux::ReservePages(size_t b,size_t a) noexcept { size_t extra=a>4096?a:0; char*p=(char*)mmap(0,b+extra,0,MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE,-1,0); if (p==MAP_FAILED) return nullptr; if (!extra) return p; char*q=(char*)(((uintptr_t)p+a-1)&~(a-1)); if (q>p) munmap(p,q-p); if (p+extra>q) munmap(q+b,p+extra-q); return q; }
void Linux::UnreservePages(void*p,size_t b) noexcept { munmap(p,b); }
bool Linux::CommitPages(void*p,size_t b,uint32_t) noexcept { if (mprotect(p,b,3)) return false; if (b>=(1u<<21)) madvise(p,b,MADV_HUGEPAGE); return true; }
void Linux::DecommitPages(void*p,size_t b) noexcept { madvise(p,b,MADV_DONTNEED); mprotect(p,b,0); }
static bool (*on_fault)(void*);
static void OnSegv(int, siginfo_t* i, void*) { if (!on_fault || !on_fault(i->si_addr)) signal(SIGSEGV, SIG_DFL); }
void Linux::SetPageFaultHandler(bool (*f)(void*)) noexcept { on_fault=f; struct sigaction a{}; a.sa_sigaction=OnSegv; a.sa_flags=SA_SIGINFO|SA_NODEFER; sigaction(SIGSEGV,&a,nullptr); }
void Linux::WriteConsole(std::string_view t) noexcept { (void)!write(1,t.data(),t.size()); }
void Linux::FillEntropy(std::span<std::byte> b) noexcept { (void)!getrandom(b.data(),b.size(),0); }
}
