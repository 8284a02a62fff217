// Who is let in: what an authenticator is asked, and what it answers.
#pragma once

#include <cozmq/message/properties.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace cozmq {

/// A peer that wants to be let in. What it has not shown is empty.
struct auth_request {
  std::string domain;      ///< option::zap_domain of the socket it came to
  std::string address;     ///< its IP address; empty for ipc
  std::string identity;    ///< as it gave it; with PLAIN it has not yet
  std::string mechanism;   ///< "NULL", "PLAIN" or "CURVE"
  std::string user_name;   ///< PLAIN
  std::string password;    ///< PLAIN
  std::string public_key;  ///< CURVE: 32 octets, which the peer has proved to own
};

/// The answer: let in, or refused. One that is made without either refuses.
class auth_reply {
 public:
  auth_reply() = default;

  /// Lets the peer in. Its messages carry "User-Id", if there is one, and these properties.
  static auth_reply admit(std::string user_id = {}, properties told = {})
  {
    auth_reply r;
    if (!user_id.empty()) {
      told.erase("User-Id");
      told.add("User-Id", user_id);
    }
    r.told_ = std::move(told);
    return r;
  }

  /// For good: the peer is told, with no reason, and does not try again. `reason` is for our log.
  static auth_reply refuse(std::string reason = "access denied")
  {
    return auth_reply{std::move(reason), "400"};
  }

  /// For now: the connection is closed without a word, and the peer tries again.
  static auth_reply refuse_for_now(std::string reason) { return auth_reply{std::move(reason), ""}; }

  /// The authenticator itself has failed: as refuse(), but the peer is told that it is not to blame.
  static auth_reply fail(std::string reason) { return auth_reply{std::move(reason), "500"}; }

  bool admits() const noexcept { return told_.has_value(); }
  /// What its messages carry; nothing when it is refused.
  properties const& told() const noexcept
  {
    static properties const none;
    return told_ ? *told_ : none;
  }
  /// Why it was refused.
  std::string const& reason() const noexcept { return reason_; }
  /// The ZAP status for the peer; empty: it is told nothing.
  std::string const& status() const noexcept { return status_; }

 private:
  auth_reply(std::string reason, std::string status) : reason_{std::move(reason)}, status_{std::move(status)}
  {
  }

  std::optional<properties> told_;
  std::string reason_ = "the authenticator did not answer";
  std::string status_ = "500";
};

namespace engine {

/// What an authenticator that has thrown answers.
inline auth_reply failed_with(std::exception_ptr const& thrown)
{
  try {
    std::rethrow_exception(thrown);
  } catch (std::exception const& failure) {
    return auth_reply::fail(std::string{"the authenticator failed: "} + failure.what());
  } catch (...) {
    return auth_reply::fail("the authenticator failed");
  }
}

/// Where the answer goes. Copies are the same question: the first answer counts, and when the last copy goes without one,
/// the peer is refused. An answer that comes too late, when the peer or the socket or its execution context is gone, does
/// nothing. Thread-safe, copies too, but for `given_up`.
class auth_answer {
 public:
  /// `to` is called once, on whichever thread the answer is given, and does not throw. `given_up`, if there is one, is
  /// emitted when nobody waits for the answer any more.
  explicit auth_answer(std::function<void(auth_reply)> to,
                       std::shared_ptr<asio::cancellation_signal> given_up = nullptr)
      : open_{std::make_shared<question>(std::move(to))}, given_up_{std::move(given_up)}
  {
  }

  void operator()(auth_reply reply) const { open_->answer(std::move(reply)); }

  /// Ends the work on an answer (terminal), on the executor that the question came on, when the peer has gone or its time is
  /// over. For one operation, and as long as there is a copy.
  asio::cancellation_slot given_up() const noexcept
  {
    return given_up_ ? given_up_->slot() : asio::cancellation_slot{};
  }

 private:
  struct question {
    explicit question(std::function<void(auth_reply)> where) : to{std::move(where)} {}
    question(question const&) = delete;
    question& operator=(question const&) = delete;
    ~question()
    {
      if (answered)
        return;
      try {
        answer({});
      } catch (...) {  // without memory for an answer the deadline of the handshake refuses
      }
    }

    void answer(auth_reply reply)
    {
      if (!answered.exchange(true))
        to(std::move(reply));
    }

    std::function<void(auth_reply)> to;
    std::atomic<bool> answered = false;
  };

  std::shared_ptr<question> open_;
  std::shared_ptr<asio::cancellation_signal> given_up_;
};

/// Asked on the socket's executor about each peer that is not a server.
using authenticator = std::function<void(asio::any_io_executor const&, auth_request, auth_answer)>;

}  // namespace engine

}  // namespace cozmq
