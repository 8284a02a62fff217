// Attempts to connect, and the pauses between them; bodies of engine::dialer.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/core/random_bits.hpp>
#include <cozmq/engine/dialer.hpp>

#include <asio/post.hpp>
#include <fmt/format.h>

#include <chrono>
#include <new>
#include <string>
#include <utility>

namespace cozmq::engine {

COZMQ_DECL void dialer::start(transport::stream made)
{
  socket_ = std::move(made);
  asio::post(host_->executor(), guarded([](dialer& self) { self.connected(); }));
}

COZMQ_DECL void dialer::attempt()
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

COZMQ_DECL void dialer::resolve()
{
  lookup_.start(next_host(), next_port(), host_->options().system.ipv6,
                [weak = weak_from_this(), id = attempt_id_](transport::tcp_endpoints const& found) {
                  auto const self = weak.lock();
                  if (!self || id != self->attempt_id_ || self->host_ == nullptr)
                    return;
                  use_scope const inside{self->host_};
                  self->addresses_.assign(found.begin(), found.end());
                  self->connect_next();
                });
}

COZMQ_DECL bool dialer::bind_source()
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
COZMQ_DECL void dialer::connect_next()
{
  socket_options const& options = host_->options();
  for (; next_address_ < addresses_.size(); ++next_address_) {
    transport::address const& to = addresses_[next_address_];
    std::error_code ec;
    socket_.close(ec);
    transport::open(socket_, to.protocol(), ec);
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
COZMQ_DECL void dialer::limit_attempt(std::chrono::milliseconds limit)
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

COZMQ_DECL void dialer::connected()
{
  if (where_.transport == transport_type::tcp && transport::tcp::is_self_connected(socket_)) {
    std::error_code ignored;
    socket_.close(ignored);
    std::error_code const why = errc::self_connect;
    return fail(why.message(), why);
  }
  transport::tune_connection(socket_, host_->options().system);
  connected_at_ = std::chrono::steady_clock::now();
  bool is_open = false;
  try {
    is_open = peer_->start(std::exchange(socket_, transport::stream{host_->executor()}));
  } catch (std::bad_alloc const&) {
    std::error_code const why = std::make_error_code(std::errc::not_enough_memory);
    return peer_->idle() ? fail(why.message(), why) : peer_->cut(why, why.message());
  }
  // Last: a STREAM's application is told at once, and may end this dialer.
  if (is_open)
    peer_->opened();
}

// An attempt came to no connection.
COZMQ_DECL void dialer::fail(std::string const& cause, std::error_code why)
{
  ++host_->observed().counters.connect_failures;
  retry(cause, why);
}

// What the user wants after failures decides whether there is a next attempt.
COZMQ_DECL void dialer::retry(std::string const& cause, std::error_code why)
{
  socket_options const& options = host_->options();
  bool const refused =
      standard(why) == std::errc::connection_refused || standard(why) == std::errc::no_such_file_or_directory;
  if (!options.reconnect)
    return give_up(why, cause, ", as reconnect_interval asks");
  if ((refused && options.stops.refused) || (leaving_ && options.stops.after_disconnect))
    return give_up(why, cause, ", as reconnect_stop asks");
  auto const wait = backoff(options.interval, failures_++, random_bits());
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

COZMQ_DECL void dialer::give_up(std::error_code why, std::string_view cause, std::string_view asked)
{
  gave_up_ = stopped_ = true;
  last_error_ = standard(why);
  last_words_ = fmt::format("{}: {}", text_, cause);
  write_log(asked.empty() ? log_level::error : log_level::warn,
            "{}; not trying again{}, {} messages undelivered", last_words_, asked, peer_->queued());
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
