// Secrets are gone from memory once nobody needs them, and cannot be written over.
#include "curve/hand_made.hpp"
#include "support/catch.hpp"
#include "support/octets.hpp"
#include <cozmq/curve/client.hpp>
#include <cozmq/curve/key_file.hpp>
#include <cozmq/curve/keys.hpp>
#include <cozmq/curve/message_key.hpp>
#include <cozmq/curve/server.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

using namespace cozmq;
using namespace cozmq::test;

namespace {

// What lies in memory, whether there is an object or not; nothing, if there is no memory any more.
octets memory_at(void const* place, std::size_t size)
{
  curve::detail::descriptor const memory{::open("/proc/self/mem", O_RDONLY | O_CLOEXEC)};
  REQUIRE(memory.get() >= 0);
  octets result(size);
  auto const at = static_cast<::off_t>(reinterpret_cast<std::uintptr_t>(place));
  ::ssize_t const count = ::pread(memory.get(), result.data(), size, at);
  result.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return result;
}

bool has(octets const& memory, byte_view secret)
{
  REQUIRE_FALSE(secret.empty());
  return std::search(memory.begin(), memory.end(), secret.begin(), secret.end()) != memory.end();
}

// An object in memory that outlives it.
template <class T>
class placed {
 public:
  template <class... Args>
  explicit placed(Args&&... args) : object_{new(place_.data()) T{std::forward<Args>(args)...}}
  {
  }
  placed(placed const&) = delete;
  placed& operator=(placed const&) = delete;
  ~placed() { destroy(); }

  void destroy()
  {
    if (T* const object = std::exchange(object_, nullptr); object != nullptr)
      object->~T();
  }

  T* operator->() { return object_; }
  T& operator*() { return *object_; }

  bool holds(byte_view secret) const { return has(memory_at(place_.data(), place_.size()), secret); }

  bool holds_secret_of(octets const& public_key) const
  {
    octets const memory = memory_at(place_.data(), place_.size());
    for (std::size_t i = 0; i + 32 <= memory.size(); ++i) {
      octets made(32);
      if (crypto_scalarmult_base(curve::raw(made.data()), curve::raw(memory.data() + i)) == 0 &&
          made == public_key)
        return true;
    }
    return false;
  }

 private:
  alignas(T) std::array<std::byte, sizeof(T)> place_{};
  T* object_;
};

octets shared_by(octets const& public_key, octets const& secret_key)
{
  octets key(32);
  REQUIRE(crypto_box_beforenm(curve::raw(key.data()), sodium_view(public_key), sodium_view(secret_key)) == 0);
  return key;
}

octets message_key_of(octets const& shared, std::string_view prefix)
{
  octets key(32);
  REQUIRE(crypto_core_hsalsa20(curve::raw(key.data()), curve::raw(as_bytes(prefix).data()),
                               sodium_view(shared), nullptr) == 0);
  return key;
}

void say(wire::mechanism& to, std::string_view name, octets const& frame, octets& answer)
{
  octets const data = data_of(frame, name);
  REQUIRE((to.on_command({name, data}, answer).what != wire::mechanism_result::kind::failed));
}

// Runs `work` on a stack of its own, and returns what it left there.
template <class Work>
octets stack_after(Work work)
{
  constexpr std::size_t size = std::size_t{1} << 20;
  std::unique_ptr<void, decltype(&::free)> const stack{std::aligned_alloc(65536, size), &::free};
  REQUIRE(stack);
  ::pthread_attr_t how;
  REQUIRE(::pthread_attr_init(&how) == 0);
  REQUIRE(::pthread_attr_setstack(&how, stack.get(), size) == 0);
  ::pthread_t thread;
  auto const run = [](void* what) -> void* {
    (*static_cast<Work*>(what))();
    return nullptr;
  };
  REQUIRE(::pthread_create(&thread, &how, run, &work) == 0);
  REQUIRE(::pthread_join(thread, nullptr) == 0);
  ::pthread_attr_destroy(&how);
  return memory_at(stack.get(), size);
}

}  // namespace

TEST_CASE("nobody can write over a secret key")
{
  curve_keys const keys = curve_keys::generate();
  ::pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    ::rlimit const no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    auto* const at = const_cast<std::byte volatile*>(keys.secret_key().expose().data());
    *at = std::byte{1};
    ::_exit(0);
  }
  int how = 0;
  REQUIRE(::waitpid(child, &how, 0) == child);
  REQUIRE(WIFSIGNALED(how));
  CHECK(WTERMSIG(how) == SIGSEGV);
}

