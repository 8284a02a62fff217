// Says once that strangers are let in, where nobody has said that this is meant.
#pragma once

#include <cozmq/core/log.hpp>
#include <cozmq/transport/tcp.hpp>

#include <asio/ip/address.hpp>

#include <atomic>
#include <string_view>

namespace cozmq::engine {

namespace detail {

// In this process, whatever the socket.
inline std::atomic<bool> told_of_exposure{false};

}  // namespace detail

/// Can other machines reach a socket that is bound to this tcp address?
inline bool is_exposed(transport::address const& at)
{
  return !transport::tcp::plain(transport::tcp::to_tcp(at).address()).is_loopback();
}

/// To be called for each tcp address that is bound with nobody having said who may come. Thread-safe.
inline void warn_if_exposed(transport::address const& at, std::string_view endpoint)
{
  if (!is_exposed(at) || detail::told_of_exposure.exchange(true))
    return;
  write_log(log_level::warn,
            "{}: anybody who can reach this address is let in, and all travels in the clear; set CURVE or "
            "PLAIN, or option::no_security to say that this is meant",
            endpoint);
}

}  // namespace cozmq::engine
