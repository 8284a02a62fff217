// The second process of a measurement, and the pipe through which one side tells the other its endpoint.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace bench {

/// A line of text from one process to the other. Made before the fork, so that both have it.
class line_pipe {
 public:
  line_pipe()
  {
    if (::pipe(ends_) != 0) {
      throw std::system_error{errno, std::generic_category(), "pipe"};
    }
  }
  line_pipe(line_pipe const&) = delete;
  line_pipe& operator=(line_pipe const&) = delete;
  ~line_pipe()
  {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  void write(std::string text)
  {
    text += '\n';  // far below PIPE_BUF, so one write takes it whole
    if (::write(ends_[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw std::system_error{errno, std::generic_category(), "write to the other process"};
    }
  }

  std::string read()
  {
    std::string text;
    for (char c = 0;;) {
      if (::read(ends_[0], &c, 1) != 1) {
        throw std::system_error{errno, std::generic_category(), "read from the other process"};
      }
      if (c == '\n') {
        return text;
      }
      text += c;
    }
  }

 private:
  int ends_[2];
};

/// Runs `body` in a forked process, which lives no longer than this object or this process.
class partner {
 public:
  template <class Body>
  explicit partner(Body body)
  {
    pid_t const parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) {
      throw std::system_error{errno, std::generic_category(), "fork"};
    }
    if (pid_ == 0) {
      run_as_child(parent, body);
    }
  }
  partner(partner const&) = delete;
  partner& operator=(partner const&) = delete;
  ~partner() { stop(); }

  /// Ends the process now, before what it talks to goes away and upsets it.
  void stop()
  {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = -1;
    }
  }

  pid_t pid() const { return pid_; }

 private:
  template <class Body>
  [[noreturn]] static void run_as_child(pid_t parent, Body& body)
  {
#ifdef __linux__
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (::getppid() != parent) {
      ::_exit(1);
    }
    try {
      body();
    } catch (std::exception const& e) {
      std::fprintf(stderr, "second process: %s\n", e.what());
      ::kill(parent, SIGTERM);  // it would wait for ever
    }
    ::_exit(1);
  }

  pid_t pid_;
};

}  // namespace bench
