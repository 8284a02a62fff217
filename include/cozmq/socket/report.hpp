// What becomes of an exception that leaves a coroutine.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/log.hpp>

#include <asio/error.hpp>

#include <exception>
#include <string_view>
#include <system_error>

namespace cozmq::detail {

// The end of a context reaches coroutines as this error: leaving because of it is the regular way out.
inline bool is_regular_end(std::error_code const& ec) noexcept
{
  return ec == errc::terminated || ec == asio::error::operation_aborted;
}

/// Logs what left a coroutine, unless it is the regular end. True when it was a failure.
inline bool report(std::exception_ptr const& left, std::string_view where) noexcept
{
  if (!left)
    return false;
  try {
    std::rethrow_exception(left);
  } catch (std::system_error const& e) {
    if (is_regular_end(e.code()))
      return false;
    write_log(log_level::error, "{}: {}", where, e.what());
  } catch (std::exception const& e) {
    write_log(log_level::error, "{}: {}", where, e.what());
  } catch (...) {
    write_log(log_level::error, "{}: an exception of unknown type", where);
  }
  return true;
}

}  // namespace cozmq::detail
