#include <cozmq/message/frame_builder.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <new>
#include <string>
#include <utility>

using cozmq::frame;
using cozmq::frame_builder;

namespace {

// Feeds at most `step` bytes at a time; returns the largest amount of memory that was reserved ahead of the
// bytes.
std::size_t feed(frame_builder& builder, std::string const& bytes, std::size_t step)
{
  std::size_t most_ahead = 0;
  while (!builder.complete()) {
    std::span<std::byte> const room = builder.writable();
    REQUIRE_FALSE(room.empty());
    REQUIRE(room.size() <= builder.remaining());
    std::size_t const n = std::min({step, room.size(), builder.remaining()});
    std::copy_n(cozmq::as_bytes(bytes).data() + builder.filled(), n, room.data());
    builder.commit(n);
    if (builder.capacity() > frame_builder::initial_limit)
      most_ahead = std::max(most_ahead, builder.capacity() - builder.filled());
  }
  return most_ahead;
}

std::string pattern(std::size_t size)
{
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>(i * 31 + i / 256);
  return text;
}

}  // namespace

TEST_CASE("a built frame has the bytes that were fed, at every size and step")
{
  for (std::size_t const size : {0u, 1u, 55u, 56u, 1000u, 300000u})
    for (std::size_t const step : {1u, 7u, 100000u}) {
      if (size > 1000 && step < 7)
        continue;
      std::string const wanted = pattern(size);
      frame_builder builder{size};
      CHECK(builder.total() == size);
      feed(builder, wanted, step);
      CHECK(builder.take() == wanted);
      CHECK(builder.complete());
      CHECK(builder.total() == 0);
    }
}

TEST_CASE("a small or medium frame is built in exactly its size")
{
  CHECK(frame_builder{1000}.capacity() == 1000);
  CHECK(frame_builder{frame_builder::initial_limit}.capacity() == frame_builder::initial_limit);
  frame_builder builder{1000};
  CHECK(builder.writable().size() == 1000);
}

TEST_CASE("memory grows with the bytes received, not with what a header claims")
{
  std::size_t const claimed = std::size_t{1} << 50;
  frame_builder builder{claimed};
  CHECK(builder.capacity() == frame_builder::initial_limit);
  builder.commit(builder.writable().size());
  CHECK(builder.capacity() == frame_builder::initial_limit);
  CHECK_FALSE(builder.complete());
  CHECK(builder.writable().size() == frame_builder::initial_limit);
  CHECK(builder.capacity() == 2 * frame_builder::initial_limit);
}

TEST_CASE("the capacity ends at the size of the frame")
{
  std::size_t const size = 3 * frame_builder::initial_limit + 5;
  std::string const wanted = pattern(size);
  frame_builder builder{size};
  CHECK(feed(builder, wanted, 65536) <= size / 2);
  CHECK(builder.capacity() == size);
  frame const built = builder.take();
  CHECK(built == wanted);
  CHECK_FALSE(built.shared());
}

TEST_CASE("a builder can be moved half way, and dropped")
{
  std::string const wanted = pattern(200);
  frame_builder first{200};
  std::copy_n(cozmq::as_bytes(wanted).data(), 100, first.writable().data());
  first.commit(100);
  frame_builder second{std::move(first)};
  CHECK(first.complete());
  CHECK(first.take().empty());
  frame_builder third;
  CHECK(third.complete());
  third = std::move(second);
  CHECK(third.filled() == 100);
  feed(third, wanted, 200);
  CHECK(third.take() == wanted);
  frame_builder dropped{300};
  dropped = frame_builder{400};
}
