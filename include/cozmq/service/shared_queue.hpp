// Messages from any number of threads to the executor where their socket lives.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/engine/door.hpp>
#include <cozmq/engine/shutdown_service.hpp>
#include <cozmq/message/message.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace cozmq::detail {

/// First in, first out, with a limit: who finds no place waits in a line, and messages leave it in its order.
///
/// Functions of the senders' side are for any thread. Those of the socket's side are for its executor and are named as in
/// spsc_queue, but that they let in and wake who waits themselves.
class shared_queue : public std::enable_shared_from_this<shared_queue> {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr time_point never = time_point::max();

  /// At most `limit` messages are in it. `call` makes the socket's side look at it, from any thread; `way` leads there.
  shared_queue(std::size_t limit, std::shared_ptr<engine::door> way, std::function<bool()> call)
      : limit_{limit}, way_{std::move(way)}, call_{std::move(call)}
  {
  }
  shared_queue(shared_queue const&) = delete;
  shared_queue& operator=(shared_queue const&) = delete;

  // ---- the senders' side --------------------------------------------------------------------------------------------

  /// Zero, and `m` is taken; would_block when there was no place until `deadline`; or why the socket has ended.
  errc send(message& m, time_point deadline)
  {
    if (errc const e = try_send(m); e != errc::would_block)
      return e;
    if (deadline <= std::chrono::steady_clock::now())
      return errc::would_block;
    if (way_->is_inside())
      throw error{errc::wrong_thread};
    m.keep();
    auto const me = std::make_shared<waiting_thread>(m);
    std::unique_lock lock{mutex_};
    if (!stand_in_line(me))
      return me->result;
    auto const done = [&me] { return me->done; };
    if (deadline == never)
      me->woken.wait(lock, done);
    else if (!me->woken.wait_until(lock, deadline, done))
      leave_line(*me);
    return me->result;
  }

  errc try_send(message& m)
  {
    std::unique_lock lock{mutex_};
    if (errc const e = may_enter(); e != errc{})
      return e;
    enter(m);
    bool const wakes = std::exchange(reader_sleeps_, false);
    lock.unlock();
    if (wakes && !call_()) [[unlikely]] {
      lock.lock();
      reader_sleeps_ = true;
    }
    return {};
  }

  /// Calls `handler`, which takes an error_code, on its executor when `m` has entered or cannot. Never inside this call.
  template <class Handler>
  void async_send(message m, Handler handler)
  {
    errc const e = m.empty() ? errc::empty_message : try_send(m);
    if (e != errc::would_block) {
      auto const executor = asio::get_associated_executor(handler);
      return asio::post(executor, [h = std::move(handler), e]() mutable { std::move(h)(code(e)); });
    }
    m.keep();
    auto const me =
        std::make_shared<waiting_handler<Handler>>(weak_from_this(), std::move(m), std::move(handler));
    me->begin();
    std::lock_guard const lock{mutex_};
    (void)stand_in_line(me);
  }

  /// No sender will come any more.
  void abandon()
  {
    {
      std::lock_guard const lock{mutex_};
      abandoned_ = true;
    }
    call_();
  }

  // ---- the socket's side --------------------------------------------------------------------------------------------

  /// The oldest message, null when there is none.
  message* front()
  {
    if (next_ == taken_.size()) {
      taken_.clear();
      next_ = 0;
      std::lock_guard const lock{mutex_};
      taken_.swap(entered_);
    }
    return next_ == taken_.size() ? nullptr : &taken_[next_];
  }
  void pop() noexcept { ++next_; }

  /// How many messages are there to be taken.
  std::size_t waiting()
  {
    std::lock_guard const lock{mutex_};
    return taken_.size() - next_ + entered_.size();
  }

  bool give_back(std::size_t count)
  {
    line let_in;  // what they hold goes when the lock is gone
    std::lock_guard const lock{mutex_};
    places_taken_ -= count;
    let_in_all(let_in);
    return false;
  }

  /// The reader is going to wait for a message. False: there is one by now, and it need not.
  bool reader_sleeps()
  {
    std::lock_guard const lock{mutex_};
    return reader_sleeps_ = entered_.empty();
  }

  /// Would the socket take a message? As long as it would not, none enters.
  void set_room(bool is)
  {
    line let_in;
    std::lock_guard const lock{mutex_};
    room_ = is;
    let_in_all(let_in);
  }

  /// Whoever sends, now and later, is told why it cannot.
  void end(errc why)
  {
    std::vector<message> lost;
    line told;
    std::lock_guard const lock{mutex_};
    ended_ = why;
    lost.swap(entered_);
    told.swap(line_);
    for (auto const& each : told)
      finish(*each, why);
  }

  /// There is nothing left, and nothing will come.
  bool deserted()
  {
    std::lock_guard const lock{mutex_};
    return abandoned_ && line_.empty() && entered_.empty() && next_ == taken_.size();
  }

 private:
  struct waiter;
  using line = std::list<std::shared_ptr<waiter>>;

  // Who stands in line with a message. Everything is under the lock.
  struct waiter {
    virtual ~waiter() = default;
    virtual message& body() noexcept = 0;
    virtual void complete(std::error_code ec) = 0;

    std::optional<line::iterator> place;
    bool done = false;  // complete, or going
  };

