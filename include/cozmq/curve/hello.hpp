// The layout of HELLO, which one side writes and the other reads.
#pragma once

#include <cozmq/curve/box.hpp>
#include <cozmq/curve/sodium.hpp>

#include <array>
#include <cstddef>

/// [RFC 26, HELLO] version, padding, C', a short nonce, Box [64 * %x0](C'->S).
namespace cozmq::curve::hello {

inline constexpr std::array version{std::byte{1}, std::byte{0}};
inline constexpr std::size_t padding_size = 72;  ///< HELLO is larger than what it is answered with
inline constexpr std::size_t padding_end = version.size() + padding_size;
inline constexpr std::size_t zeros_size = 64;
inline constexpr std::size_t size = padding_end + key_size + short_nonce_size + mac_size + zeros_size;
static_assert(size == 194);

}  // namespace cozmq::curve::hello
