// How a poller looks and waits; bodies of basic_poller.
#pragma once

#include <cozmq/service/poller.hpp>

#include <asio/post.hpp>

#include <memory>
#include <utility>

namespace cozmq {

template <class Data>
std::error_code basic_poller<Data>::state::add(entry e)
{
  if (find({e.socket.get(), e.fd}) != entries.end())
    return errc::already_added;
  if (!e.socket) {
    if (std::error_code const ec = descriptors.add(e.fd, e.wanted); ec)
      return ec;
  }
  entries.push_back(std::move(e));
  changed();
  return {};
}

template <class Data>
std::error_code basic_poller<Data>::state::modify(key const& k, poll wanted)
{
  auto const at = find(k);
  if (at == entries.end())
    return errc::not_added;
  at->wanted = wanted;
  at->reading.reset();
  at->writing.reset();
  if (!at->socket)
    descriptors.modify(at->fd, wanted);
  changed();
  return {};
}

template <class Data>
std::error_code basic_poller<Data>::state::remove(key const& k)
{
  auto const at = find(k);
  if (at == entries.end())
    return errc::not_added;
  if (!at->socket)
    descriptors.remove(at->fd);
  entries.erase(at);
  changed();
  return {};
}

template <class Data>
void basic_poller<Data>::state::close()
{
  closed = true;
  changed();
}

template <class Data>
poll basic_poller<Data>::state::look(entry& e)
{
  if (e.wanted == poll::none)
    return poll::none;
  if (!e.socket)
    return e.found;
  if (errc const ended = e.socket->ended(); ended == errc::terminated)
    throw error{ended};
  else if (ended != errc{})
    return poll::error;
  poll result = poll::none;
  if (e.wanted & poll::in) {
    bool const ours = e.reading && e.reading->armed();
    errc const readable = detail::ready_for(*e.socket, detail::readiness::readable, ours);
    if (readable == errc::operation_in_progress || readable == errc::wrong_thread)
      throw error{readable};
    result |= readable == errc{} ? poll::in : poll::none;
  }
  if (e.wanted & poll::out)
    result |= e.socket->room() == errc{} ? poll::out : poll::none;
  return result;
}

template <class Data>
std::vector<poll_event<Data>> basic_poller<Data>::state::scan(std::size_t at_most)
{
  for (entry& e : entries)
    e.found = poll::none;
  descriptors.scan([this](int fd, poll what) {
    if (auto const at = find({nullptr, fd}); at != entries.end())
      at->found = what;
  });
  std::vector<event> found;
  std::size_t const count = entries.size();
  std::size_t const first = at_most < count ? next : 0;
  bool any_closed = false;
  for (std::size_t i = 0; i < count && found.size() < at_most; ++i) {
    entry& e = entries[(first + i) % count];
    poll const what = look(e);
    if (what == poll::none)
      continue;
    found.push_back({e.data, what});
    next = first + i + 1;
    if (e.socket && what == poll::error) {
      e.wanted = poll::none;
      any_closed = true;
    }
  }
  if (any_closed)
    std::erase_if(entries,
                  [](entry const& e) { return e.socket && e.socket->closed() && e.wanted == poll::none; });
  return found;
}

template <class Data>
void basic_poller<Data>::state::arm(asio::any_io_executor const& executor)
{
  for (entry& e : entries) {
    if (!e.socket)
      continue;
    if (e.wanted & poll::in) {
      if (!e.reading)
        e.reading.emplace(e.socket->readers);
      e.reading->arm(waiting);
    }
    // Also for what is only to be told of the end.
    if (e.wanted != poll::none && !(e.wanted == poll::in)) {
      if (!e.writing)
        e.writing.emplace(e.socket->writers);
      e.writing->arm(waiting);
    }
  }
  descriptors.arm(waiting, executor);
}

template <class Data>
void basic_poller<Data>::state::disarm() noexcept
{
  for (entry& e : entries) {
    if (e.reading)
      e.reading->disarm();
    if (e.writing)
      e.writing->disarm();
  }
  descriptors.disarm();
}

template <class Data>
asio::awaitable<std::vector<poll_event<Data>>> basic_poller<Data>::collect(std::shared_ptr<state> s,
                                                                           duration timeout,
                                                                           std::size_t at_most)
{
  auto const executor = co_await asio::this_coro::executor;
  if (s->budget.spend()) {
    co_await asio::post(executor, asio::use_awaitable);
    s->budget.renew();
  }
  if (s->closed)
    throw error{aborted()};
  if (s->waiting)
    throw error{errc::operation_in_progress};
  if (s->entries.empty() && timeout == forever)
    throw error{errc::nothing_to_wait_for};
  std::vector<event> found = s->scan(at_most);
  if (!found.empty() || timeout <= duration::zero())
    co_return found;

  s->waiting = std::make_shared<detail::selection>(executor);
  waiting_scope const scope{s};
  std::shared_ptr<detail::selection> const woken = s->waiting;
  detail::timer_alternative timer{timeout};
  if (timeout != forever)
    timer.arm(woken, executor);
  while (found.empty() && !timer.ready()) {
    s->arm(executor);
    std::error_code ec;
    co_await woken->waiting.async_wait(executor, asio::redirect_error(asio::use_awaitable, ec));
    if (s->closed)
      ec = asio::error::operation_aborted;
    if (ec)
      throw error{ec};
    s->budget.renew();
    found = s->scan(at_most);
  }
  co_return found;
}

}  // namespace cozmq
