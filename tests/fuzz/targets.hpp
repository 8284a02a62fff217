// What the fuzzers feed: one function for each parser of what strangers send, which throws when it finds something wrong.
#pragma once

#include <cozmq/core/bytes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace cozmq::fuzz {

void decoder(byte_view input);
void handshake(byte_view input);
void properties(byte_view input);
void commands(byte_view input);
void endpoint(byte_view input);
void greeting(byte_view input);
void plain_server(byte_view input);
void plain_client(byte_view input);
void subscriptions(byte_view input);
void z85(byte_view input);
void zap_frames(byte_view input);
void address_list(byte_view input);
// With libsodium, in curve/.
void curve_server(byte_view input);
void curve_client(byte_view input);
void curve_messages(byte_view input);

struct wrong : std::logic_error {
  using logic_error::logic_error;
};

inline void expect(bool holds, char const* what)
{
  if (!holds)
    throw wrong{what};
}

// Numbers from the front of an input; zeros when it has ended.
inline std::size_t take(byte_view& input, std::size_t octets = 1)
{
  std::size_t value = 0;
  for (; octets > 0; --octets) {
    value = value << 8 | (input.empty() ? 0 : std::to_integer<std::size_t>(input[0]));
    input = input.subspan(input.empty() ? 0 : 1);
  }
  return value;
}

// How a stream is cut into reads: whole, octet by octet, or at odd places.
class cuts {
 public:
  explicit cuts(std::size_t most, std::uint32_t seed = 0) : most_{most}, state_{seed} {}

  std::size_t next() noexcept
  {
    if (state_ == 0)
      return most_;
    state_ = state_ * 1664525U + 1013904223U;
    std::size_t const most = (state_ >> 16) % 4 == 0 ? most_ : 12;
    return 1 + (state_ >> 18) % most;
  }

 private:
  std::size_t most_;
  std::uint32_t state_;
};

}  // namespace cozmq::fuzz
