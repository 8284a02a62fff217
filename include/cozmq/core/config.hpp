// What the compiler is asked about itself; the only place for such macros.
#pragma once

#include <cstdint>

namespace cozmq::detail {

/// Under AddressSanitizer memory is not kept for reuse, so that a use after free is found.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool reuses_memory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool reuses_memory = false;
#else
inline constexpr bool reuses_memory = true;
#endif
#else
inline constexpr bool reuses_memory = true;
#endif

/// Debug builds look whether sockets are used on a wrong thread. What is looked at has its place in every build, so that
/// parts of a program with and without NDEBUG fit together.
#ifdef NDEBUG
inline constexpr bool checks_threads = false;
#else
inline constexpr bool checks_threads = true;
#endif

/// Keeps the optimizer from merging what is done to neighbouring words into wider instructions.
[[gnu::always_inline]] inline void keep_in_register([[maybe_unused]] std::uint64_t& word) noexcept
{
#if defined(__GNUC__)
  asm("" : "+r"(word));
#endif
}

}  // namespace cozmq::detail
