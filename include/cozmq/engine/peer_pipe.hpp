// A pipe that knows its peer: what the socket and people ask for beyond what routing does.
#pragma once

#include <cozmq/engine/peer_info.hpp>
#include <cozmq/routing/pipe.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>

namespace cozmq::engine {

/// Why a connection ends that the application does not want.
inline std::error_code peer_cut() noexcept
{
  return std::make_error_code(std::errc::connection_aborted);
}

/// What a connection and an inproc pipe have in common above routing.
class peer_pipe : public routing::pipe {
 public:
  /// Who is at the other end, or was last.
  virtual peer_info info() const = 0;
  peer_id number() const noexcept { return number_; }

  /// What has passed and is not yet in the socket's counters.
  virtual traffic_counts passed() const noexcept = 0;

  /// For a pipe that leaves the socket: what is to be added to the counters. A connection does so when its stream ends.
  virtual traffic_counts settle() noexcept { return {}; }

  /// Messages received and not yet read.
  virtual std::size_t unread() const noexcept = 0;

  /// Ends the connection now. What was received stays readable.
  virtual void cut(std::error_code why, std::string const& reason) = 0;

 protected:
  ~peer_pipe() = default;

  // What every kind of peer tells in the same way.
  peer_info common_info() const
  {
    peer_info p;
    p.id = number_;
    p.routing_id = id.empty() ? std::string{as_text(identity())} : id.str();
    p.since = since_;
    p.passed = passed();
    p.queued = queued();
    p.unread = unread();
    p.missed = missed;
    return p;
  }

  peer_id number_ = 0;
  std::chrono::system_clock::time_point since_;
};

}  // namespace cozmq::engine
