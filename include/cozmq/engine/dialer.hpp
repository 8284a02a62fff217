// Makes and remakes the connection to one endpoint.
#pragma once

#include <cozmq/core/backoff.hpp>
#include <cozmq/core/endpoint.hpp>
#include <cozmq/engine/connection.hpp>
#include <cozmq/engine/trouble.hpp>
#include <cozmq/transport/ipc.hpp>
#include <cozmq/transport/name_lookup.hpp>
#include <cozmq/transport/tcp.hpp>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq::engine {

struct proxy_talk;

/// One connecting endpoint: its connection lives as long as it does, the streams come and go.
///
/// Resolves the name at every attempt, tries all addresses, backs off, and goes on for ever, unless the peer made
/// clear that it will refuse every time: then it stops and says so.
class dialer final : public connection_owner, public std::enable_shared_from_this<dialer> {
 public:
  dialer(host& h, endpoint where)
      : connection_owner{h},
        host_{&h},
        where_{std::move(where)},
        text_{to_string(where_)},
        trouble_{text_},
        peer_{h.make_connection(*this, side::connecting)},
        lookup_{h.executor()},
        timer_{h.executor()},
        socket_{h.executor()}
  {
  }

  connection& peer() noexcept { return *peer_; }
  std::string const& text() const noexcept override { return text_; }
  bool gave_up() const noexcept { return gave_up_; }
  std::error_code gave_up_error() const noexcept { return last_error_; }
  /// In a sentence, with the endpoint.
  std::string const& why_it_gave_up() const noexcept { return last_words_; }

  /// Begins with the first attempt, after the present call.
  void start()
  {
    asio::post(host_->executor(), [self = shared_from_this()] { self->attempt(); });
  }

  /// Begins with a connection that somebody else has made.
  void start(transport::stream made);

  /// The user has disconnected; what is queued may still be delivered.
  void leave() noexcept { leaving_ = true; }

  /// No further attempts; a connection that is there stays.
  void stop() noexcept
  {
    stopped_ = true;
    abandon();
  }

  /// The host is going.
  void sever() noexcept
  {
    stop();
    host_ = nullptr;
    peer_->sever();
  }

  void on_lost(connection& c, std::error_code why, std::string const& reason, bool permanent) override
  {
    if (stopped_ || host_ == nullptr)
      return;
    if (c.finished()) {
      stop();
      host_->on_drained(c);
      return;
    }
    if (permanent)
      return give_up(why, reason, "");
    if (c.was_open()) {
      failures_ = 0;
      trouble_.over(std::chrono::steady_clock::now() - connected_at_);
    } else if (host_->options().stops.handshake_failed) {
      return give_up(why, reason, ", as reconnect_stop asks");
    }
    retry(reason, why);
  }

 private:
  // Ends what is under way; its handlers find another number.
  void abandon() noexcept
  {
    ++attempt_id_;
    lookup_.cancel();
    timer_.cancel();
    std::error_code ignored;
    socket_.close(ignored);
  }

  template <class Handler>
  auto guarded(Handler handler)
  {
    return [self = shared_from_this(), id = attempt_id_, handler]<class... Results>(Results&&... results) {
      if (id != self->attempt_id_ || self->host_ == nullptr)
        return;
      use_scope const inside{self->host_};
      handler(*self, std::forward<Results>(results)...);
    };
  }

  void attempt();
  void resolve();
  void connect_next();
  void limit_attempt(std::chrono::milliseconds limit);
  void connected();
  void fail(std::string const& cause, std::error_code why);
  void retry(std::string const& cause, std::error_code why);
  void give_up(std::error_code why, std::string_view cause, std::string_view asked);
  bool bind_source();

  // With a proxy in between.
  bool uses_proxy() const noexcept
  {
    return where_.transport == transport_type::tcp && host_->options().proxy;
  }
  std::string const& next_host() const noexcept
  {
    return uses_proxy() ? host_->options().proxy->host : where_.host;
  }
  std::uint16_t next_port() const noexcept
  {
    return uses_proxy() ? host_->options().proxy->port : where_.port;
  }
  void ask_proxy();
  void talk_to_proxy();
  void hear_proxy();
  void proxy_failed(std::error_code ec);

  host* host_;
  endpoint where_;
  std::string text_;
  trouble trouble_;
  std::shared_ptr<connection> peer_;
  transport::name_lookup lookup_;
  asio::basic_waitable_timer<std::chrono::steady_clock> timer_;
  transport::stream socket_;
  std::vector<transport::address> addresses_;
  std::size_t next_address_ = 0;
  std::error_code last_error_;
  std::string last_words_;
  std::uint64_t attempt_id_ = 0;
  std::uint64_t failures_ = 0;
  std::shared_ptr<proxy_talk> proxy_;
  std::chrono::steady_clock::time_point connected_at_;
  bool stopped_ = false;
  bool gave_up_ = false;
  bool leaving_ = false;
};

}  // namespace cozmq::engine

#ifndef COZMQ_SEPARATE_COMPILATION
#include <cozmq/engine/impl/dialing.hpp>
#include <cozmq/engine/impl/dialing_socks.hpp>
#endif