  struct waiting_thread final : waiter {
    explicit waiting_thread(message& sent) : m{sent} {}
    message& body() noexcept override { return m; }
    void complete(std::error_code ec) override
    {
      result = static_cast<errc>(ec.value());
      woken.notify_one();
    }

    message& m;
    errc result = errc::would_block;
    std::condition_variable woken;
  };

  template <class Handler>
  class waiting_handler;

  // Zero: there is a place. Nobody overtakes those who wait.
  errc may_enter() const noexcept
  {
    if (ended_ != errc{})
      return ended_;
    return room_ && line_.empty() && places_taken_ < limit_ ? errc{} : errc::would_block;
  }

  void enter(message& m)
  {
    entered_.emplace_back();
    try {
      entered_.back().take(m);
    } catch (...) {  // it may have to copy what is lent
      entered_.pop_back();
      throw;
    }
    ++places_taken_;
  }

  // False: it is complete already. There may be a place by now, and then the socket's side is at work.
  bool stand_in_line(std::shared_ptr<waiter> const& who)
  {
    if (who->done)
      return false;
    errc const e = may_enter();
    if (e == errc::would_block) {
      who->place = line_.insert(line_.end(), who);
      return true;
    }
    if (e == errc{}) {
      enter(who->body());
      if (reader_sleeps_)
        reader_sleeps_ = !call_();
    }
    finish(*who, e);
    return false;
  }

  void leave_line(waiter& who) noexcept
  {
    if (who.place)
      line_.erase(*std::exchange(who.place, std::nullopt));
  }

  static void finish(waiter& who, errc e)
  {
    who.done = true;
    who.place.reset();
    who.complete(code(e));
  }

  void let_in_all(line& let_in)
  {
    while (!line_.empty() && ended_ == errc{} && room_ && places_taken_ < limit_) {
      waiter& first = *line_.front();
      enter(first.body());
      let_in.splice(let_in.end(), line_, line_.begin());
      finish(first, {});
    }
  }

  std::size_t const limit_;
  std::shared_ptr<engine::door> const way_;
  std::function<bool()> const call_;

  std::mutex mutex_;
  std::vector<message> entered_;
  line line_;
  std::size_t places_taken_ = 0;  // by messages that have entered and whose place was not given back
  errc ended_{};
  bool room_ = false;
  bool reader_sleeps_ = false;
  bool abandoned_ = false;

  // the socket's
  std::vector<message> taken_;
  std::size_t next_ = 0;
};

/// Goes with the execution context of its handler, or by cancellation, or completes; whoever finds it in the line is who
/// decides.
template <class Handler>
class shared_queue::waiting_handler final : public waiter,
                                            private engine::shutdown_hook,
                                            public std::enable_shared_from_this<waiting_handler<Handler>> {
  using executor_type = asio::associated_executor_t<Handler>;
  using tracked = std::decay_t<decltype(asio::prefer(std::declval<executor_type const&>(),
                                                     asio::execution::outstanding_work.tracked))>;
  // Not that of asio::use_future, for example, which never ends.
  static constexpr bool has_context = asio::can_query<tracked, asio::execution::context_t>::value;

 public:
  waiting_handler(std::weak_ptr<shared_queue> queue, message&& m, Handler&& handler)
      : queue_{std::move(queue)},
        m_{std::move(m)},
        work_{
            asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked)},
        handler_{std::move(handler)}
  {
  }

  ~waiting_handler() override
  {
    if (work_)
      forget_context();
  }

  // Before it stands in line: afterwards it may be complete at any time.
  void begin()
  {
    if (auto slot = asio::get_associated_cancellation_slot(*handler_); slot.is_connected())
      slot.assign([weak = this->weak_from_this()](asio::cancellation_type type) {
        auto const self = weak.lock();
        if (self && type != asio::cancellation_type::none)
          self->leave([&self] { self->complete(asio::error::operation_aborted); });
      });
    if constexpr (has_context)
      service().add(*this, this->weak_from_this());
  }

  message& body() noexcept override { return m_; }

  // Under the lock: who ends the execution context finds the hook until all is done, and waits for the lock. What is posted
  // has no handler in it: an executor that has ended destroys it here and now, and the handler may hold senders of this
  // queue.
  void complete(std::error_code ec) override
  {
    asio::post(*work_, [self = this->shared_from_this(), ec] { self->call(ec); });
    forget_context();
  }

 private:
  engine::shutdown_service& service() const
  {
    return asio::use_service<engine::shutdown_service>(asio::query(*work_, asio::execution::context));
  }

  void forget_context() noexcept
  {
    if constexpr (has_context)
      service().remove(*this);
    work_.reset();
  }

  void call(std::error_code ec)
  {
    Handler handler = std::move(*handler_);
    handler_.reset();
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
      slot.clear();
    std::move(handler)(ec);
  }

  template <class Then>
  void leave(Then then)
  {
    auto const queue = queue_.lock();
    if (!queue)
      return;
    std::lock_guard const lock{queue->mutex_};
    if (this->done)
      return;
    this->done = true;
    queue->leave_line(*this);
    then();
  }

  void on_context_shutdown() noexcept override
  {
    leave([] {});
    // What waits, a coroutine perhaps, may hold senders of this queue, and so goes without the lock.
    work_.reset();
    handler_.reset();
  }

  std::weak_ptr<shared_queue> queue_;
  message m_;
  std::optional<tracked> work_;
  std::optional<Handler> handler_;
};

}  // namespace cozmq::detail
