// Asks the ZAP handler of a context who is let in.
#pragma once

#include <cozmq/engine/authentication.hpp>
#include <cozmq/pattern/dealer.hpp>
#include <cozmq/service/zap_frames.hpp>
#include <cozmq/socket/context.hpp>
#include <cozmq/socket/core.hpp>
#include <cozmq/socket/options/security.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace cozmq {

/// What a zap_authenticator allows its handler.
struct zap_limits {
  /// A peer about whom there is no answer by then is refused for now; zero: no limit but the socket's `handshake_timeout`.
  std::chrono::milliseconds timeout{5'000};
  /// More peers than this, waiting for an answer at a time, are refused for now: they try again.
  std::size_t in_flight = 1000;
};

namespace detail {

/// What all copies of one authenticator share.
struct zap_asker {
  zap_asker(std::weak_ptr<engine::context_core> c, zap_limits l) : context{std::move(c)}, limits{l} {}

  std::weak_ptr<engine::context_core> const context;  // which may have this as a default
  zap_limits const limits;
  std::atomic<std::uint64_t> last_id = 0;
  std::atomic<std::size_t> in_flight = 0;
};

/// One request and its reply, with a DEALER of its own, so that whatever comes is the answer to this. Lives on the executor of
/// who asks, kept by the DEALER, until it is answered.
class zap_call final : public engine::supplier, public std::enable_shared_from_this<zap_call> {
 public:
  static void begin(std::shared_ptr<zap_asker> asker, asio::any_io_executor const& executor,
                    auth_request const& request, engine::auth_answer const& answer)
  {
    auto const context = asker->context.lock();
    if (!context)
      return answer(auth_reply::refuse_for_now("the context of the ZAP handler is gone"));
    // Nothing is queued for a handler that may never come.
    if (!context->find_name(std::string{zap_endpoint}))
      return answer(auth_reply::refuse_for_now("there is no ZAP handler, nobody has bound " +
                                               std::string{zap_endpoint}));
    auto const call = std::make_shared<zap_call>(std::move(asker), answer);
    if (call->asker_->in_flight > call->asker_->limits.in_flight)
      return answer(auth_reply::refuse_for_now("too many peers wait for the ZAP handler"));
    if (asio::cancellation_slot given_up = answer.given_up(); given_up.is_connected())
      given_up.assign([weak = call->weak_from_this()](asio::cancellation_type) {
        if (auto const self = weak.lock(); self && self->answer_)
          self->finish(auth_reply::refuse_for_now("nobody waits for it"));
      });
    call->ask(context, executor, request);
  }

  zap_call(std::shared_ptr<zap_asker> asker, engine::auth_answer answer)
      : asker_{std::move(asker)}, id_{std::to_string(++asker_->last_id)}, answer_{std::move(answer)}
  {
    ++asker_->in_flight;
  }
  zap_call(zap_call const&) = delete;
  zap_call& operator=(zap_call const&) = delete;
  ~zap_call() { --asker_->in_flight; }

 private:
  void ask(std::shared_ptr<engine::context_core> const& context, asio::any_io_executor const& executor,
           auth_request const& request)
  {
    socket_ = std::make_shared<core<pattern::dealer>>(context, executor);
    // It is not the application's, and what that sets for its own sockets has no meaning here.
    socket_->mutable_options() = {};
    socket_->mutable_options().linger = {std::chrono::milliseconds{0}, std::chrono::milliseconds{0}};
    socket_->begin();
    socket_->options_changed();
    if (errc const e = context->add(socket_, executor); e != errc{})
      return conclude(auth_reply::refuse_for_now(code(e).message()));
    engine::use_scope const inside{socket_.get()};
    std::error_code ec;
    std::string why;
    socket_->connect(zap_endpoint, ec, why);
    if (ec)
      return finish(auth_reply::refuse_for_now(std::move(why)));
    message m{frame{}};
    append_zap_request(m, id_, request);
    if (errc const e = socket_->try_send(m); e != errc{})
      return finish(auth_reply::refuse_for_now(code(e).message()));
    socket_->suppliers.push_back(shared_from_this());
    changes_.watch(socket_->watchers);
    if (asker_->limits.timeout <= asker_->limits.timeout.zero())
      return;
    timer_.emplace(executor, asker_->limits.timeout);
    timer_->async_wait([weak = weak_from_this()](std::error_code failed) {
      if (auto const self = weak.lock(); self && !failed)
        self->finish(auth_reply::refuse_for_now("the ZAP handler did not answer in time"));
    });
  }

