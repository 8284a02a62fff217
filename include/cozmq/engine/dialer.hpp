// Makes and remakes the connection to one endpoint.
#pragma once

#include <cozmq/core/backoff.hpp>
#include <cozmq/core/endpoint.hpp>
#include <cozmq/engine/connection.hpp>
#include <cozmq/engine/trouble.hpp>
#include <cozmq/transport/ipc.hpp>
#include <cozmq/transport/tcp.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
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
      : host_{&h},
        where_{std::move(where)},
        text_{to_string(where_)},
        trouble_{text_},
        peer_{h.make_connection(*this, side::connecting)},
        resolver_{h.executor()},
        timer_{h.executor()},
        socket_{h.executor()}
  {
  }

  connection& peer() noexcept { return *peer_; }
  std::string const& text() const noexcept override { return text_; }
  bool gave_up() const noexcept { return gave_up_; }

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
    resolver_.cancel();
    timer_.cancel();
    std::error_code ignored;
    socket_.close(ignored);
  }

  template <class Handler>
  auto guarded(Handler handler)
  {
    return [self = shared_from_this(), id = attempt_id_, handler]<class... Results>(Results&&... results) {
      if (id == self->attempt_id_ && self->host_ != nullptr)
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
  asio::ip::basic_resolver<asio::ip::tcp, asio::any_io_executor> resolver_;
  asio::basic_waitable_timer<std::chrono::steady_clock> timer_;
  transport::stream socket_;
  std::vector<transport::address> addresses_;
  std::size_t next_address_ = 0;
  std::error_code last_error_;
  std::uint64_t attempt_id_ = 0;
  std::uint64_t failures_ = 0;
  std::shared_ptr<proxy_talk> proxy_;
  std::chrono::steady_clock::time_point connected_at_;
  bool stopped_ = false;
  bool gave_up_ = false;
  bool leaving_ = false;
  std::minstd_rand random_{std::random_device{}()};
};

inline void dialer::start(transport::stream made)
{
  socket_ = std::move(made);
  asio::post(host_->executor(), guarded([](dialer& self) { self.connected(); }));
}

inline void dialer::attempt()
{
  if (stopped_ || host_ == nullptr)
    return;
  ++attempt_id_;
  addresses_.clear();
  next_address_ = 0;
  last_error_ = errc::cannot_resolve;
  host_->observed().report([this] { return event{event_kind::connecting, text_}; });
  if (where_.transport == transport_type::ipc) {
    addresses_.push_back(transport::ipc::to_address(where_.path));
    return connect_next();
  }
  std::error_code not_numeric;
  asio::ip::address const numeric = asio::ip::make_address(next_host(), not_numeric);
  if (not_numeric)
    return resolve();
  addresses_.push_back(asio::ip::tcp::endpoint{numeric, next_port()});
  connect_next();
}

inline void dialer::resolve()
{
  auto handler = guarded([](dialer& self, std::error_code ec, asio::ip::tcp::resolver::results_type found) {
    if (ec)
      return self.fail(fmt::format("cannot resolve {}", self.next_host()), errc::cannot_resolve);
    for (auto const& entry : found)
      self.addresses_.push_back(entry.endpoint());
    self.connect_next();
  });
  std::string const port = std::to_string(next_port());
  auto const flags = asio::ip::resolver_base::numeric_service;
  if (host_->options().system.ipv6)
    resolver_.async_resolve(next_host(), port, flags, std::move(handler));
  else
    resolver_.async_resolve(asio::ip::tcp::v4(), next_host(), port, flags, std::move(handler));
}

inline bool dialer::bind_source()
{
  if (where_.source_host.empty())
    return true;
  bool const v6 = transport::detail::family_of(socket_) == AF_INET6;
  auto const from = transport::tcp::local_address(where_.source_host, where_.source_host == "*", v6);
  if (!from) {
    last_error_ = std::make_error_code(std::errc::no_such_device);
    return false;
  }
  transport::detail::set_option(socket_, SOL_SOCKET, SO_REUSEADDR, 1);
  socket_.bind(transport::address{asio::ip::tcp::endpoint{*from, where_.source_port}}, last_error_);
  return !last_error_;
}

// Tries the addresses of this attempt one after the other.
inline void dialer::connect_next()
{
  socket_options const& options = host_->options();
  for (; next_address_ < addresses_.size(); ++next_address_) {
    transport::address const& to = addresses_[next_address_];
    std::error_code ec;
    socket_.close(ec);
    socket_.open(to.protocol(), ec);
    if (!ec)
      ec = transport::tune_opened(socket_, options.system);
    if (ec) {
      last_error_ = ec;
      continue;
    }
    if (!bind_source())
      continue;
    ++next_address_;
    limit_attempt(options.connect_timeout);
    socket_.async_connect(to, guarded([](dialer& self, std::error_code failed) {
                            if (!failed && self.uses_proxy())
                              return self.ask_proxy();
                            self.timer_.cancel();
                            if (!failed)
                              return self.connected();
                            if (failed != asio::error::operation_aborted)
                              self.last_error_ = failed;
                            self.connect_next();
                          }));
    return;
  }
  fail(last_error_ == std::error_code{errc::cannot_resolve} ? fmt::format("cannot resolve {}", next_host())
                                                            : last_error_.message(),
       last_error_);
}

// Closes the socket after `limit`, which ends what is done with it. Zero: never.
inline void dialer::limit_attempt(std::chrono::milliseconds limit)
{
  if (limit <= limit.zero())
    return;
  timer_.expires_after(limit);
  timer_.async_wait(guarded([](dialer& self, std::error_code expired) {
    if (expired)
      return;
    self.last_error_ = errc::connect_timeout;
    std::error_code ignored;
    self.socket_.close(ignored);
  }));
}

inline void dialer::connected()
{
  if (where_.transport == transport_type::tcp && transport::tcp::is_self_connected(socket_)) {
    std::error_code ignored;
    socket_.close(ignored);
    std::error_code const why = errc::self_connect;
    return fail(why.message(), why);
  }
  transport::tune_connection(socket_, host_->options().system);
  connected_at_ = std::chrono::steady_clock::now();
  peer_->start(std::move(socket_));
  socket_ = transport::stream{host_->executor()};
}

// An attempt came to no connection.
inline void dialer::fail(std::string const& cause, std::error_code why)
{
  ++host_->observed().counters.connect_failures;
  retry(cause, why);
}

// What the user wants after failures decides whether there is a next attempt.
inline void dialer::retry(std::string const& cause, std::error_code why)
{
  socket_options const& options = host_->options();
  bool const refused =
      standard(why) == std::errc::connection_refused || standard(why) == std::errc::no_such_file_or_directory;
  if (!options.reconnect)
    return give_up(why, cause, ", as reconnect_interval asks");
  if ((refused && options.stops.refused) || (leaving_ && options.stops.after_disconnect))
    return give_up(why, cause, ", as reconnect_stop asks");
  auto const wait = backoff(options.interval, failures_++, static_cast<std::uint32_t>(random_()));
  if (why != peer_cut())
    trouble_.report(fmt::format("{}; retrying every {} ms", cause, options.interval.min.count()));
  host_->observed().report([&] {
    event e{event_kind::retrying, text_};
    e.because(standard(why), cause);
    e.delay = std::chrono::duration_cast<std::chrono::milliseconds>(wait);
    return e;
  });
  ++attempt_id_;
  timer_.expires_after(wait);
  timer_.async_wait(guarded([](dialer& self, std::error_code ec) {
    if (!ec)
      self.attempt();
  }));
}

inline void dialer::give_up(std::error_code why, std::string_view cause, std::string_view asked)
{
  gave_up_ = stopped_ = true;
  write_log(asked.empty() ? log_level::error : log_level::warn,
            "{}: {}; not trying again{}, {} messages undelivered", text_, cause, asked, peer_->queued());
  host_->observed().report([&] {
    event e{event_kind::gave_up, text_};
    e.because(standard(why), std::string{cause});
    e.count = peer_->queued();
    return e;
  });
  if (leaving_)
    host_->on_drained(*peer_);
  else
    host_->on_gave_up(*peer_, why);
}

}  // namespace cozmq::engine

#include <cozmq/engine/impl/dialer_proxy.hpp>
