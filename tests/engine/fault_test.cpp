// Every call into the operating system fails once: the user is told, or the library recovers by itself.
#include "support/run_test.hpp"
#include <cozmq/cozmq.hpp>

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>

// The C library's functions are defined again below, and so come before its own for the whole program. They call the
// original, unless the thread is to see a failure.
namespace {

constexpr int partly = -1;  // no error: only the first octet is read or written

struct fault_plan {
  std::size_t calls_to_go = 0;  // zero: no fault
  std::size_t variant = 0;      // which of a call's errors
  std::string_view hit;         // the call that failed
};
thread_local fault_plan plan;

constexpr std::size_t most_variants = 4;

// Counts a call. Zero, or how it is to fail.
int fault(std::string_view call, std::array<int, most_variants> const& errors) noexcept
{
  if (plan.calls_to_go == 0 || --plan.calls_to_go > 0)
    return 0;
  plan.hit = call;
  return errors[plan.variant];
}

// For calls with a descriptor: those of event queues and pipes are none of ours.
int fault(std::string_view call, int descriptor, std::array<int, most_variants> const& errors) noexcept
{
  struct stat info{};
  if (plan.calls_to_go == 0 || ::fstat(descriptor, &info) != 0 || !S_ISSOCK(info.st_mode))
    return 0;
  return fault(call, errors);
}

template <typename Function>
Function* original(Function*, char const* name) noexcept
{
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

template <typename Result = int>
Result failing(int error) noexcept
{
  errno = error;
  return static_cast<Result>(-1);
}

}  // namespace

extern "C" {

int socket(int domain, int type, int protocol) noexcept
{
  static auto* const real = original(&socket, "socket");
  int const error = fault("socket", {EMFILE, ENOBUFS, ENFILE, EACCES});
  return error != 0 ? failing(error) : real(domain, type, protocol);
}

int bind(int s, sockaddr const* at, socklen_t size) noexcept
{
  static auto* const real = original(&bind, "bind");
  int const error = fault("bind", s, {EADDRINUSE, ENOMEM, EACCES, EADDRNOTAVAIL});
  return error != 0 ? failing(error) : real(s, at, size);
}

int listen(int s, int backlog) noexcept
{
  static auto* const real = original(&listen, "listen");
  int const error = fault("listen", s, {EADDRINUSE, ENOMEM, ENOBUFS, EACCES});
  return error != 0 ? failing(error) : real(s, backlog);
}

int accept(int s, sockaddr* from, socklen_t* size)
{
  static auto* const real = original(&accept, "accept");
  int const error = fault("accept", s, {EMFILE, ECONNABORTED, EPROTO, EINTR});
  return error != 0 ? failing(error) : real(s, from, size);
}

int accept4(int s, sockaddr* from, socklen_t* size, int flags)
{
  static auto* const real = original(&accept4, "accept4");
  int const error = fault("accept4", s, {EMFILE, ECONNABORTED, EPROTO, EINTR});
  return error != 0 ? failing(error) : real(s, from, size, flags);
}

int connect(int s, sockaddr const* to, socklen_t size)
{
  static auto* const real = original(&connect, "connect");
  int const error = fault("connect", s, {ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EINTR});
  return error != 0 ? failing(error) : real(s, to, size);
}

ssize_t recv(int s, void* to, size_t size, int flags)
{
  static auto* const real = original(&recv, "recv");
  int const error = fault("recv", s, {ECONNRESET, partly, EAGAIN, EINTR});
  return error > 0 ? failing<ssize_t>(error)
                   : real(s, to, error == partly ? std::min(size, size_t{1}) : size, flags);
}

ssize_t recvmsg(int s, msghdr* to, int flags)
{
  static auto* const real = original(&recvmsg, "recvmsg");
  int const error = fault("recvmsg", s, {ECONNRESET, partly, ETIMEDOUT, ENOMEM});
  if (error > 0)
    return failing<ssize_t>(error);
  if (error == 0 || to->msg_iovlen == 0)
    return real(s, to, flags);
  iovec first{to->msg_iov[0].iov_base, std::min(to->msg_iov[0].iov_len, size_t{1})};
  msghdr brief = *to;
  brief.msg_iov = &first;
  brief.msg_iovlen = 1;
  return real(s, &brief, flags);
}

ssize_t send(int s, void const* from, size_t size, int flags)
{
  static auto* const real = original(&send, "send");
  int const error = fault("send", s, {ECONNRESET, partly, EPIPE, EAGAIN});
  return error > 0 ? failing<ssize_t>(error)
                   : real(s, from, error == partly ? std::min(size, size_t{1}) : size, flags);
}

ssize_t sendmsg(int s, msghdr const* from, int flags)
{
  static auto* const real = original(&sendmsg, "sendmsg");
  int const error = fault("sendmsg", s, {ECONNRESET, partly, ENOBUFS, EAGAIN});
  if (error > 0)
    return failing<ssize_t>(error);
  if (error == 0 || from->msg_iovlen == 0)
    return real(s, from, flags);
  iovec first{from->msg_iov[0].iov_base, std::min(from->msg_iov[0].iov_len, size_t{1})};
  msghdr brief = *from;
  brief.msg_iov = &first;
  brief.msg_iovlen = 1;
  return real(s, &brief, flags);
}

int setsockopt(int s, int level, int name, void const* value, socklen_t size) noexcept
{
  static auto* const real = original(&setsockopt, "setsockopt");
  int const error = fault("setsockopt", s, {ENOMEM, EINVAL, ENOPROTOOPT, EACCES});
  return error != 0 ? failing(error) : real(s, level, name, value, size);
}

int getsockopt(int s, int level, int name, void* value, socklen_t* size) noexcept
{
  static auto* const real = original(&getsockopt, "getsockopt");
  int const error = fault("getsockopt", s, {ENOMEM, EINVAL, ENOPROTOOPT, EACCES});
  return error != 0 ? failing(error) : real(s, level, name, value, size);
}

int getsockname(int s, sockaddr* at, socklen_t* size) noexcept
{
  static auto* const real = original(&getsockname, "getsockname");
  int const error = fault("getsockname", s, {ENOBUFS, EINVAL, ENOMEM, EACCES});
  return error != 0 ? failing(error) : real(s, at, size);
}

int getpeername(int s, sockaddr* at, socklen_t* size) noexcept
{
  static auto* const real = original(&getpeername, "getpeername");
  int const error = fault("getpeername", s, {ENOTCONN, ENOBUFS, EINVAL, ENOMEM});
  return error != 0 ? failing(error) : real(s, at, size);
}

int shutdown(int s, int how) noexcept
{
  static auto* const real = original(&shutdown, "shutdown");
  int const error = fault("shutdown", s, {ENOTCONN, ENOBUFS, EINVAL, ENOMEM});
  return error != 0 ? failing(error) : real(s, how);
}

int epoll_ctl(int queue, int operation, int s, epoll_event* event) noexcept
{
  static auto* const real = original(&epoll_ctl, "epoll_ctl");
  // The kernel needs memory for a new descriptor only; Asio does not look at the result of a change.
  int const error = operation == EPOLL_CTL_ADD ? fault("epoll_ctl", s, {ENOMEM, ENOSPC, ENOMEM, ENOSPC}) : 0;
  return error != 0 ? failing(error) : real(queue, operation, s, event);
}

int ioctl(int s, unsigned long request, ...) noexcept
{
  static auto* const real = original(&ioctl, "ioctl");
  va_list arguments;
  va_start(arguments, request);
  void* const value = va_arg(arguments, void*);
  va_end(arguments);
  int const error = fault("ioctl", s, {ENOMEM, EINVAL, EIO, ENOTTY});
  return error != 0 ? failing(error) : real(s, request, value);
}

int remove(char const* path) noexcept
{
  static auto* const real = original(&remove, "remove");
  int const error = fault("remove", {EACCES, EBUSY, EROFS, EIO});
  return error != 0 ? failing(error) : real(path);
}

char* mkdtemp(char* path) noexcept
{
  static auto* const real = original(&mkdtemp, "mkdtemp");
  int const error = fault("mkdtemp", {EACCES, ENOSPC, EROFS, ENOMEM});
  errno = error;
  return error != 0 ? nullptr : real(path);
}

}  // extern "C"

namespace {

using namespace std::chrono_literals;

std::size_t open_descriptors()
{
  auto const all = std::filesystem::directory_iterator{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// A directory for ipc sockets, which they all leave as it was.
class directory {
 public:
  directory() : path_{std::filesystem::temp_directory_path() / ("cozmq-fault-" + std::to_string(::getpid()))}
  {
    std::filesystem::create_directory(path_);
  }
  directory(directory const&) = delete;
  directory& operator=(directory const&) = delete;
  ~directory() { std::filesystem::remove_all(path_); }

  std::string endpoint() const { return "ipc://" + (path_ / "socket").string(); }
  bool empty() const { return std::filesystem::is_empty(path_); }
  void clear() const
  {
    for (auto const& file : std::filesystem::directory_iterator{path_})
      std::filesystem::remove_all(file);
  }

 private:
  std::filesystem::path path_;
};

// A socket is bound again when the first attempt met the fault, of which it must tell.
template <typename Socket>
std::string bind_in_the_end(Socket& socket, std::string const& endpoint)
{
  std::error_code ec;
  std::string bound = socket.bind(endpoint, ec);
  if (!ec)
    return bound;
  REQUIRE(!plan.hit.empty());
  REQUIRE(!ec.message().empty());
  if (endpoint.starts_with("ipc://") && plan.hit != "remove")
    REQUIRE(std::filesystem::is_empty(std::filesystem::path{endpoint.substr(6)}.parent_path()));
  return socket.bind(endpoint);
}

// Three frames whose parts all tell the number of the message, of some 40 or some 40'000 bytes.
cozmq::message numbered(std::size_t n)
{
  std::string const text = std::to_string(n);
  return {text, std::string(n % 8 == 0 ? 40'000 : n % 37, 'x'), text};
}

void check(cozmq::message const& m, std::size_t& last)
{
  REQUIRE(m.size() == 3);
  REQUIRE(m[0].view() == m[2].view());
  std::size_t const n = std::stoul(m[0].str());
  REQUIRE(m[1].size() == (n % 8 == 0 ? 40'000 : n % 37));
  REQUIRE(n > last);  // neither repeated nor overtaken
  last = n;
}

// Sends until `many` more have arrived, one of them sent after the fault if there was one on the way.
template <typename Sender, typename Receiver>
asio::awaitable<void> deliver(Sender& from, Receiver& to, std::size_t& sent, std::size_t& received,
                              std::size_t many)
{
  std::size_t at_fault = plan.hit.empty() ? 0 : sent;
  bool faulty = !plan.hit.empty();
  for (std::size_t arrived = 0; arrived < many || received <= at_fault;) {
    co_await from.send(numbered(++sent));
    auto got = co_await (to.recv() || cozmq::timeout(1ms));
    if (got.index() == 0) {
      check(std::get<0>(got), received);
      ++arrived;
    }
    if (!faulty && !plan.hit.empty()) {
      faulty = true;
      at_fault = sent;
    }
  }
}

// Small buffers, so that a large message does not leave in one piece; and nothing that takes its time.
template <typename Socket>
void hurry(Socket& socket)
{
  socket.set_option(cozmq::option::reconnect_interval{1ms});
  socket.set_option(cozmq::option::linger{20ms});
  socket.set_option(cozmq::option::send_buffer{4096});
  socket.set_option(cozmq::option::receive_buffer{4096});
}

// The binding socket gives its address up in the middle, takes it again, and the other one comes back.
template <typename Sender, typename Receiver>
void one_way(std::string const& endpoint, bool sender_binds)
{
  asio::io_context io;
  cozmq::context ctx{io};
  {
    Sender sender{ctx};
    Receiver receiver{ctx};
    hurry(sender);
    hurry(receiver);
    if constexpr (requires { receiver.subscribe(""); })
      receiver.subscribe("");
    std::size_t sent = 0;
    std::size_t received = 0;
    auto const work = [&](auto& binding, auto& connecting) -> asio::awaitable<void> {
      std::string const bound = bind_in_the_end(binding, endpoint);
      connecting.connect(bound);
      co_await deliver(sender, receiver, sent, received, 8);
      binding.unbind(bound);
      bind_in_the_end(binding, bound);
      co_await deliver(sender, receiver, sent, received, 8);
    };
    if (sender_binds)
      cozmq::test::run_test(io, work(sender, receiver));
    else
      cozmq::test::run_test(io, work(receiver, sender));
  }
  io.restart();
  io.run_for(10s);
  REQUIRE(io.stopped());  // nothing is left behind that would keep the program from its end
}

void ask_and_answer(std::string const& endpoint)
{
  asio::io_context io;
  cozmq::context ctx{io};
  {
    cozmq::rep_socket rep{ctx};
    cozmq::req_socket req{ctx};
    hurry(req);
    auto const serve = [&]() -> asio::awaitable<void> {
      for (;;) {
        cozmq::message question = co_await rep.recv();
        co_await rep.send(std::move(question));
      }
    };
    auto const ask = [&]() -> asio::awaitable<void> {
      std::string const bound = bind_in_the_end(rep, endpoint);
      req.connect(bound);
      for (std::size_t n = 7; n <= 9; ++n) {
        if (n == 8) {
          rep.unbind(bound);
          bind_in_the_end(rep, bound);
        }
        cozmq::message const reply = co_await req.request(numbered(n), {.timeout = 25ms, .retries = 200});
        REQUIRE(reply == numbered(n));
      }
    };
    cozmq::spawn(ctx, serve);
    cozmq::test::run_test(io, ask());
  }
  io.restart();
  io.run_for(10s);
  REQUIRE(io.stopped());
}

// Runs the scenario with a fault at its first call into the system, its second, and so on to the last.
template <typename Scenario>
void with_every_fault(std::size_t variants, Scenario const& scenario)
{
  cozmq::set_log(cozmq::log_level::off);
  directory ipc;
  std::size_t faults = 0;
  for (std::string const& endpoint : {std::string{"tcp://127.0.0.1:*"}, ipc.endpoint()}) {
    for (std::size_t variant = 0; variant < variants; ++variant) {
      for (std::size_t n = 1;; ++n) {
        std::size_t const descriptors = open_descriptors();
        INFO(endpoint << ", variant " << variant << ", call " << n);
        plan = {n, variant, {}};
        try {
          scenario(endpoint);
        } catch (...) {
          UNSCOPED_INFO("it was " << std::string{plan.hit});
          plan = {};
          throw;
        }
        std::string const hit{plan.hit};
        plan = {};
        INFO("it was " << hit);
        REQUIRE(open_descriptors() == descriptors);
        if (hit == "remove")
          ipc.clear();
        REQUIRE(ipc.empty());
        if (hit.empty())
          break;
        ++faults;
      }
    }
  }
  REQUIRE(faults > 100);
  cozmq::set_log(cozmq::log_level::warn);
}

}  // namespace

TEST_CASE("B31 B38 a PUSH delivers whole messages, once, in order, whichever call into the system fails")
{
  bool const sender_binds = GENERATE(false, true);
  with_every_fault(sender_binds ? 2 : most_variants, [&](std::string const& endpoint) {
    one_way<cozmq::push_socket, cozmq::pull_socket>(endpoint, sender_binds);
  });
}

TEST_CASE("B31 B25 a SUB has what is published, whichever call into the system fails")
{
  bool const sender_binds = GENERATE(false, true);
  with_every_fault(2, [&](std::string const& endpoint) {
    one_way<cozmq::pub_socket, cozmq::sub_socket>(endpoint, sender_binds);
  });
}

TEST_CASE("B31 B3 a request with retries is answered, whichever call into the system fails")
{
  with_every_fault(2, [](std::string const& endpoint) { ask_and_answer(endpoint); });
}
