// The conformance device: one cozmq socket, driven by lines on stdin, that reports on stdout.
#include <cozmq/cozmq.hpp>
#if __has_include(<cozmq/curve.hpp>) && defined(COZMQ_WITH_CURVE)
#include <cozmq/curve.hpp>
#define DEVICE_HAS_CURVE
#endif

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

struct arguments {
  std::string type = "PULL";
  std::string bind;
  std::string connect;
  std::vector<std::pair<std::string, std::string>> options;
};

std::string from_hex(std::string_view digits)
{
  std::string bytes;
  for (; digits.size() >= 2; digits.remove_prefix(2)) {
    unsigned value = 0;
    char const* const at = &digits.front();
    if (std::from_chars(at, at + 2, value, 16).ptr != at + 2)
      throw std::invalid_argument{fmt::format("not hex: {}", digits.substr(0, 20))};
    bytes += static_cast<char>(value);
  }
  return bytes;
}

cozmq::message message_from_hex(std::string_view text)
{
  cozmq::message message;
  for (;;) {
    std::size_t comma = std::min(text.find(','), text.size());
    message.push_back(cozmq::frame{from_hex(text.substr(0, comma))});
    if (comma == text.size())
      return message;
    text.remove_prefix(comma + 1);
  }
}

#ifdef DEVICE_HAS_CURVE
cozmq::curve_secret_key secret_key_from_hex(std::string_view digits)
{
  std::string const bytes = from_hex(digits);
  if (bytes.size() != 32)
    throw std::invalid_argument{"a key has 64 digits"};
  return cozmq::curve_secret_key::from_bytes(cozmq::as_bytes(bytes).first<32>());
}

// "server's public key,own public key,own secret key"
cozmq::option::curve_client curve_client_from_hex(std::string_view keys)
{
  auto const server = cozmq::curve_public_key::from_bytes(from_hex(keys.substr(0, keys.find(','))));
  if (!server)
    throw std::invalid_argument{"a key has 64 digits"};
  return {cozmq::curve_keys{secret_key_from_hex(keys.substr(keys.rfind(',') + 1))}, *server};
}
#endif

// What the device says, written by a thread of its own: who floods it does not wait for whoever reads that.
class printer {
 public:
  printer() = default;
  printer(printer const&) = delete;
  printer& operator=(printer const&) = delete;
  ~printer()
  {
    {
      std::lock_guard const lock{mutex_};
      ends_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void operator()(std::string_view line)
  {
    {
      std::lock_guard const lock{mutex_};
      lines_.append(line).append(1, '\n');
    }
    changed_.notify_all();
  }

  // Waits until all of it is written.
  void flush()
  {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return lines_.empty() && !writing_; });
  }

 private:
  void work()
  {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [&] { return ends_ || !lines_.empty(); });
      if (lines_.empty())
        return;
      std::string const now = std::exchange(lines_, {});
      writing_ = true;
      lock.unlock();
      std::fwrite(now.data(), 1, now.size(), stdout);
      std::fflush(stdout);
      lock.lock();
      writing_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string lines_;
  bool writing_ = false;
  bool ends_ = false;
  std::thread thread_{[this] { work(); }};
};

// Of a long part only the first 400 bytes are shown, and how many more there are.
std::string as_line(cozmq::message const& message)
{
  constexpr std::size_t shown = 400;
  constexpr char digits[] = "0123456789abcdef";
  std::string line = "MSG ";
  for (std::size_t i = 0; i < message.size(); ++i) {
    if (i != 0)
      line += ',';
    std::string_view const part = message[i].view();
    std::string_view const head = part.substr(0, shown);
    // Not digit by digit: a flood of messages is printed as fast as a sanitized build can.
    std::size_t at = line.size();
    line.resize(at + 2 * head.size());
    char* out = line.data() + at;
    for (char byte : head) {
      *out++ = digits[static_cast<unsigned char>(byte) >> 4];
      *out++ = digits[static_cast<unsigned char>(byte) & 15];
    }
    if (part.size() > shown)
      line += fmt::format("+{}", part.size() - shown);
  }
  return line;
}

