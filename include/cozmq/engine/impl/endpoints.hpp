// bind, connect and their opposites; bodies of engine::socket_core.
#pragma once

#include <cozmq/core/decl.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/core/parse_endpoint.hpp>
#include <cozmq/engine/exposure.hpp>
#include <cozmq/engine/socket_core.hpp>

#include <asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

namespace cozmq::engine {

COZMQ_DECL std::string socket_core::bind(std::string_view text, std::error_code& ec, std::string& why)
{
  if (ended_ != errc{}) {
    ec = ended_;
    why = ec.message();
    return {};
  }
  endpoint const where = parse_endpoint(text, endpoint_use::bind, ec);
  if (ec) {
    why = explain_endpoint(text, endpoint_use::bind);
    return {};
  }
  if (!speaks(where, ec, why))
    return {};
  if (where.transport == transport_type::inproc)
    return bind_inproc(where, ec, why);
  auto opened = listener::open(*this, where, ec);
  ec = standard(ec);
  if (ec) {
    if (ec == std::errc::address_in_use)
      ec = errc::address_in_use;
    std::string cause = ec == errc::address_in_use ? "address already in use" : ec.message();
    if (ec == std::errc::no_such_file_or_directory && where.transport == transport_type::ipc)
      cause = fmt::format("directory {} does not exist",
                          std::filesystem::path{where.path}.parent_path().string());
    if (ec == std::errc::no_such_device)
      cause =
          options_.system.device.empty()
              ? fmt::format(
                    "{} is no address and no network interface of this machine; write * or an address such "
                    "as 127.0.0.1",
                    where.host)
              : fmt::format(
                    "{} and bind_to_device \"{}\" do not name an address and an interface of this machine",
                    where.host, options_.system.device);
    if (options_.use_fd)
      cause = fmt::format("descriptor {}, which use_fd gave, is no listening {} socket", *options_.use_fd,
                          to_string(where.transport));
    why = fmt::format("cannot bind {}: {}", text, cause);
    report_bind_failed(std::string{text}, ec, why);
    return {};
  }
  options_.use_fd.reset();
  observer_.report([&opened] { return event{event_kind::listening, opened->text()}; });
  if (type() != socket_type::stream && !options_.authenticates)
    warn_if_open(*opened);
  listeners_.push_back(opened);
  opened->accept();
  return opened->text();
}

COZMQ_DECL std::string socket_core::connect(std::string_view text, std::error_code& ec, std::string& why)
{
  if (ended_ != errc{}) {
    ec = ended_;
    why = ec.message();
    return {};
  }
  endpoint const where = parse_endpoint(text, endpoint_use::connect, ec);
  if (ec) {
    why = explain_endpoint(text, endpoint_use::connect);
    return {};
  }
  if (!speaks(where, ec, why))
    return {};
  std::string name = to_string(where);
  // libzmq: for patterns with one answer per peer a second connection would only duplicate messages.
  auto const same = [&name](auto const& d) { return d->text() == name && !d->gave_up(); };
  if (!connects_twice() && std::ranges::any_of(dialers_, same))
    return name;
  if (where.transport == transport_type::inproc)
    return connect_inproc(where, ec, why);
  std::optional<transport::stream> adopted;
  if (options_.use_fd) {
    adopted = transport::adopt_connection(executor_, where.transport, *options_.use_fd, ec);
    if (ec) {
      why = fmt::format("cannot connect {}: descriptor {}, which use_fd gave, is no connected {} socket",
                        text, *options_.use_fd, to_string(where.transport));
      return {};
    }
    options_.use_fd.reset();
  }
  auto const made = std::make_shared<dialer>(*this, where);
  if (!preset_id(made->peer(), ec, why)) {
    if (adopted)
      options_.use_fd = adopted->release();
    return {};
  }
  dialers_.push_back(made);
  if (!options_.immediate && admits(made->peer()) == errc{}) {
    join_outbound(enlist(made->peer()));
    writers.wake_all(wake::posted);
  }
  if (adopted)
    made->start(std::move(*adopted));
  else
    made->start();
  return name;
}

// Nobody decides who comes in at this listener: is that meant?
COZMQ_DECL void socket_core::warn_if_open(listener const& l) const
{
  // In libzmq a ZAP handler that is there is asked.
  if (options_.mechanism && context_->find_name("inproc://zeromq.zap.01"))
    write_log(log_level::warn,
              "{}: there is a ZAP handler, which this socket does not ask: set cozmq::zap_authenticator(ctx)",
              l.text());
  if (!options_.mechanism && l.transport() == transport_type::tcp)
    warn_if_exposed(l.local(), l.text());
}

// A STREAM is for peers that know tcp and nothing else; without a thread there is nobody who would do the work.
COZMQ_DECL bool socket_core::speaks(endpoint const& where, std::error_code& ec, std::string& why) const
{
  if (type() == socket_type::stream && where.transport != transport_type::tcp) {
    ec = errc::not_supported;
    why =
        fmt::format("{}: a STREAM is for plain TCP connections; write tcp://address:port", to_string(where));
  } else if (where.transport != transport_type::inproc && context_->lacks_threads(executor_)) {
    ec = errc::no_io_threads;
    why = fmt::format("{}: {}", to_string(where), ec.message());
  }
  return !ec;
}

COZMQ_DECL void socket_core::unbind(std::string_view text, std::error_code& ec)
{
  ec = {};
  if (ended_ != errc{}) {
    ec = ended_;
    return;
  }
  if (auto const at = std::ranges::find(inproc_names_, text); at != inproc_names_.end()) {
    context_->unbind_name(*at, *this);
    inproc_names_.erase(at);
    report_closed(std::string{text});
    watchers.wake_all(wake::posted);  // there may be nothing left to hope for
    return;
  }
  // One that was unbound before may still hold messages to be read.
  auto const open = [text](auto const& l) { return !l->closed() && l->text() == text; };
  auto const at = std::ranges::find_if(listeners_, open);
  if (at == listeners_.end()) {
    ec = errc::no_such_endpoint;
    return;
  }
  auto const closing = *at;
  report_closed(closing->text());
  closing->close();
  std::erase_if(listeners_, [](auto const& l) { return l->deserted(); });
  watchers.wake_all(wake::posted);
}

COZMQ_DECL void socket_core::disconnect(std::string_view text, std::error_code& ec)
{
  ec = {};
  if (ended_ != errc{}) {
    ec = ended_;
    return;
  }
  bool found = false;
  readers.wake_one(wake::posted);  // an XPUB's application may be told
  for (auto const& d : std::vector<std::shared_ptr<dialer>>{dialers_}) {
    if (d->text() == text) {
      found = true;
      drop_dialer(*d);
    }
  }
  for (auto const& pipe : std::vector<std::shared_ptr<inproc_pipe>>{inproc_}) {
    if (pipe->name() == text && pipe->which_side() == side::connecting) {
      found = true;
      drop_inproc(*pipe);
    }
  }
  if (!found) {
    ec = errc::no_such_endpoint;
    return;
  }
  report_closed(std::string{text});
  watchers.wake_all(wake::posted);
}

// [libzmq] a disconnect discards unread input and delivers what is queued, as lingering allows.
COZMQ_DECL void socket_core::drop_dialer(dialer& d)
{
  observer_.counters.dropped.unread += d.peer().unread();
  d.peer().discard_unread();
  if (membership const* const m = find(d.peer()); m != nullptr && m->connected)
    --connected_;
  forget(d.peer());
  auto const at = std::ranges::find_if(dialers_, [&d](auto const& each) { return each.get() == &d; });
  std::shared_ptr<dialer> const kept = *at;
  dialers_.erase(at);
  if (!kept->peer().connected() && (kept->peer().queued() == 0 || kept->gave_up()))
    return sever_undelivered(*kept);  // there is nothing to deliver, or nobody who takes it
  if (!kept->peer().connected() && options_.stops.after_disconnect) {
    write_log(log_level::warn, "{}: disconnected with {} messages undelivered, as reconnect_stop asks",
              kept->text(), kept->peer().queued());
    return sever_undelivered(*kept);
  }
  kept->leave();
  leaving_.push_back(kept);
  kept->peer().finish();
  linger();
}

COZMQ_DECL void socket_core::sever_undelivered(dialer& d)
{
  observer_.counters.dropped.undelivered += d.peer().discard_unsent();
  d.sever();
}

COZMQ_DECL void socket_core::report_closed(std::string const& endpoint)
{
  observer_.report([&endpoint] { return event{event_kind::closed, endpoint}; });
}

COZMQ_DECL void socket_core::report_bind_failed(std::string const& endpoint, std::error_code ec,
                                                std::string const& why)
{
  observer_.report([&] { return event{event_kind::bind_failed, endpoint}.because(ec, why); });
}

}  // namespace cozmq::engine
