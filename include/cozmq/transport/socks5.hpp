// A SOCKS5 proxy on the way to a peer: what it is told and what it answers, without I/O (RFC 1928, RFC 1929).
#pragma once

#include <cozmq/core/bytes.hpp>
#include <cozmq/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq::transport {

/// Where a proxy is, and who we are to it. No user name: it is asked to let us through without one.
struct socks_proxy {
  std::string host;
  std::uint16_t port = 1080;
  std::string username;
  std::string password;

  friend bool operator==(socks_proxy const&, socks_proxy const&) = default;
};

/// Asks a proxy to connect to a target. Send all of `output()`, then read exactly `wanted()` octets and `feed()` them,
/// until it is done or has failed. Nothing of what follows the proxy's last answer is read: that is the peer's.
class socks5_client {
 public:
  enum class status : std::uint8_t { needs_input, done, failed };

  /// The target's name goes to the proxy as it is, and is resolved there; a numeric address goes as one.
  /// `numeric` holds its 4 or 16 octets, or is empty for a name.
  socks5_client(socks_proxy proxy, std::string_view host, byte_view numeric, std::uint16_t port)
      : proxy_{std::move(proxy)}
  {
    // [RFC 1928, 4] VER CMD RSV ATYP DST.ADDR DST.PORT
    request_ = {std::byte{5}, std::byte{1}, std::byte{0}};
    if (numeric.empty()) {
      request_.push_back(std::byte{3});
      append(request_, host);
    } else {
      request_.push_back(numeric.size() == 4 ? std::byte{1} : std::byte{4});
      request_.insert(request_.end(), numeric.begin(), numeric.end());
    }
    request_.push_back(static_cast<std::byte>(port >> 8));
    request_.push_back(static_cast<std::byte>(port & 0xFF));
    // [RFC 1928, 3] VER NMETHODS METHODS
    if (proxy_.username.empty())
      output_ = {std::byte{5}, std::byte{1}, std::byte{0}};
    else
      output_ = {std::byte{5}, std::byte{2}, std::byte{0}, std::byte{2}};
  }

  /// What to send now; empty when only more input is needed. Valid until the next feed().
  byte_view output() const noexcept { return output_; }

  /// How many octets the next feed() takes; at most 257.
  std::size_t wanted() const noexcept { return wanted_; }

  status feed(byte_view input)
  {
    output_.clear();
    switch (step_) {
      case step::method: return method_chosen(input);
      case step::login: return logged_in(input);
      case step::reply: return replied(input);
      case step::name_length: return expect(step::bound_address, std::to_integer<std::size_t>(input[0]) + 2);
      case step::bound_address: return status::done;
    }
    return status::failed;
  }

  /// Why it failed: `errc::proxy_refused`, or `std::errc::connection_refused` when the target refused the proxy.
  std::error_code error() const noexcept { return error_; }

  /// The same for a log.
  std::string const& reason() const noexcept { return reason_; }

 private:
  enum class step : std::uint8_t { method, login, reply, name_length, bound_address };

  static void append(std::vector<std::byte>& to, std::string_view text)
  {
    to.push_back(static_cast<std::byte>(text.size()));
    byte_view const bytes = as_bytes(text);
    to.insert(to.end(), bytes.begin(), bytes.end());
  }

  status expect(step next, std::size_t octets)
  {
    step_ = next;
    wanted_ = octets;
    return status::needs_input;
  }

  status fail(std::string_view what, std::error_code error = errc::proxy_refused)
  {
    error_ = error;
    reason_.assign("SOCKS proxy ").append(proxy_.host).append(": ").append(what);
    return status::failed;
  }

  status method_chosen(byte_view answer)
  {
    if (answer[0] != std::byte{5})
      return fail("it does not speak SOCKS5");
    if (answer[1] == std::byte{0}) {
      output_ = std::move(request_);
      return expect(step::reply, 4);
    }
    if (answer[1] == std::byte{2} && !proxy_.username.empty()) {
      // [RFC 1929, 2] VER ULEN UNAME PLEN PASSWD
      output_.push_back(std::byte{1});
      append(output_, proxy_.username);
      append(output_, proxy_.password);
      return expect(step::login, 2);
    }
    return fail(proxy_.username.empty() ? "it wants to know who asks: give socks_proxy a user name"
                                        : "it offers no way to log in that we know");
  }

  status logged_in(byte_view answer)
  {
    // [RFC 1929, 2] a STATUS other than zero is a failure. Its VER is 1, but some servers answer 5.
    if (answer[1] != std::byte{0})
      return fail("it refused the user name and password");
    output_ = std::move(request_);
    return expect(step::reply, 4);
  }

  status replied(byte_view answer)
  {
    static constexpr std::string_view causes[] = {"it failed",
                                                  "its rules do not allow this connection",
                                                  "the peer's network is unreachable",
                                                  "the peer's host is unreachable",
                                                  "the peer refused the connection",
                                                  "the time to live expired",
                                                  "it cannot connect to others",
                                                  "it does not know this kind of address"};
    if (answer[0] != std::byte{5})
      return fail("it does not speak SOCKS5");
    std::size_t const reply = std::to_integer<std::size_t>(answer[1]);
    if (reply == 5)
      return fail(causes[4], std::make_error_code(std::errc::connection_refused));
    if (reply != 0)
      return fail(reply <= std::size(causes) ? causes[reply - 1] : "it gave no known reason");
    // [RFC 1928, 6] the address it connects from, which is of no interest, has to be read all the same.
    switch (std::to_integer<unsigned>(answer[3])) {
      case 1: return expect(step::bound_address, 4 + 2);
      case 3: return expect(step::name_length, 1);
      case 4: return expect(step::bound_address, 16 + 2);
      default: return fail("its answer is malformed");
    }
  }

  socks_proxy proxy_;
  std::vector<std::byte> request_;
  std::vector<std::byte> output_;
  step step_ = step::method;
  std::size_t wanted_ = 2;
  std::error_code error_;
  std::string reason_;
};

}  // namespace cozmq::transport
