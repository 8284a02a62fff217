// A socket in a process of its own, whose memory and processor time are measured from outside.
#pragma once

#include <cozmq/cozmq.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <fstream>
#include <new>
#include <string>
#include <system_error>

namespace hostile {

class victim {
 public:
  /// In the child `serve(ctx)` makes a socket, binds it, calls the second parameter with the endpoint, and does not end.
  template <class Serve>
  explicit victim(Serve serve)
  {
    void* const memory =
        ::mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(memory != MAP_FAILED);
    shared_ = ::new (memory) shared;
    ::malloc_trim(0);  // what the child inherits would look like its own
    std::array<int, 2> reports{};
    check(::pipe(reports.data()) == 0);
    pid_ = ::fork();
    check(pid_ >= 0);
    if (pid_ == 0) {
      ::close(reports[0]);
      live(serve, reports[1], *shared_);
    }
    ::close(reports[1]);
    bool const told = ::read(reports[0], &port_, sizeof port_) == sizeof port_;
    ::close(reports[0]);
    check(told);
  }

  victim(victim const&) = delete;
  victim& operator=(victim const&) = delete;
  ~victim()
  {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::munmap(shared_, sizeof(shared));
  }

  std::uint16_t port() const { return port_; }

  /// What it has in memory, in bytes.
  double resident() const
  {
    std::ifstream statm{"/proc/" + std::to_string(pid_) + "/statm"};
    double total = 0;
    double resident = 0;
    statm >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }

  /// What it has from malloc, in bytes. Takes a moment.
  double allocated() const
  {
    shared_->count = 0;
    ::kill(pid_, SIGUSR1);
    while (shared_->count == 0)
      ::usleep(1000);
    return static_cast<double>(shared_->count);
  }

  /// The processor time that it has used, in seconds.
  double cpu() const
  {
    clockid_t clock{};
    check(::clock_getcpuclockid(pid_, &clock) == 0);
    timespec used{};
    check(::clock_gettime(clock, &used) == 0);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
  }

 private:
  // In memory of both processes.
  struct shared {
    std::atomic<std::size_t> count{0};
  };

  static void check(bool good)
  {
    if (!good)
      throw std::system_error{errno, std::generic_category(), "the victim"};
  }

  template <class Serve>
  [[noreturn]] static void live(Serve& serve, int reports, shared& to)
  {
    try {
      // What strangers do is not worth a line each here.
      cozmq::set_log(cozmq::log_level::off);
      asio::io_context io;
      cozmq::context ctx{io};
      asio::signal_set asked{io, SIGUSR1};
      count_again(asked, to);
      serve(
          ctx,
          [reports](std::string const& endpoint) {
            auto const port =
                static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1)));
            if (::write(reports, &port, sizeof port) != sizeof port)
              ::_exit(1);
            ::close(reports);
          },
          io);
    } catch (std::exception const&) {
      ::_exit(1);
    }
    ::_exit(0);
  }

  static void count_again(asio::signal_set& asked, shared& to)
  {
    asked.async_wait([&](std::error_code ec, int) {
      if (ec)
        return;
      struct mallinfo2 const all = ::mallinfo2();
      to.count = all.uordblks + all.hblkhd;
      count_again(asked, to);
    });
  }

  shared* shared_ = nullptr;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

/// Binds `socket` and lets it live for ever; nobody receives.
template <class Report>
void stand_there(cozmq::pull_socket& socket, Report report, asio::io_context& io)
{
  report(socket.bind("tcp://127.0.0.1:*"));
  io.run();
}

}  // namespace hostile
