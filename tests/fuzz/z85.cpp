// Z85: bytes come back from their text, and whatever text is accepted is the one that its bytes have.
#include <cozmq/core/z85.hpp>

#include "fuzz/targets.hpp"

#include <string>

namespace cozmq::fuzz {

namespace {

// [RFC 32] Five characters are a number to the base of 85 that 32 bits hold.
bool is_z85(std::string_view text)
{
  constexpr std::string_view alphabet =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  if (text.size() % 5 != 0)
    return false;
  for (; !text.empty(); text.remove_prefix(5)) {
    double value = 0;
    for (char c : text.substr(0, 5)) {
      std::size_t const digit = alphabet.find(c);
      if (digit == std::string_view::npos)
        return false;
      value = value * 85 + static_cast<double>(digit);
    }
    if (value > 4294967295.0)
      return false;
  }
  return true;
}

void check_bytes(byte_view bytes)
{
  std::string const text = z85_encode(bytes);
  expect(text.size() == (bytes.size() % 4 == 0 ? bytes.size() / 4 * 5 : 0),
         "a text has 5 characters for 4 bytes");
  if (bytes.size() % 4 != 0)
    return;
  expect(is_z85(text), "a text is of the alphabet");
  std::vector<std::byte> again(bytes.size());
  expect(z85_decode(text, again) && as_text(again) == as_text(bytes), "bytes come back from their text");
  std::vector<char> wrong(text.size() + 1);
  expect(!z85_encode(bytes, wrong), "a place of another size is not written to");
  expect(std::count(wrong.begin(), wrong.end(), '\0') == static_cast<std::ptrdiff_t>(wrong.size()),
         "not even in part");
}

void check_text(std::string_view text, std::size_t room)
{
  std::vector<std::byte> bytes(room);
  bool const read = z85_decode(text, bytes);
  expect(read == (room % 4 == 0 && text.size() == room / 4 * 5 && is_z85(text)),
         "a text is read when it is one, and of the size of its place");
  if (read)
    expect(z85_encode(bytes) == text, "what was read is written alike");
}

}  // namespace

void z85(byte_view input)
{
  std::size_t const how = take(input);
  check_bytes(input);
  // Half of the texts are of the size that fits, or nothing but sizes would be tried.
  std::string_view text = as_text(input);
  if ((how & 1U) != 0)
    text = text.substr(0, text.size() / 5 * 5);
  check_text(text, (how & 2U) != 0 ? how / 4 : text.size() / 5 * 4);
}

}  // namespace cozmq::fuzz