// The number after SENT: what libzmq's errno would be, where there is such a thing.
int errno_of(std::error_code ec)
{
  if (ec == asio::error::operation_aborted || ec == cozmq::errc::would_block)
    return EAGAIN;
  std::error_condition condition = ec.default_error_condition();
  return condition.category() == std::generic_category() ? condition.value() : 100'000 + ec.value();
}

template <typename Pattern>
class device {
 public:
  device(asio::io_context& io, cozmq::context& ctx) : io_{io}, socket_{ctx}, input_{io, ::dup(STDIN_FILENO)}
  {
  }

  void configure(std::string const& name, std::string const& value)
  {
    namespace option = cozmq::option;
    auto number = [&] { return std::stoll(value); };
    auto size = [&] { return static_cast<std::size_t>(number()); };
    auto duration = [&] { return std::chrono::milliseconds{number()}; };

    if (name == "handshake_ms")
      set(option::handshake_timeout{duration()});
    else if (name == "maxmsg")
      set(option::max_message_size{size()});
    else if (name == "rcvhwm")
      set(option::receive_hwm{size()});
    else if (name == "sndhwm")
      set(option::send_hwm{size()});
    else if (name == "identity")
      set(option::routing_id{from_hex(value)});
    else if (name == "hb_ivl")
      set(option::heartbeat_interval{duration()});
    else if (name == "hb_timeout")
      set(option::heartbeat_timeout{duration()});
    else if (name == "hb_ttl")
      set(option::heartbeat_ttl{duration()});
    else if (name == "reconnect_ms")
      set(option::reconnect_interval{duration()});
    else if (name == "linger")
      set(option::linger{duration()});
    else if (name == "mandatory")
      set(option::router_mandatory{number() != 0});
    else if (name == "handover")
      set(option::router_handover{number() != 0});
    else if (name == "xpub_verbose")
      set(option::xpub_verbose{number() != 0});
    else if (name == "plain_server" && number() != 0)
      set(option::plain_server{});
    else if (name == "plain_user")
      set(option::plain_client{user_ = value, password_});
    else if (name == "plain_pass")
      set(option::plain_client{user_, password_ = value});
    else if (name == "zap")
      set(authenticator_that(value));
    else if (name == "zap_domain")
      set(option::zap_domain{value});
#ifdef DEVICE_HAS_CURVE
    else if (name == "curve_server")
      set(option::curve_server{cozmq::curve_keys{secret_key_from_hex(value)}});
    else if (name == "curve_client")
      set(curve_client_from_hex(value));
#endif
    else if (name == "subscribe")
      subscribe(from_hex(value));
    else
      throw std::invalid_argument{fmt::format("this device does not offer the option {}", name)};
  }

  void start(arguments const& args)
  {
    set(cozmq::option::linger{0ms});
    set(cozmq::option::reconnect_interval{50ms});
    for (auto const& [name, value] : args.options)
      configure(name, value);
    if (args.connect.empty()) {
      say_(fmt::format("BOUND {}", socket_.bind(args.bind)));
    } else {
      socket_.connect(args.connect);
      say_("CONNECTING");
    }
    spawn(obey());
    resume_receiving();
  }

 private:
  // What answers as a ZAP handler would that does what the cases call `what`.
  cozmq::option::authenticator authenticator_that(std::string const& what)
  {
    using cozmq::auth_reply;
    if (what == "none")
      return cozmq::option::authenticator::none();
    if (what == "silent")
      return cozmq::option::authenticator{
          [this](auto const&, cozmq::auth_request const&, cozmq::engine::auth_answer answer) {
            unanswered_.push_back(std::move(answer));
          }};
    return cozmq::option::authenticator{[what](cozmq::auth_request const& peer) {
      if (what == "300")
        return auth_reply::refuse_for_now("as zap=300 asks");
      if (what == "400")
        return auth_reply::refuse("as zap=400 asks");
      if (what != "200")
        return auth_reply::fail("as zap=" + what + " asks");
      bool const good = peer.mechanism != "PLAIN" || (peer.user_name == "admin" && peer.password == "secret");
      return good ? auth_reply::admit("user") : auth_reply::refuse("wrong name or password");
    }};
  }

