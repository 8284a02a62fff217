// Options: which mechanism keeps strangers out, and who decides.
#pragma once

#include <cozmq/engine/authentication.hpp>
#include <cozmq/socket/options/option.hpp>
#include <cozmq/wire/null_mechanism.hpp>
#include <cozmq/wire/plain_mechanism.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace cozmq::option {

/// No security, which is what a socket has that is told nothing else: set it to say that this is meant. Later binds
/// and connects.
/// @libzmq - | NULL | later binds, connects | all but STREAM
struct no_security {
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  std::error_code apply(engine::socket_options& to) const
  {
    to.mechanism = [] { return std::make_unique<wire::null_mechanism>(); };
    return {};
  }
};

/// PLAIN, as the side that decides: whom `option::authenticator` does not let in by name and password, and everybody as
/// long as there is none, is refused. Both travel in the clear. Later binds and connects.
/// @libzmq ZMQ_PLAIN_SERVER | NULL | later binds, connects | all but STREAM
struct plain_server {
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  std::error_code apply(engine::socket_options& to) const
  {
    to.mechanism = [] { return std::make_unique<wire::plain_server>(); };
    return {};
  }
};

/// PLAIN, as the side with a name and a password, of at most 255 bytes each, which travel in the clear. Later binds and
/// connects.
/// @libzmq ZMQ_PLAIN_USERNAME, ZMQ_PLAIN_PASSWORD | NULL | later binds, connects | all but STREAM
struct plain_client {
  plain_client(std::string name, std::string secret) : user_name{std::move(name)}, password{std::move(secret)}
  {
  }
  std::string user_name;
  std::string password;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule =
      "plain_client takes a name and a password of at most 255 bytes each";
  std::error_code apply(engine::socket_options& to) const
  {
    if (user_name.size() > wire::max_plain_text || password.size() > wire::max_plain_text)
      return errc::invalid_option;
    to.mechanism = [*this] { return std::make_unique<wire::plain_client>(user_name, password); };
    return {};
  }
};

/// Who decides which peers are let in: called on the socket's executor with an `auth_request` for each peer, of whatever
/// mechanism, that is not itself the PLAIN or CURVE server. It returns an `auth_reply`, or is a coroutine that does:
/// `asio::awaitable<auth_reply>`, which is cancelled (terminal) when the peer has gone or its time is over. Slow (see
/// `handshake_timeout`), throwing or without an answer means refused. It lives as long as the socket has it, and as long as
/// a coroutine of it goes on: what it refers to must, too. Default: none, and then PLAIN lets nobody in, CURVE and NULL
/// everybody. Later connections; not over inproc.
/// @libzmq a ZAP handler; here asked only by a `zap_authenticator(ctx)` | none | later connections | all but STREAM
class authenticator {
 public:
  template <class F>
    requires std::same_as<std::invoke_result_t<F&, auth_request>, auth_reply>
  explicit authenticator(F decide)
      : ask_{[decide = std::make_shared<F>(std::move(decide))](
                 asio::any_io_executor const&, auth_request request, engine::auth_answer const& answer) {
          answer((*decide)(std::move(request)));
        }}
  {
  }

  template <class F>
    requires std::same_as<std::invoke_result_t<F&, auth_request>, asio::awaitable<auth_reply>>
  explicit authenticator(F decide)
      : ask_{[decide = std::make_shared<F>(std::move(decide))](asio::any_io_executor const& executor,
                                                               auth_request request,
                                                               engine::auth_answer const& answer) {
          // A coroutine refers to the object that it was called on, and perhaps to the request, whatever becomes of the
          // socket meanwhile.
          auto const about = std::make_shared<auth_request>(std::move(request));
          asio::co_spawn(executor, (*decide)(std::move(*about)),
                         asio::bind_cancellation_slot(
                             answer.given_up(),
                             [decide, about, answer](std::exception_ptr const& failed, auth_reply reply) {
                               answer(failed ? engine::failed_with(failed) : std::move(reply));
                             }));
        }}
  {
  }

  /// For those who answer in another way: called as `ask(executor, request, answer)` on the socket's executor, which is
  /// `executor`, once for each peer; it returns at once, and `answer(reply)` is called later, on any thread. A copy of it is
  /// called.
  explicit authenticator(engine::authenticator ask) : ask_{std::move(ask)} {}

  /// Asks nobody.
  static authenticator none() { return authenticator{engine::authenticator{}}; }

  /// For what is built on authenticators: whom to ask, empty for nobody.
  engine::authenticator const& asks() const noexcept { return ask_; }

  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  std::error_code apply(engine::socket_options& to) const
  {
    to.authenticates = ask_;
    return {};
  }

 private:
  engine::authenticator ask_;
};

/// The domain that `auth_request::domain` and a ZAP handler get to know. Default: empty. Later connections.
/// @libzmq ZMQ_ZAP_DOMAIN | empty | later connections | all but STREAM
struct zap_domain : single<zap_domain, std::string, &engine::socket_options::zap_domain> {
  using single::single;
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule = "zap_domain has at most 255 bytes";
  static bool valid(std::string const& domain) { return domain.size() <= 255; }
};

}  // namespace cozmq::option
