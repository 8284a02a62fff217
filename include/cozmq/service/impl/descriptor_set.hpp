// The plain file descriptors of a poller: level-triggered, never owned, never changed.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/socket/selection.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq {

/// What a poller looks for, and what it found. `in | out` is both; `a & b` asks whether they share anything.
enum class poll : unsigned char {
  none = 0,
  in = 1,   ///< a whole message, or bytes, can be read
  out = 2,  ///< a send or a write would not wait
  error =
      4,  ///< reported without being asked for: a socket is closed, a descriptor failed or its other end is gone
  urgent = 8,  ///< a descriptor has out-of-band data
};

constexpr poll operator|(poll a, poll b) noexcept
{
  return static_cast<poll>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr poll& operator|=(poll& a, poll b) noexcept
{
  return a = a | b;
}
constexpr bool operator&(poll a, poll b) noexcept
{
  return (static_cast<unsigned>(a) & static_cast<unsigned>(b)) != 0;
}

}  // namespace cozmq

namespace cozmq::detail {

/// A set of its own inside the event loop's one: Asio would make the descriptors non-blocking, which their owner, or
/// another process that shares a terminal, would notice.
class descriptor_set final : private engine::shutdown_hook {
 public:
  explicit descriptor_set(asio::any_io_executor executor) : executor_{std::move(executor)} {}
  descriptor_set(descriptor_set const&) = delete;
  descriptor_set& operator=(descriptor_set const&) = delete;
  ~descriptor_set()
  {
    if (set_)
      engine::shutdown_service::of(executor_).remove(*this);
  }

  std::error_code add(int fd, poll wanted)
  {
    if (!set_) {
      int const made = ::epoll_create1(EPOLL_CLOEXEC);
      if (made < 0)
        return last_error();
      set_.emplace(executor_, made);
      engine::shutdown_service::of(executor_).add(*this);
    }
    if (control(EPOLL_CTL_ADD, fd, wanted) == 0) {
      ++size_;
      modify(fd, wanted);
    } else if (errno == EPERM) {
      files_.emplace_back(fd, wanted);
    } else {
      return last_error();
    }
    return {};
  }

  void modify(int fd, poll wanted)
  {
    if (auto const at = file(fd); at != files_.end())
      at->second = wanted;
    else if (wanted == poll::none)
      control(EPOLL_CTL_DEL, fd, wanted);  // its errors would be reported otherwise
    else if (control(EPOLL_CTL_MOD, fd, wanted) != 0)
      control(EPOLL_CTL_ADD, fd, wanted);
  }

  // The owner may have closed it already.
  void remove(int fd)
  {
    if (auto const at = file(fd); at != files_.end()) {
      files_.erase(at);
    } else if (size_ > 0) {
      control(EPOLL_CTL_DEL, fd, poll::none);
      --size_;
    }
  }

  /// Calls `found(fd, what)` for each descriptor on which something is to be seen now.
  template <class Found>
  void scan(Found&& found)
  {
    for (auto const& [fd, wanted] : files_)
      found(fd, (wanted & poll::in ? poll::in : poll::none) | (wanted & poll::out ? poll::out : poll::none));
    if (size_ == 0 || !set_)
      return;
    events_.resize(size_);
    int const count =
        ::epoll_wait(set_->native_handle(), events_.data(), static_cast<int>(events_.size()), 0);
    for (epoll_event const& each : std::span{events_.data(), static_cast<std::size_t>(std::max(count, 0))})
      found(each.data.fd, from_system(each.events));
  }

  // `executor`: of who waits. The poller's own may be one of many threads, such as a pool of which that is a strand.
  void arm(std::shared_ptr<selection> const& s, asio::any_io_executor const& executor)
  {
    if (size_ == 0 || (armed_ && *armed_))
      return;
    armed_ = std::make_shared<bool>(true);
    auto const seen = [s, armed = armed_](std::error_code ec) {
      if (std::exchange(*armed, false) && ec != asio::error::operation_aborted)
        s->fire();
    };
    set_->async_wait(asio::posix::stream_descriptor::wait_read, asio::bind_executor(executor, seen));
  }

  void disarm() noexcept
  {
    std::error_code ignored;
    if (armed_ && std::exchange(*armed_, false) && set_)
      set_->cancel(ignored);
  }

 private:
  void on_context_shutdown() noexcept override
  {
    set_.reset();
    files_.clear();
    size_ = 0;
  }

  std::vector<std::pair<int, poll>>::iterator file(int fd)
  {
    return std::ranges::find(files_, fd, &std::pair<int, poll>::first);
  }

  static std::error_code last_error() noexcept { return {errno, std::system_category()}; }

  int control(int what, int fd, poll wanted)
  {
    epoll_event event{};
    event.events = to_system(wanted);
    event.data.fd = fd;
    return set_ ? ::epoll_ctl(set_->native_handle(), what, fd, &event) : 0;
  }

  static constexpr std::array<std::pair<poll, std::uint32_t>, 3> words{
      {{poll::in, EPOLLIN}, {poll::out, EPOLLOUT}, {poll::urgent, EPOLLPRI}}};

  static std::uint32_t to_system(poll wanted) noexcept
  {
    std::uint32_t result = 0;
    for (auto const& [ours, theirs] : words)
      result |= wanted & ours ? theirs : 0U;
    return result;
  }

  static poll from_system(std::uint32_t events) noexcept
  {
    poll result = events & (EPOLLERR | EPOLLHUP) ? poll::error : poll::none;
    for (auto const& [ours, theirs] : words)
      result |= events & theirs ? ours : poll::none;
    return result;
  }

  asio::any_io_executor executor_;
  std::optional<asio::posix::stream_descriptor> set_;
  std::size_t size_ = 0;
  std::vector<std::pair<int, poll>>
      files_;  // regular ones: there is no readiness to wait for, they always are
  std::vector<epoll_event> events_;
  std::shared_ptr<bool> armed_;  // of the wait that is pending
};

}  // namespace cozmq::detail
