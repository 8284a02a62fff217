// The one way into Asio: its version is checked here, and its coroutines are switched on where it does not see them.
#pragma once

// Asio before 1.26 does not recognize C++20 coroutines under Clang. It decides on the first include.
#if defined(__clang__) && defined(__cpp_impl_coroutine) && !defined(ASIO_DETAIL_CONFIG_HPP)
#ifndef ASIO_HAS_CO_AWAIT
#define ASIO_HAS_CO_AWAIT 1
#endif
#ifndef ASIO_HAS_STD_COROUTINE
#define ASIO_HAS_STD_COROUTINE 1
#endif
#endif

#ifndef ASIO_STANDALONE
#define ASIO_STANDALONE 1
#endif

#include <asio/detail/config.hpp>
#include <asio/version.hpp>

#if ASIO_VERSION < 102201
#error "cozmq needs Asio 1.22.1 or later"
#endif

#ifndef ASIO_HAS_CO_AWAIT
#error \
    "Asio has no coroutines here: include <cozmq/...> before <asio...>, or compile with -DASIO_HAS_CO_AWAIT=1 -DASIO_HAS_STD_COROUTINE=1"
#endif

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>

#include <system_error>

namespace cozmq {

/// How a cancelled operation completes, in Asio's word.
inline std::error_code aborted() noexcept
{
  return asio::error::operation_aborted;
}

/// The same error in the standard's category: Asio's own does not compare equal to `std::errc` in all versions.
inline std::error_code standard(std::error_code ec) noexcept
{
  return ec.category() == asio::system_category() ? std::error_code{ec.value(), std::system_category()} : ec;
}

}  // namespace cozmq