  // An option that this socket type has no use for is ignored, as libzmq does.
  template <typename Option>
  void set(Option const& value)
  {
    if constexpr (Option::applies_to(Pattern::type))
      socket_.set_option(value);
  }

  void spawn(asio::awaitable<void> task)
  {
    asio::co_spawn(io_, std::move(task), [](std::exception_ptr failure) {
      if (failure)
        std::rethrow_exception(failure);
    });
  }

  asio::awaitable<void> obey()
  {
    std::string text;
    for (;;) {
      std::error_code ec;
      std::size_t length = co_await asio::async_read_until(input_, asio::dynamic_buffer(text), '\n',
                                                           asio::redirect_error(asio::use_awaitable, ec));
      if (ec)
        break;
      std::string line = text.substr(0, length - 1);
      text.erase(0, length);
      if (line == "QUIT")
        break;
      if (line.starts_with("SUB "))
        subscribe(from_hex(line.substr(4)));
      else if (line.starts_with("UNSUB "))
        unsubscribe(from_hex(line.substr(6)));
      else if (line.starts_with("SEND "))
        co_await send(message_from_hex(std::string_view{line}.substr(5)),
                      text.find('\n') != std::string::npos);
    }
    socket_.close();
  }

  void subscribe(std::string const& topic)
  {
    if constexpr (Pattern::type == cozmq::socket_type::sub || Pattern::type == cozmq::socket_type::xsub)
      socket_.subscribe(topic);
  }

  void unsubscribe(std::string const& topic)
  {
    if constexpr (Pattern::type == cozmq::socket_type::sub || Pattern::type == cozmq::socket_type::xsub)
      socket_.unsubscribe(topic);
  }

  asio::awaitable<std::error_code> send_within(std::chrono::seconds limit, cozmq::message message)
  {
    auto stop = std::make_shared<asio::cancellation_signal>();  // the timer handler may outlive this call
    asio::steady_timer timer{io_, limit};
    timer.async_wait([stop](std::error_code expired) {
      if (!expired)
        stop->emit(asio::cancellation_type::terminal);
    });
    std::error_code ec;
    co_await socket_.async_send(
        std::move(message),
        asio::bind_cancellation_slot(stop->slot(), asio::redirect_error(asio::use_awaitable, ec)));
    co_return ec;
  }

  asio::awaitable<void> send(cozmq::message message, bool more_commands)
  {
    std::error_code ec = cozmq::errc::not_supported;
    if constexpr (cozmq::can_send<Pattern>) {
      // What can be sent at once is reported at once, before the peer can have seen it.
      if (!socket_.try_send(message, ec) && ec == cozmq::errc::would_block)
        ec = co_await send_within(1s, std::move(message));
    }
    say_(fmt::format("SENT {}", ec ? errno_of(ec) : 0));
    say_.flush();
    // The runner reads this answer and the wire in two threads and takes an answer that is later than the frame for
    // that to its next command: hold the frame of a single command back for a moment, but not those of a burst.
    auto const now = std::chrono::steady_clock::now();
    if (!more_commands && now - std::exchange(last_send_, now) > 50ms)
      ::poll(nullptr, 0, 3);
    if (!ec)
      resume_receiving();
    co_return;
  }

  // REQ and REP receive in turn with sending: the loop ends when it is the application's turn to send, and
  // every successful send starts it again.
  void resume_receiving()
  {
    if constexpr (cozmq::can_receive<Pattern>) {
      turn_changed_ = receiving_;
      if (!std::exchange(receiving_, true))
        spawn(receive());
    }
  }

