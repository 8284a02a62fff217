#include <cozmq/message/small_copy.hpp>

#include "support/catch.hpp"

#include <array>
#include <cstddef>

TEST_CASE("a small copy copies every size up to 64 bytes, and not one byte more")
{
  std::array<std::byte, 64> from{};
  for (std::size_t i = 0; i < from.size(); ++i)
    from[i] = static_cast<std::byte>(i + 1);
  for (std::size_t size = 0; size <= from.size(); ++size) {
    std::array<std::byte, 65> to{};
    cozmq::detail::copy_small(to.data(), from.data(), size);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < to.size(); ++i)
      wrong += to[i] != (i < size ? from[i] : std::byte{0});
    CHECK(wrong == 0);
  }
}
