// The queue of core/spsc_queue.hpp, as it is shipped, under a model checker that tries every interleaving of two threads
// and every value that an atomic may have by the memory model. It finds data races and lost wake-ups (as deadlocks).
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>

// relacy is older than what g++ warns of, and replaces words of the language: the headers above come first.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <relacy/relacy.hpp>
#pragma GCC diagnostic pop
#undef new
#undef delete
#undef assert
#undef memory_order_relaxed
#undef memory_order_consume
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst

#include <cozmq/core/spsc_queue.hpp>

namespace {

rl::memory_order translated(std::memory_order order)
{
  switch (order) {
    case std::memory_order_relaxed: return rl::mo_relaxed;
    case std::memory_order_acquire: return rl::mo_acquire;
    case std::memory_order_release: return rl::mo_release;
    case std::memory_order_acq_rel: return rl::mo_acq_rel;
    default: return rl::mo_seq_cst;
  }
}

struct checked_atomics {
  template <class T>
  class atomic {
   public:
    atomic(T value) : value_(value) {}
    T load(std::memory_order order) const { return value_.load(translated(order), $); }
    void store(T value, std::memory_order order) { value_.store(value, translated(order), $); }
    T exchange(T value, std::memory_order order) { return value_.exchange(value, translated(order), $); }

   private:
    rl::atomic<T> value_;
  };
};

// An element whose reads and writes are checked for races.
struct element {
  rl::var<int> value;
};

using queue = cozmq::spsc_queue<element, checked_atomics, 2>;

// A writer and a reader that sleep when there is nothing to do, and a limit that makes the writer do so.
template <int Count, int Limit>
struct sleeping : rl::test_suite<sleeping<Count, Limit>, 2> {
  queue q;
  rl::semaphore<queue> reader_wakes, writer_wakes;

  void before()
  {
    reader_wakes.init(false, 0, Count * 2, $);
    writer_wakes.init(false, 0, Count * 2, $);
  }
  void after()
  {
    reader_wakes.deinit($);
    writer_wakes.deinit($);
  }

  void thread(unsigned which) { which == 0 ? write() : read(); }

  static void wake(rl::semaphore<queue>& sleeper)
  {
    unsigned previous = 0;
    sleeper.post(1, previous, $);
  }

  void write()
  {
    for (int i = 1; i <= Count; ++i) {
      while (!q.has_room(Limit))
        if (q.writer_sleeps(Limit))
          writer_wakes.wait(false, false, $);
      q.prepare().value($) = i;
      if (q.commit())
        wake(reader_wakes);
    }
  }

  void read()
  {
    for (int i = 1; i <= Count; ++i) {
      element* e = q.front();
      while (e == nullptr) {
        if (q.reader_sleeps())
          reader_wakes.wait(false, false, $);
        e = q.front();
      }
      RL_ASSERT(e->value($) == i);
      q.pop();
      if (q.give_back(1))
        wake(writer_wakes);
    }
    RL_ASSERT(q.front() == nullptr);
  }
};

// With a bound, all interleavings with so many unforced switches between the threads; without one, all.
template <class Suite>
bool holds(char const* what, std::optional<unsigned> bound)
{
  std::ostream nowhere{nullptr};
  rl::test_params params;
  params.search_type = bound ? rl::sched_bound : rl::sched_full;
  params.context_bound = bound.value_or(0);
  params.iteration_count = std::numeric_limits<rl::iteration_t>::max();
  params.progress_stream = &nowhere;
  bool const ok = rl::simulate<Suite>(params);
  std::printf("%s: %s, %llu interleavings\n", what, ok ? "holds" : "FAILED",
              static_cast<unsigned long long>(params.stop_iteration));
  return ok;
}

}  // namespace

int main()
{
  bool ok = holds<sleeping<4, 1>>("four elements, room for one, up to three switches", 3);
  ok = holds<sleeping<5, 3>>("five elements, room for three, up to three switches", 3) && ok;
  ok = holds<sleeping<5, 100>>("five elements, room for all, up to three switches", 3) && ok;
  if (std::getenv("COZMQ_TEST_ALL") != nullptr)
    ok = holds<sleeping<2, 1>>("two elements, room for one, any switches", {}) && ok;
  return ok ? 0 : 1;
}
