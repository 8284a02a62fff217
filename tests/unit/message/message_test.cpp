#include <cozmq/message/message.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using cozmq::errc;
using cozmq::frame;
using cozmq::message;
using cozmq::properties;

static_assert(sizeof(message) == 64);
static_assert(std::is_nothrow_move_constructible_v<message> && std::is_nothrow_move_assignable_v<message>);
static_assert(std::is_nothrow_default_constructible_v<message>);
static_assert(std::random_access_iterator<message::iterator>);
static_assert(std::random_access_iterator<message::const_iterator>);
static_assert(std::is_convertible_v<message::iterator, message::const_iterator>);
static_assert(!std::is_convertible_v<message::const_iterator, message::iterator>);
static_assert(std::is_convertible_v<char const*, message> && std::is_convertible_v<std::string, message>);
static_assert(std::is_convertible_v<frame, message> && std::is_convertible_v<std::string_view, message>);
static_assert(!std::is_constructible_v<message, int> && !std::is_constructible_v<message, char const*, int>);
// From a temporary message, frames come by value: message{...}[0].view() does not compile.
static_assert(std::is_same_v<decltype(std::declval<message>()[0]), frame>);
static_assert(std::is_same_v<decltype(std::declval<message>().front()), frame>);

namespace {

std::string text_of(message const& m)
{
  std::string out;
  for (frame const& each : m)
    out.append(each.view()).append("|");
  return out;
}

template <class Call>
std::string error_text(Call call)
{
  try {
    call();
  } catch (cozmq::error const& e) {
    CHECK(e.code() == errc::wrong_frame_count);
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("A24 a default-constructed message has no frames")
{
  message const m;
  CHECK(m.size() == 0);
  CHECK(m.empty());
  CHECK(m.byte_size() == 0);
  CHECK(m.begin() == m.end());
}

TEST_CASE("a message of one empty frame is not a message without frames")
{
  message const m{""};
  CHECK(m.size() == 1);
  CHECK_FALSE(m.empty());
  CHECK(m.byte_size() == 0);
  CHECK_FALSE(m == message{});
  CHECK(m == message{frame{}});
}

TEST_CASE("B42 an all-empty message of three frames keeps its three frames")
{
  message const m{"", "", ""};
  CHECK(m.size() == 3);
  CHECK(text_of(m) == "|||");
  CHECK(message{m} == m);
}

TEST_CASE("B29 a message copied out of a larger buffer is one frame of exactly the bytes named")
{
  std::string const buffer(70000, 'b');
  std::byte const* const start = cozmq::as_bytes(buffer).data();
  for (std::size_t const size : {0u, 1u, 55u, 56u, 254u, 255u, 256u, 65536u}) {
    message const m{start, size, buffer.size()};
    CHECK(m.size() == 1);
    CHECK(m[0] == std::string(size, 'b'));
  }
}

TEST_CASE("several arguments are several frames")
{
  std::string const lvalue = "lvalue";
  message const m{"literal", lvalue, std::string(100, 's'), std::string_view{"view"}, frame{"frame"}};
  CHECK(m.size() == 5);
  CHECK(text_of(m) == "literal|lvalue|" + std::string(100, 's') + "|view|frame|");
  CHECK(m.byte_size() == 7 + 6 + 100 + 4 + 5);
}

TEST_CASE("a string that is moved into a message hands over its memory")
{
  std::string body(1000, 'b');
  char const* const memory = body.data();
  message const one{std::move(body)};
  CHECK(static_cast<void const*>(one[0].data()) == memory);
  std::string second(1000, 'c');
  char const* const second_memory = second.data();
  message const two{"topic", std::move(second)};
  CHECK(static_cast<void const*>(two[1].data()) == second_memory);
}

TEST_CASE("A34 copying a message shares the bytes of its large frames, and both copies live on their own")
{
  message original{"head", std::string(1000, 'x'), std::string(2000, 'y')};
  message copy = original;
  CHECK(copy == original);
  CHECK(copy[1].data() == original[1].data());
  CHECK(copy[2].data() == original[2].data());
  copy.push_back("more");
  copy[0] = "other";
  CHECK(original.size() == 3);
  CHECK(original[0] == "head");
  original = copy;
  CHECK(original == copy);
  original = message{};
  CHECK(copy.size() == 4);
  CHECK(copy[1] == std::string(1000, 'x'));
}

TEST_CASE("A35 B37 moving a message leaves the source without frames and ready to be filled")
{
  for (message source : {message{"one"}, message{std::string(100, 'l')}, message{"a", "b", "c"}}) {
    message const wanted = source;
    message target{std::move(source)};
    CHECK(source.empty());
    CHECK(source.size() == 0);
    CHECK(target == wanted);
    message assigned{"old", "frames"};
    assigned = std::move(target);
    CHECK(target.empty());
    CHECK(assigned == wanted);
    source.push_back("again");
    CHECK(text_of(source) == "again|");
    target = source;
    CHECK(target == source);
  }
}

TEST_CASE("a message may be assigned to itself")
{
  message m{"a", std::string(100, 'b')};
  message& same = m;
  m = same;
  CHECK(m.size() == 2);
  m = std::move(same);
  CHECK(m.size() == 2);
  m.swap(same);
  CHECK(m[1] == std::string(100, 'b'));
}

TEST_CASE("A32 a message tells whether further frames follow")
{
  message const m{"a", "b", "c"};
  CHECK(m.more_after(0));
  CHECK(m.more_after(1));
  CHECK_FALSE(m.more_after(2));
  CHECK_FALSE(message{"a"}.more_after(0));
  CHECK_FALSE(message{}.more_after(0));
}

TEST_CASE(
    "A33 the metadata of a message is found by name, travels with copies and moves, and does not compare")
{
  properties p;
  p.set("Socket-Type", "PUSH");
  auto const shared = std::make_shared<properties const>(p);
  message m{"body"};
  CHECK(m.metadata() == nullptr);
  CHECK_FALSE(m.property("Socket-Type"));
  m.set_metadata(nullptr);
  CHECK(m.metadata() == nullptr);
  m.set_metadata(shared);
  CHECK(m.property("socket-type") == "PUSH");
  CHECK_FALSE(m.property("User-Id"));
  CHECK(m.size() == 1);
  CHECK(m == message{"body"});
  message copy = m;
  CHECK(copy.metadata() == shared.get());
  for (int i = 0; i < 10; ++i)
    copy.push_back("x");
  CHECK(copy.metadata() == shared.get());
  message const moved = std::move(copy);
  CHECK(moved.property("SOCKET-TYPE") == "PUSH");
  CHECK(copy.metadata() == nullptr);
  m.clear();
  CHECK(m.metadata() == nullptr);
}

TEST_CASE("frames are added and removed at both ends, as a list would")
{
  message m;
  std::vector<std::string> model;
  // Every mixture of the four operations over six steps, against a plain list.
  for (int code = 0; code < 4 * 4 * 4 * 4 * 4 * 4; ++code) {
    m.clear();
    model.clear();
    int rest = code;
    for (int step = 0; step < 6; ++step, rest /= 4) {
      std::string const text =
          (step % 2 == 0 ? std::string(60, 'L') : std::string{"s"}) + std::to_string(step);
      if (rest % 4 == 0) {
        m.push_back(text);
        model.push_back(text);
      } else if (rest % 4 == 1) {
        m.push_front(text);
        model.insert(model.begin(), text);
      } else if (!model.empty() && rest % 4 == 2) {
        REQUIRE(m.pop_front() == model.front());
        model.erase(model.begin());
      } else if (!model.empty()) {
        REQUIRE(m.pop_back() == model.back());
        model.pop_back();
      }
      REQUIRE(m.size() == model.size());
      REQUIRE(std::equal(m.begin(), m.end(), model.begin(), model.end()));
    }
  }
}

TEST_CASE("a message may have many frames")
{
  message m;
  for (int i = 0; i < 1000; ++i)
    m.push_back(std::to_string(i));
  CHECK(m.size() == 1000);
  CHECK(m[999] == "999");
  CHECK(m.front() == "0");
  CHECK(m.back() == "999");
  message const copy = m;
  CHECK(copy == m);
  CHECK(m.pop_front() == "0");
  CHECK(m[0] == "1");
  CHECK_FALSE(copy == m);
}

TEST_CASE("a message of tens of thousands of frames keeps them all, what they share, and its metadata")
{
  std::size_t const count = 40'000;
  auto const shared = std::make_shared<int>(7);
  std::string text(100, 'x');
  message m{"first"};
  m.set_metadata(std::make_shared<properties>());
  properties const* const known = m.metadata();
  for (std::size_t i = 1; i < count; ++i) {
    if (i % 1000 == 0)
      m.push_back(frame::adopt(text.data(), text.size(), [shared] {}));
    else if (i % 1000 == 1)
      m.push_back(m[i - 1]);
    else
      m.push_back(std::to_string(i));
  }
  REQUIRE(m.size() == count);
  REQUIRE(m.metadata() == known);
  std::size_t wrong = 0;
  for (std::size_t i = 2; i < count; ++i)
    if (m[i].view() != (i >= 1000 && i % 1000 <= 1 ? text : std::to_string(i)))
      ++wrong;
  REQUIRE(wrong == 0);
  REQUIRE(shared.use_count() == 40);
  m.clear();
  REQUIRE(shared.use_count() == 1);
}

TEST_CASE("the frames of a message are a random access range, constant or not")
{
  message m{"a", "b", "c"};
  CHECK(m.end() - m.begin() == 3);
  CHECK(m.begin()[2] == "c");
  CHECK(*(m.end() - 1) == "c");
  CHECK(*std::prev(m.end()) == "c");
  for (frame& each : m)
    each = each.str() + "!";
  CHECK(text_of(m) == "a!|b!|c!|");
  std::reverse(m.begin(), m.end());
  CHECK(text_of(m) == "c!|b!|a!|");
  message const& constant = m;
  CHECK(std::find(constant.begin(), constant.end(), "a!") - constant.begin() == 2);
  message::const_iterator it = m.begin();
  CHECK(it->view() == "c!");
  CHECK((it++)->view() == "c!");
  CHECK((--it)->view() == "c!");
  CHECK(m.begin() < m.end());
}

TEST_CASE("parts gives exactly the frames asked for")
{
  message const m{"10001 ", "22 60"};
  auto const [zip, body] = m.parts<2>();
  static_assert(std::is_same_v<decltype(m.parts<2>()), std::array<std::string_view, 2>>);
  CHECK(zip == "10001 ");
  CHECK(body == "22 60");
}

TEST_CASE("parts of a temporary owns its frames")
{
  message source{"zip", std::string(100, 'b')};
  void const* const data = source[1].data();
  auto const [zip, body] = std::move(source).parts<2>();
  static_assert(std::is_same_v<decltype(message{}.parts<2>()), std::array<frame, 2>>);
  CHECK(source.empty());
  CHECK(zip == "zip");
  CHECK(body == std::string(100, 'b'));
  CHECK(body.data() == data);
}

TEST_CASE("parts with another count says which count it found, and changes nothing")
{
  message m{"a", "b", "c"};
  CHECK(error_text([&] { (void)m.parts<2>(); }) == "expected 2 frames, got 3");
  CHECK(error_text([&] { (void)m.parts<1>(); }) == "expected 1 frame, got 3");
  CHECK(error_text([&] { (void)message{}.parts<1>(); }) == "expected 1 frame, got 0");
  CHECK(error_text([&] { (void)std::move(m).parts<4>(); }) == "expected 4 frames, got 3");
  CHECK(m.size() == 3);
}

TEST_CASE("at refuses a frame that is not there")
{
  message m{"a", "b"};
  CHECK(m.at(1) == "b");
  CHECK(error_text([&] { (void)m.at(2); }) == "frame 2 asked for, the message has 2 frames");
  CHECK(error_text([&] { (void)std::as_const(m).at(7); }) == "frame 7 asked for, the message has 2 frames");
  CHECK(error_text([&] { (void)message{"a"}.at(1); }) == "frame 1 asked for, the message has 1 frame");
}

TEST_CASE("A26 an adopted buffer inside a message is given back once, also by another thread")
{
  int given_back = 0;
  std::string memory(100, 'm');
  message m{"head", frame::adopt(memory.data(), memory.size(), [&] { ++given_back; })};
  message copy = m;
  m = message{};
  CHECK(given_back == 0);
  std::thread{[last = std::move(copy)]() mutable { last.clear(); }}.join();
  CHECK(given_back == 1);
}

TEST_CASE("swapping exchanges all frames")
{
  message a{"a", "b"};
  message b;
  swap(a, b);
  CHECK(a.empty());
  CHECK(text_of(b) == "a|b|");
}

TEST_CASE("messages are equal when their frames are")
{
  CHECK(message{"a", "b"} == message{"a", "b"});
  CHECK_FALSE(message{"a", "b"} == message{"ab"});
  CHECK_FALSE(message{"a", "b"} == message{"a", "c"});
  CHECK_FALSE(message{"a"} == message{"b"});
  CHECK(message{} == message{});
  CHECK(message{"text"} == "text");
  message emptied{"a", "b"};
  emptied.pop_back();
  CHECK(emptied == "a");
}

TEST_CASE("a queue takes a message with bytes of its own, and leaves none behind")
{
  std::string text(100, 'a');
  message lent{frame::lend(cozmq::as_bytes(text))};
  message taken{"what was here before"};
  taken.take(lent);
  CHECK(lent.empty());
  text.assign(100, 'b');
  CHECK(taken[0].view() == std::string(100, 'a'));

  message several{frame::lend(cozmq::as_bytes(text)), frame{"own"}};
  taken.take(several);
  CHECK(several.empty());
  text.assign(100, 'c');
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].view() == std::string(100, 'b'));
  CHECK(taken[1].view() == "own");
}