  // What else is there: a flood has to be taken as fast as it comes, by a sanitized build too.
  std::string lines_at_once()
  {
    std::string lines;
    std::error_code ec;
    while (lines.size() < 64 * 1024) {
      std::optional<cozmq::message> const message = socket_.try_recv(ec);
      if (!message)
        break;
      lines.append(1, '\n').append(as_line(*message));
    }
    return lines;
  }

  asio::awaitable<void> receive()
  {
    for (;;) {
      std::error_code ec;
      cozmq::message message = co_await socket_.async_recv(asio::redirect_error(asio::use_awaitable, ec));
      if (!ec)
        say_(as_line(message) + lines_at_once());
      else if (ec != cozmq::errc::wrong_state || !std::exchange(turn_changed_, false))
        break;
    }
    receiving_ = false;
  }

  asio::io_context& io_;
  printer say_;
  cozmq::basic_socket<Pattern> socket_;
  asio::posix::stream_descriptor input_;
  bool receiving_ = false;
  bool turn_changed_ = false;
  std::chrono::steady_clock::time_point last_send_{};
  std::string user_;
  std::string password_;
  std::vector<cozmq::engine::auth_answer> unanswered_;
};

template <typename Pattern>
int serve(arguments const& args)
{
  asio::io_context io;
  cozmq::context ctx{io};
  device<Pattern> dut{io, ctx};
  dut.start(args);
  io.run();
  return 0;
}

int serve(arguments const& args)
{
  if (args.type == "PAIR")
    return serve<cozmq::pattern::pair>(args);
  if (args.type == "PUSH")
    return serve<cozmq::pattern::push>(args);
  if (args.type == "PULL")
    return serve<cozmq::pattern::pull>(args);
  if (args.type == "PUB")
    return serve<cozmq::pattern::pub>(args);
  if (args.type == "SUB")
    return serve<cozmq::pattern::sub>(args);
  if (args.type == "XPUB")
    return serve<cozmq::pattern::xpub>(args);
  if (args.type == "XSUB")
    return serve<cozmq::pattern::xsub>(args);
  if (args.type == "REQ")
    return serve<cozmq::pattern::req>(args);
  if (args.type == "REP")
    return serve<cozmq::pattern::rep>(args);
  if (args.type == "DEALER")
    return serve<cozmq::pattern::dealer>(args);
  if (args.type == "ROUTER")
    return serve<cozmq::pattern::router>(args);
  throw std::invalid_argument{fmt::format("this device does not offer the socket type {}", args.type)};
}

arguments parse(int argc, char* argv[])
{
  arguments args;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string_view key = argv[i];
    std::string value = argv[i + 1];
    if (key == "--type")
      args.type = value;
    else if (key == "--bind")
      args.bind = value;
    else if (key == "--connect")
      args.connect = value;
    else if (std::size_t equals = value.find('='); key == "--opt" && equals != std::string::npos)
      args.options.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    else
      throw std::invalid_argument{fmt::format("unknown argument {} {}", key, value)};
  }
  if (args.bind.empty() == args.connect.empty())
    throw std::invalid_argument{"give --type TYPE and one of --bind ENDPOINT and --connect ENDPOINT"};
  return args;
}

}  // namespace

// Of what was freed AddressSanitizer keeps so much (its default is 256): a flood does not pay for fresh pages all the time.
extern "C" char const* __asan_default_options()  // NOLINT(readability-identifier-naming): its name
{
  return "quarantine_size_mb=16";
}

int main(int argc, char* argv[])
{
  if (argc == 2 && argv[1] == std::string_view{"--offers"}) {
    fmt::print("PLAIN\n");
#ifdef DEVICE_HAS_CURVE
    fmt::print("CURVE\n");
#endif
    return 0;
  }
  try {
    return serve(parse(argc, argv));
  } catch (std::invalid_argument const& failure) {
    fmt::print(stderr, "{}\n", failure.what());
    return 2;
  } catch (std::exception const& failure) {
    fmt::print(stderr, "ERR {}\n", failure.what());
    return 3;
  }
}
