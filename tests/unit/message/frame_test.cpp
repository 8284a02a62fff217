#include <cozmq/message/frame.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <memory_resource>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using cozmq::as_bytes;
using cozmq::frame;

static_assert(sizeof(frame) == 56 && alignof(frame) == 8);
static_assert(std::is_nothrow_move_constructible_v<frame> && std::is_nothrow_move_assignable_v<frame>);
static_assert(std::is_nothrow_default_constructible_v<frame>);
static_assert(std::is_convertible_v<std::string, frame> && std::is_convertible_v<char const*, frame>);
static_assert(std::is_convertible_v<std::string_view, frame> &&
              std::is_convertible_v<std::string const&, frame>);
static_assert(!std::is_convertible_v<cozmq::byte_view, frame> &&
              std::is_constructible_v<frame, cozmq::byte_view>);
static_assert(!std::is_constructible_v<frame, std::nullptr_t> && !std::is_constructible_v<frame, int>);

// A view into a temporary frame would dangle.
template <class Frame>
concept has_view = requires(Frame&& f) { std::forward<Frame>(f).view(); };
template <class Frame>
concept has_bytes = requires(Frame&& f) { std::forward<Frame>(f).bytes(); };
static_assert(has_view<frame&> && has_view<frame const&> && !has_view<frame>);
static_assert(has_bytes<frame&> && has_bytes<frame const&> && !has_bytes<frame>);

namespace {

std::string pattern(std::size_t size)
{
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>(i * 31 + 7);
  return text;
}

// Around the limit between bytes in place and bytes in a block, and the sizes that ZMTP treats differently.
constexpr std::size_t sizes[] = {0,  1,  2,  3,  4,  7,  8,   15,  16,  31,   32,
                                 33, 54, 55, 56, 57, 64, 254, 255, 256, 65536};

}  // namespace

TEST_CASE("A24 a default-constructed frame is empty")
{
  frame const f;
  CHECK(f.size() == 0);
  CHECK(f.empty());
  CHECK(f.view() == "");
  CHECK_FALSE(f.shared());
}

TEST_CASE("A25 an uninitialized frame of size n has n writable bytes")
{
  for (std::size_t const size : sizes) {
    frame f = frame::uninitialized(size);
    REQUIRE(f.size() == size);
    REQUIRE(f.writable().size() == size);
    std::string const wanted = pattern(size);
    std::copy_n(as_bytes(wanted).data(), size, f.writable().data());
    CHECK(f.view() == wanted);
  }
}

TEST_CASE("A20 a frame made from a raw buffer is a copy: the buffer may be used again")
{
  for (std::size_t const size : sizes) {
    std::string buffer = pattern(size);
    frame const f{as_bytes(buffer)};
    std::fill(buffer.begin(), buffer.end(), 'x');
    CHECK(f.view() == pattern(size));
  }
}

TEST_CASE("A21 copying a 10-byte frame into 4 bytes gives 4 bytes and says 10")
{
  frame const f{"0123456789"};
  std::array<std::byte, 5> to{};
  CHECK(f.copy_to(std::span{to}.first(4)) == 10);
  CHECK(cozmq::as_text(to) == std::string_view("0123\0", 5));
  std::array<std::byte, 12> roomy{};
  CHECK(f.copy_to(roomy) == 10);
  CHECK(cozmq::as_text(roomy) == std::string_view("0123456789\0\0", 12));
  CHECK(f.copy_to({}) == 10);
  CHECK(frame{}.copy_to(roomy) == 0);
}

TEST_CASE("A28 A29 A30 A31 B29 a frame of any size gives back its bytes and its size")
{
  for (std::size_t const size : sizes) {
    std::string const wanted = pattern(size);
    frame const f{std::string_view{wanted}};
    CHECK(f.size() == size);
    CHECK(f.empty() == (size == 0));
    CHECK(f.bytes().size() == size);
    CHECK(f.bytes().data() == f.data());
    CHECK(f.view() == wanted);
    CHECK(f.str() == wanted);
  }
}

TEST_CASE("B4 a text becomes its bytes without a terminating NUL")
{
  CHECK(frame{"Hello"}.size() == 5);
  CHECK(frame{std::string{"Hello"}}.size() == 5);
  CHECK(frame{std::string_view{"a\0b", 3}}.size() == 3);
}

