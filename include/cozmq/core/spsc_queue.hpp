// A queue between two threads without locks, and the two ways in which one of them waits for the other.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace cozmq {

/// What the queue is built on. A model checker brings its own, with the same interface.
struct std_atomics {
  template <class T>
  using atomic = std::atomic<T>;
};

/// First in, first out, from one thread, the writer, to another, the reader; each calls its own functions only.
///
/// The queue itself has no limit: the writer counts what the reader has not given back, and decides. Who finds nothing to
/// do says so with `reader_sleeps` or `writer_sleeps`, which look again afterwards; the other one is then told, once, by
/// the result of `commit` or `give_back`, to wake it, which may prove needless. How to wake is the caller's business.
template <class T, class Atomics = std_atomics, std::size_t ChunkSize = 64>
class spsc_queue {
  template <class U>
  using atomic = typename Atomics::template atomic<U>;

 public:
  spsc_queue() : reader_{new chunk}, writer_{reader_.head} {}
  spsc_queue(spsc_queue const&) = delete;
  spsc_queue& operator=(spsc_queue const&) = delete;
  ~spsc_queue()
  {
    for (chunk* each = reader_.head; each != nullptr;)
      delete std::exchange(each, each->next);
    delete spare_.load(std::memory_order_relaxed);
  }

  // ---- the writer's side --------------------------------------------------------------------------------------------

  /// The place of the next element, to be assigned to; it is in the queue from `commit` on.
  T& prepare()
  {
    if (writer_.written == writer_.chunk_ends) [[unlikely]]
      append();
    return writer_.tail->slots[writer_.written % ChunkSize];
  }

  /// True: the reader sleeps, and it is for this caller to wake it.
  bool commit()
  {
    ++writer_.written;
    // In one order with the reader's store and load in reader_sleeps: one of the two sees the other.
    written_.store(writer_.written, std::memory_order_seq_cst);
    return reader_sleeps_.load(std::memory_order_seq_cst) &&
           reader_sleeps_.exchange(false, std::memory_order_acq_rel);
  }

  /// How many elements have been written that the reader has not given back.
  std::size_t outstanding() noexcept
  {
    writer_.returned = returned_.load(std::memory_order_acquire);
    return writer_.written - writer_.returned;
  }

  /// Is that fewer than `limit`? Asks the reader's side only when it must.
  bool has_room(std::size_t limit) noexcept
  {
    return writer_.written - writer_.returned < limit || outstanding() < limit;
  }

  /// The writer is going to wait for room. False: there is some by now, and it need not.
  bool writer_sleeps(std::size_t limit) noexcept
  {
    writer_sleeps_.store(true, std::memory_order_seq_cst);
    writer_.returned = returned_.load(std::memory_order_seq_cst);
    if (writer_.written - writer_.returned >= limit)
      return true;
    // The reader may have seen it already: then a wake is on its way, and finds nothing to do.
    writer_sleeps_.store(false, std::memory_order_relaxed);
    return false;
  }

  /// The reader was to be woken, and could not be: the next `commit` says so again.
  void reader_not_woken() noexcept { reader_sleeps_.store(true, std::memory_order_release); }

  std::size_t written() const noexcept { return writer_.written; }

  // ---- the reader's side --------------------------------------------------------------------------------------------

  /// The oldest element, null when there is none.
  T* front()
  {
    if (reader_.taken == reader_.seen) {
      reader_.seen = written_.load(std::memory_order_acquire);
      if (reader_.taken == reader_.seen)
        return nullptr;
    }
    if (reader_.taken == reader_.chunk_ends) [[unlikely]]
      advance();
    return &reader_.head->slots[reader_.taken % ChunkSize];
  }

  /// Removes the oldest element, which has been moved from.
  void pop() noexcept { ++reader_.taken; }

  /// How many elements are there to be taken.
  std::size_t waiting() const noexcept { return written_.load(std::memory_order_acquire) - reader_.taken; }

  /// Makes room for `count` more elements, which a writer sees that looks by itself.
  void return_room(std::size_t count) noexcept
  {
    reader_.returned += count;
    returned_.store(reader_.returned, std::memory_order_release);
  }

  /// As return_room. True: the writer sleeps, and it is for this caller to wake it.
  bool give_back(std::size_t count)
  {
    reader_.returned += count;
    returned_.store(reader_.returned, std::memory_order_seq_cst);
    return writer_sleeps_.load(std::memory_order_seq_cst) &&
           writer_sleeps_.exchange(false, std::memory_order_acq_rel);
  }

  /// The reader is going to wait for an element. False: there is one by now, and it need not.
  bool reader_sleeps() noexcept
  {
    reader_sleeps_.store(true, std::memory_order_seq_cst);
    reader_.seen = written_.load(std::memory_order_seq_cst);
    if (reader_.taken == reader_.seen)
      return true;
    reader_sleeps_.store(false, std::memory_order_relaxed);
    return false;
  }

  /// The writer was to be woken, and could not be: the next `give_back` says so again.
  void writer_not_woken() noexcept { writer_sleeps_.store(true, std::memory_order_release); }

  std::size_t returned() const noexcept { return reader_.returned; }

 private:
  struct alignas(64) chunk {
    std::array<T, ChunkSize> slots;
    chunk* next = nullptr;  // written before the element behind it is
  };

  // What one side alone uses, on lines of its own.
  struct alignas(64) reader_side {
    explicit reader_side(chunk* first) : head{first} {}
    chunk* head;
    std::size_t taken = 0;
    std::size_t seen = 0;  // `written_` when it was last looked at
    std::size_t returned = 0;
    std::size_t chunk_ends = ChunkSize;
  };
  struct alignas(64) writer_side {
    explicit writer_side(chunk* first) : tail{first} {}
    chunk* tail;
    std::size_t written = 0;
    std::size_t returned = 0;  // `returned_` when it was last looked at
    std::size_t chunk_ends = ChunkSize;
  };

  [[gnu::noinline]] void append()
  {
    chunk* added = spare_.exchange(nullptr, std::memory_order_acquire);
    if (added == nullptr)
      added = new chunk;
    writer_.tail->next = added;
    writer_.tail = added;
    writer_.chunk_ends += ChunkSize;
  }

  // One chunk goes round; what a burst needed beyond that is freed.
  [[gnu::noinline]] void advance()
  {
    chunk* const done = std::exchange(reader_.head, reader_.head->next);
    done->next = nullptr;
    reader_.chunk_ends += ChunkSize;
    delete spare_.exchange(done, std::memory_order_acq_rel);
  }

  reader_side reader_;
  writer_side writer_;
  alignas(64) atomic<std::size_t> written_{0};
  atomic<bool> reader_sleeps_{false};
  alignas(64) atomic<std::size_t> returned_{0};
  atomic<bool> writer_sleeps_{false};
  alignas(64) atomic<chunk*> spare_{nullptr};
};

}  // namespace cozmq
