// A file descriptor that one thread makes readable and another one silent again.
#pragma once

#include <cozmq/core/error.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace cozmq::detail {

/// Thread-safe. Throws `error` when the system has no more descriptors.
class event_descriptor {
 public:
  event_descriptor() : fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}
  {
    if (fd_ < 0)
      throw error{std::error_code{errno, std::generic_category()}};
  }
  event_descriptor(event_descriptor const&) = delete;
  event_descriptor& operator=(event_descriptor const&) = delete;
  ~event_descriptor() { ::close(fd_); }

  int descriptor() const noexcept { return fd_; }

  void ring() noexcept
  {
    std::uint64_t const one = 1;
    (void)!::write(fd_, &one, sizeof one);
  }

  void quieten() noexcept
  {
    std::uint64_t rung = 0;
    (void)!::read(fd_, &rung, sizeof rung);
  }

 private:
  int fd_;
};

}  // namespace cozmq::detail