  // From inside a call of the engine, or of whoever sends.
  static void woken(void* owner, engine::wake, std::error_code)
  {
    auto& me = *static_cast<zap_call*>(owner);
    if (!me.socket_->way()->try_post([kept = me.shared_from_this()] { kept->look(); }))
      me.changes_.watch(me.socket_->watchers);  // there was no memory: perhaps the next time
  }

  void look()
  {
    if (!answer_)
      return;
    message m;
    errc const e = socket_->try_receive(m);
    if (e == errc{})
      finish(parse_zap_reply(m, id_));
    else if (e != errc::would_block)
      finish(auth_reply::refuse_for_now(code(e).message()));
    else if (socket_->observed().counters.disconnects > 0)
      finish(auth_reply::refuse_for_now("the ZAP handler has gone without an answer"));
    else
      changes_.watch(socket_->watchers);
  }

  void finish(auth_reply reply)
  {
    auto const kept = shared_from_this();
    conclude(std::move(reply));
    engine::use_scope const inside{socket_.get()};
    socket_->close();
  }

  void conclude(auth_reply reply)
  {
    changes_.stop();
    timer_.reset();
    // A request that has not met a handler goes with it, and is not worth a warning.
    std::error_code ignored;
    socket_->disconnect(zap_endpoint, ignored);
    if (auto const answer = std::exchange(answer_, std::nullopt))
      (*answer)(std::move(reply));
  }

  // The context ends.
  std::size_t hand_over() override
  {
    conclude(auth_reply::refuse_for_now(code(errc::terminated).message()));
    return 0;
  }

  std::shared_ptr<zap_asker> asker_;
  std::string id_;
  std::optional<engine::auth_answer> answer_;  // none: it is over
  std::shared_ptr<core<pattern::dealer>> socket_;
  std::optional<asio::steady_timer> timer_;
  engine::wait_list::watcher changes_{&woken, this};
};

}  // namespace detail

/// Lets the ZAP handler of a context decide who is let in: `socket.set_option(cozmq::zap_authenticator(ctx))`, or
/// `ctx.set_default(...)`. The handler is whatever is bound to inproc://zeromq.zap.01 of `ctx` when a peer comes: a
/// `zap_server`, or any REP or ROUTER that speaks ZAP. [RFC 27]
///
/// Status 200 lets the peer in, with its user id and metadata; 400 is `refuse`; 500, or a reply that is wrong in any way, is
/// `fail`. With 300, without an answer within `zap_limits::timeout`, when the handler goes meanwhile, and as long as there is
/// none, peers are refused for now: they try again. Every peer is asked about, of every mechanism; the
/// domain may be empty.
///
/// @par Lifetimes
/// It does not keep the context; when that is gone, nobody is let in.
///
/// @par Thread safety
/// Any number of sockets may have it, on any executors.
inline option::authenticator zap_authenticator(context& ctx, zap_limits limits = {})
{
  auto asker = std::make_shared<detail::zap_asker>(ctx.core(), limits);
  return option::authenticator{engine::authenticator{
      [asker = std::move(asker)](asio::any_io_executor const& executor, auth_request const& request,
                                 engine::auth_answer const& answer) {
        detail::zap_call::begin(asker, executor, request, answer);
      }}};
}

}  // namespace cozmq
