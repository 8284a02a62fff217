// A child process with its standard input and output as Asio streams.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>
#include <vector>

extern char** environ;

namespace cozmq::test {

class child_process {
 public:
  // `command` is the path of the program and its arguments. Its standard error is ours.
  child_process(asio::io_context& io, std::vector<std::string> command) : input_{io}, output_{io}
  {
    std::array<int, 2> to_child{};
    std::array<int, 2> from_child{};
    check(::pipe2(to_child.data(), O_CLOEXEC) == 0 ? 0 : errno);
    check(::pipe2(from_child.data(), O_CLOEXEC) == 0 ? 0 : errno);
    input_.assign(to_child[1]);
    output_.assign(from_child[0]);

    std::vector<char*> arguments;
    for (std::string& argument : command)
      arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
    int const failed = ::posix_spawn(&pid_, arguments.front(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(to_child[0]);
    ::close(from_child[1]);
    check(failed);
  }

  child_process(child_process const&) = delete;
  child_process& operator=(child_process const&) = delete;
  ~child_process()
  {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  // Ends it at once, as a crash would; what it has printed can still be read.
  void kill() { ::kill(pid_, SIGKILL); }

  // The next line it prints, without its end; empty at the end of its output.
  asio::awaitable<std::string> read_line()
  {
    std::error_code ended;
    std::size_t const length = co_await asio::async_read_until(
        output_, asio::dynamic_buffer(text_), '\n', asio::redirect_error(asio::use_awaitable, ended));
    if (ended)
      co_return std::string{};
    std::string line = text_.substr(0, length - 1);
    text_.erase(0, length);
    co_return line;
  }

  asio::awaitable<void> write_line(std::string line)
  {
    line += '\n';
    co_await asio::async_write(input_, asio::buffer(line), asio::use_awaitable);
  }

  // Reads to the end of its output, and returns its exit status, or minus the signal that ended it.
  asio::awaitable<int> wait()
  {
    std::error_code ended;
    while (!ended) {
      text_.clear();
      co_await asio::async_read_until(output_, asio::dynamic_buffer(text_), '\n',
                                      asio::redirect_error(asio::use_awaitable, ended));
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    co_return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  static void check(int error)
  {
    if (error != 0)
      throw std::system_error{error, std::generic_category(), "cannot start a child process"};
  }

  asio::posix::stream_descriptor input_;
  asio::posix::stream_descriptor output_;
  std::string text_;
  pid_t pid_ = -1;
};

}  // namespace cozmq::test