TEST_CASE("B30 random bytes are kept as they are")
{
  std::mt19937 random{30};
  for (int round = 0; round < 200; ++round) {
    std::vector<std::byte> bytes(random() % 200);
    for (std::byte& each : bytes)
      each = static_cast<std::byte>(random());
    frame const f{cozmq::byte_view{bytes}};
    CHECK(std::equal(bytes.begin(), bytes.end(), f.bytes().begin(), f.bytes().end()));
  }
}

TEST_CASE("a frame copied out of a larger buffer has only its own bytes")
{
  std::string const buffer = pattern(70000);
  std::byte const* const start = as_bytes(buffer).data();
  for (std::size_t const size : sizes)
    for (std::size_t const slack : {0u, 1u, 55u, 56u, 100u}) {
      frame const f{start, size, size + slack};
      CHECK(f.view() == buffer.substr(0, size));
    }
  // Exact heap memory, so that the address sanitizer sees a read beyond `readable`.
  std::vector<std::byte> const exact(55, std::byte{1});
  CHECK(frame{exact.data(), 3, exact.size()}.size() == 3);
}

TEST_CASE("A34 copying a large frame shares its bytes")
{
  frame const original{pattern(1000)};
  frame const copy = original;
  CHECK(copy.data() == original.data());
  CHECK(copy == original);
  CHECK(original.shared());
  frame assigned{"x"};
  assigned = original;
  CHECK(assigned.data() == original.data());
  assigned = frame{};
  CHECK(original.shared());
}

TEST_CASE("A33 a frame says whether its bytes are shared")
{
  frame const original{pattern(1000)};
  CHECK_FALSE(original.shared());
  {
    frame const copy = original;
    CHECK(original.shared());
    CHECK(copy.shared());
  }
  CHECK_FALSE(original.shared());
  frame const small{"small"};
  frame const copy = small;
  CHECK_FALSE(copy.shared());
  CHECK(copy.data() != small.data());
}

TEST_CASE("A35 moving a frame leaves the source empty")
{
  for (std::size_t const size : sizes) {
    frame source{std::string_view{pattern(size)}};
    frame target{std::move(source)};
    CHECK(source.empty());  // NOLINT: that is what is tested
    CHECK(target.view() == pattern(size));
    frame assigned{pattern(300)};
    assigned = std::move(target);
    CHECK(target.empty());
    CHECK(assigned.view() == pattern(size));
    source = "again";
    CHECK(source.view() == "again");
  }
}

TEST_CASE("a large frame keeps its address when it is moved")
{
  frame source{pattern(100)};
  std::byte const* const data = source.data();
  frame const target{std::move(source)};
  CHECK(target.data() == data);
  CHECK_FALSE(target.shared());
}

TEST_CASE("a frame may be assigned to itself")
{
  for (std::size_t const size : {3u, 300u}) {
    frame f{std::string_view{pattern(size)}};
    frame& same = f;
    f = same;
    CHECK(f.view() == pattern(size));
    f = std::move(same);
    CHECK(f.view() == pattern(size));
    f.swap(same);
    CHECK(f.view() == pattern(size));
  }
}

TEST_CASE("swapping exchanges small and large")
{
  frame a{"a"};
  frame b{pattern(100)};
  swap(a, b);
  CHECK(a.view() == pattern(100));
  CHECK(b.view() == "a");
}

TEST_CASE("a large string or vector hands over its memory, a small one is copied")
{
  std::string text = pattern(100);
  char const* const text_memory = text.data();
  frame const from_text{std::move(text)};
  CHECK(static_cast<void const*>(from_text.data()) == text_memory);
  CHECK(from_text.view() == pattern(100));
  CHECK_FALSE(from_text.shared());

  std::vector<unsigned char> bytes(56, 7);
  void const* const vector_memory = bytes.data();
  frame const from_bytes{std::move(bytes)};
  CHECK(from_bytes.data() == vector_memory);
  CHECK(from_bytes.size() == 56);

  CHECK(frame{std::vector<std::byte>(55, std::byte{'a'})} == std::string(55, 'a'));
  CHECK(frame{std::vector<char>{'a', 'b'}} == "ab");
  CHECK(frame{std::vector<char>{}}.empty());
}