TEST_CASE("a CURVE client forgets each secret when it is done with it")
{
  curve_keys const server_keys = curve_keys::generate();
  hand_made_server server{server_keys};
  placed<curve::client> client{std::make_shared<curve::client_settings const>(
      curve::client_settings{curve_keys::generate(), server_keys.public_key()})};
  octets said;
  client->start(false, {}, said);
  server.hello(said);
  octets const of_hello = shared_by(server.client_short, server.long_term.secret_key);
  REQUIRE(client.holds_secret_of(server.client_short));
  REQUIRE(client.holds(of_hello));

  say(*client, "WELCOME", server.welcome(), said);
  octets const of_both = shared_by(server.client_short, server.short_term.secret_key);
  CHECK_FALSE(client.holds_secret_of(server.client_short));
  CHECK_FALSE(client.holds(of_hello));
  REQUIRE(client.holds(of_both));

  say(*client, "READY", server.ready(), said);
  CHECK_FALSE(client.holds(of_both));
  octets const sends = message_key_of(of_both, "CurveZMQMESSAGEC");
  octets const receives = message_key_of(of_both, "CurveZMQMESSAGES");
  REQUIRE(client.holds(sends));
  REQUIRE(client.holds(receives));
  client.destroy();
  CHECK_FALSE(client.holds(sends));
  CHECK_FALSE(client.holds(receives));
}

TEST_CASE("a CURVE client that is given up leaves no secret")
{
  curve_keys const server_keys = curve_keys::generate();
  hand_made_server server{server_keys};
  placed<curve::client> client{std::make_shared<curve::client_settings const>(
      curve::client_settings{curve_keys::generate(), server_keys.public_key()})};
  octets said;
  client->start(false, {}, said);
  server.hello(said);
  client.destroy();
  CHECK_FALSE(client.holds_secret_of(server.client_short));
  CHECK_FALSE(client.holds(shared_by(server.client_short, server.long_term.secret_key)));
}

TEST_CASE("a CURVE server forgets each secret when it is done with it")
{
  curve_keys const keys = curve_keys::generate();
  hand_made_client client{keys.public_key()};
  placed<curve::server> server{std::make_shared<curve::server_settings>(keys)};
  octets said;
  server->start(true, {}, said);
  say(*server, "HELLO", client.hello(), said);
  client.welcome(said);
  CHECK_FALSE(server.holds_secret_of(client.server_short));  // the cookie has it

  say(*server, "INITIATE", client.initiate(), said);
  octets const of_both = shared_by(client.server_short, client.short_term.secret_key);
  CHECK_FALSE(server.holds_secret_of(client.server_short));
  REQUIRE(server.holds(of_both));
  server->accept(said);
  CHECK_FALSE(server.holds(of_both));
  octets const sends = message_key_of(of_both, "CurveZMQMESSAGES");
  octets const receives = message_key_of(of_both, "CurveZMQMESSAGEC");
  REQUIRE(server.holds(sends));
  REQUIRE(server.holds(receives));
  server.destroy();
  CHECK_FALSE(server.holds(sends));
  CHECK_FALSE(server.holds(receives));
}

TEST_CASE("sealing and opening leave no key stream behind")
{
  curve_keys const a = curve_keys::generate();
  curve_keys const b = curve_keys::generate();
  curve::shared_key shared;
  REQUIRE(shared.agree(b.public_key().bytes(), a.secret_key().expose()));
  constexpr std::string_view prefix = "CurveZMQMESSAGEC";
  curve::message_key key;
  key.set(shared, prefix);
  octets const raw_key = message_key_of(
      exact(byte_view{as_bytes(std::string_view{reinterpret_cast<char const*>(shared.raw()), 32})}), prefix);
  octets stream(1024);
  REQUIRE(crypto_stream_salsa20(curve::raw(stream.data()), stream.size(), sodium_view(number_octets(7)),
                                sodium_view(raw_key)) == 0);
  octets const body(900);
  octets box(body.size() + 17);
  octets const left_by_seal = stack_after([&] { key.seal(7, std::byte{}, body, box.data()); });
  bool opened = false;
  octets const left_by_open = stack_after([&] { opened = key.open(7, box); });
  REQUIRE(opened);
  for (std::size_t at = 0; at < stream.size(); at += 32) {
    CAPTURE(at);
    byte_view const part = byte_view{stream}.subspan(at, 32);
    CHECK_FALSE(has(left_by_seal, part));
    CHECK_FALSE(has(left_by_open, part));
  }
}

TEST_CASE("a text that may hold a secret key is zeroed when it goes")
{
  constexpr std::size_t size = 20'000;
  // Its copy is there before: it must not get the memory that it is to look at.
  octets memory(size);
  curve::detail::descriptor const self{::open("/proc/self/mem", O_RDONLY | O_CLOEXEC)};
  REQUIRE(self.get() >= 0);
  auto const count = [&](char const* at) {
    memory.assign(size, std::byte{});
    (void)!::pread(self.get(), memory.data(), size,
                   static_cast<::off_t>(reinterpret_cast<std::uintptr_t>(at)));
    return std::count(memory.begin(), memory.end(), std::byte{'S'});
  };
  char const* place = nullptr;
  {
    curve::secret_text text{size};
    std::fill_n(text.data(), size, 'S');
    curve::secret_text const moved{std::move(text)};
    place = moved.view().data();
    REQUIRE(count(place) == size);
  }
  CHECK(count(place) < 100);  // those who manage memory write into what is free
}