TEST_CASE("a taken-over string may be written to in place")
{
  frame f{pattern(100)};
  std::byte const* const data = f.data();
  f.writable()[0] = std::byte{'!'};
  CHECK(f.data() == data);
  CHECK(f.view()[0] == '!');
}

TEST_CASE("a borrowed frame refers to the bytes it was given, and so do its copies")
{
  static char const literal[] = "a literal that lives as long as the program, and is longer than 55 bytes";
  frame const f = frame::borrow(std::string_view{literal});
  CHECK(f.view() == literal);
  CHECK(static_cast<void const*>(f.data()) == literal);
  CHECK(f.shared());
  frame copy = f;
  CHECK(copy.data() == f.data());
  frame const moved = std::move(copy);
  CHECK(moved.data() == f.data());
  CHECK(copy.empty());
  CHECK(frame::borrow("abc") == "abc");
  CHECK(frame::borrow(cozmq::byte_view{}).empty());
}

TEST_CASE("writing to a shared or borrowed frame changes no other")
{
  frame const original{pattern(100)};
  frame copy = original;
  copy.writable()[0] = std::byte{'!'};
  CHECK(copy.view()[0] == '!');
  CHECK(original.view() == pattern(100));
  CHECK_FALSE(copy.shared());
  CHECK_FALSE(original.shared());

  static char const literal[] = "literal";
  frame borrowed = frame::borrow(std::string_view{literal});
  borrowed.writable()[0] = std::byte{'L'};
  CHECK(borrowed == "Literal");
  CHECK(literal[0] == 'l');
}

TEST_CASE("A26 an adopted buffer is given back exactly once, after the last copy has gone")
{
  int given_back = 0;
  std::array<char, 3> memory{'a', 'b', 'c'};
  {
    frame copy;
    {
      frame const f = frame::adopt(memory.data(), memory.size(), [&](void* data) {
        CHECK(data == memory.data());
        ++given_back;
      });
      CHECK(f == "abc");
      CHECK(static_cast<void const*>(f.data()) == memory.data());
      CHECK_FALSE(f.shared());
      copy = f;
      CHECK(f.shared());
      frame moved = copy;
      frame const target = std::move(moved);
    }
    CHECK(given_back == 0);
    CHECK(copy == "abc");
  }
  CHECK(given_back == 1);
}

TEST_CASE("A26 a deleter may take no argument, be a function, or be move-only")
{
  int given_back = 0;
  {
    frame const f = frame::adopt(nullptr, 0, [&] { ++given_back; });
    CHECK(f.empty());
  }
  CHECK(given_back == 1);
  {
    frame const f = frame::adopt(std::malloc(100), 100, std::free);
    CHECK(f.size() == 100);
  }
  auto owner = std::make_unique<std::string>("owned");
  void* const data = owner->data();
  frame const f = frame::adopt(data, 5, [kept = std::move(owner)] {});
  CHECK(f == "owned");
}

TEST_CASE("A26 the deleter runs on the thread that drops the last copy, whichever that is")
{
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> given_back{0};
    std::string memory = pattern(100);
    {
      frame f = frame::adopt(memory.data(), memory.size(), [&] { ++given_back; });
      std::vector<std::thread> threads;
      for (int i = 0; i < 4; ++i)
        threads.emplace_back([copy = f] {
          frame again = copy;
          frame const target = std::move(again);
        });
      f = frame{};
      for (std::thread& each : threads)
        each.join();
    }
    CHECK(given_back == 1);
  }
  std::thread::id dropped_on;
  frame f = frame::adopt(nullptr, 0, [&] { dropped_on = std::this_thread::get_id(); });
  std::thread other{[last = std::move(f)]() mutable { last = frame{}; }};
  std::thread::id const other_id = other.get_id();
  other.join();
  CHECK(dropped_on == other_id);
}

TEST_CASE("frames are equal when their bytes are, wherever they lie")
{
  frame const a{pattern(100)};
  frame const b{as_bytes(pattern(100))};
  CHECK(a == b);
  CHECK_FALSE(a == frame{pattern(101)});
  CHECK(a != frame{});
  CHECK(frame{"x"} == "x");
  CHECK("x" == frame{"x"});
  CHECK(frame{"x"} == std::string{"x"});
  CHECK(frame{"x"} == std::string_view{"x"});
  CHECK(frame{"x"} != "y");
  CHECK(frame{} == "");
}

TEST_CASE("A20 lent bytes are copied by a copy and by keep(), and not by a move")
{
  std::string text(100, 'a');
  frame lent = frame::lend(as_bytes(text));
  frame const copy = lent;
  frame moved = std::move(lent);
  CHECK(moved.data() == as_bytes(text).data());
  CHECK(moved.shared());
  moved.keep();
  text.assign(100, 'b');
  CHECK(copy == std::string(100, 'a'));
  CHECK(moved == std::string(100, 'a'));
  CHECK(frame::lend(as_bytes("short")).str() == "short");
}

namespace {

// Counts what goes out and comes back, and on which thread it came back last.
struct counting_resource final : std::pmr::memory_resource {
  std::size_t allocations = 0;
  std::size_t outstanding = 0;
  bool exhausted = false;
  std::thread::id freed_on{};

 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override
  {
    if (exhausted)
      throw std::bad_alloc{};
    ++allocations;
    outstanding += size;
    return std::pmr::new_delete_resource()->allocate(size, alignment);
  }
  void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override
  {
    outstanding -= size;
    freed_on = std::this_thread::get_id();
    std::pmr::new_delete_resource()->deallocate(memory, size, alignment);
  }
  bool do_is_equal(memory_resource const& other) const noexcept override { return this == &other; }
};

}  // namespace

TEST_CASE(
    "2.6 allocator a large frame takes one block from its memory resource and gives it back after the last "
    "copy")
{
  counting_resource memory;
  for (std::size_t const size : sizes) {
    std::size_t const before = memory.allocations;
    std::string const wanted = pattern(size);
    {
      frame const f{as_bytes(wanted), memory};
      CHECK(f.view() == wanted);
      CHECK(memory.allocations - before == (size > frame::inline_capacity ? 1 : 0));
      if (size > frame::inline_capacity)
        CHECK(reinterpret_cast<std::uintptr_t>(f.data()) % alignof(std::max_align_t) == 0);
      frame copy{f};
      frame const moved{std::move(copy)};
      CHECK(moved.data() == (size > frame::inline_capacity ? f.data() : moved.data()));
      CHECK(memory.allocations - before <= 1);
      CHECK((memory.outstanding > size) == (size > frame::inline_capacity));
    }
    CHECK(memory.outstanding == 0);
  }
}

TEST_CASE(
    "2.6 allocator an uninitialized frame from a memory resource is written in place, a shared one elsewhere")
{
  counting_resource memory;
  frame f = frame::uninitialized(1000, memory);
  REQUIRE(f.size() == 1000);
  std::byte const* const at = f.data();
  std::fill_n(f.writable().data(), 1000, std::byte{'a'});
  CHECK(f.data() == at);
  frame const kept{f};
  f.writable()[0] = std::byte{'b'};
  CHECK(f.data() != at);
  CHECK(memory.allocations == 1);
  CHECK(kept.view() == std::string(1000, 'a'));
}

TEST_CASE("2.6 allocator a frame's memory goes back on the thread that drops the last copy")
{
  counting_resource memory;
  auto f = std::make_unique<frame>(frame::uninitialized(100, memory));
  std::thread::id other;
  std::thread thread{[&, copy = *f]() mutable {
    other = std::this_thread::get_id();
    f.reset();
    copy = {};
  }};
  thread.join();
  CHECK(memory.outstanding == 0);
  CHECK(memory.freed_on == other);
}

TEST_CASE("2.6 allocator a memory resource that has no more is bad_alloc, and so is a size that cannot be")
{
  counting_resource memory;
  CHECK_THROWS_AS(frame::uninitialized(std::numeric_limits<std::size_t>::max(), memory), std::bad_alloc);
  memory.exhausted = true;
  CHECK_THROWS_AS(frame::uninitialized(100, memory), std::bad_alloc);
  CHECK(frame::uninitialized(frame::inline_capacity, memory).size() == frame::inline_capacity);
}
