// Lists of addresses: any changes leave a list with the addresses that a naive model has; any text is an entry or explained.
#include <cozmq/socket/address_list.hpp>

#include "fuzz/targets.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>

namespace cozmq::fuzz {

namespace {

constexpr std::size_t most_steps = 40;

// An address as its bits, '0' and '1' behind '4' or '6'; and as text.
struct address {
  std::string bits;
  std::string text;
  bool mapped = false;
};

address address_of(std::size_t shape, byte_view& input)
{
  // Few different octets, so that addresses have prefixes in common.
  std::array<unsigned, 16> octets{};
  bool const v4 = (shape & 1U) != 0;
  bool const mapped = v4 && (shape & 2U) != 0;
  std::size_t const size = v4 ? 4 : 16;
  for (std::size_t i = 0; i < (v4 ? 4 : 3); ++i)
    octets[(v4 ? 1 : 7) * i] = static_cast<unsigned>(take(input));
  address result{v4 ? "4" : "6", mapped ? "::ffff:" : "", mapped};
  for (std::size_t i = 0; i < size; ++i) {
    for (unsigned bit = 128; bit > 0; bit /= 2)
      result.bits += (octets[i] & bit) != 0 ? '1' : '0';
    if (v4)
      result.text += fmt::format("{}{}", i > 0 ? "." : "", octets[i]);
    else if (i % 2 == 1)
      result.text += fmt::format("{}{:x}", i > 1 ? ":" : "", octets[i - 1] * 256 + octets[i]);
  }
  return result;
}

class lists {
 public:
  void step(std::size_t what, byte_view& input)
  {
    address const a = address_of(what, input);
    switch (what / 4 % 4) {
      case 0:
      case 1: change(a, what / 16, true); break;
      case 2: change(a, what / 16, false); break;
      default: look_up(a);
    }
    std::size_t const size = entries_.size();
    expect(allow_.size() == size && deny_.size() == size, "a list has as many entries as the model");
  }

 private:
  void change(address a, std::size_t shorter, bool add)
  {
    std::string entry = "ipc";
    std::string bits = "ipc";
    if (shorter != 15) {
      // The bits that do not count are zero.
      std::size_t const length = a.bits.size() - 1 - 3 * shorter % (a.bits.size() - 1);
      bits = a.bits.substr(0, 1 + length);
      if (a.bits.find('1', 1 + length) != std::string::npos) {
        entry = a.text + "/" + std::to_string(length + (a.mapped ? 96 : 0));
        bool threw = false;
        try {
          allow_.add(entry);
        } catch (error const& e) {
          threw = e.code() == errc::invalid_option;
        }
        return expect(threw, "an entry with bits behind those that count is refused");
      }
      entry = a.text + "/" + std::to_string(length + (a.mapped ? 96 : 0));
    }
    if (add) {
      allow_.add(entry);
      deny_.add(entry);
      entries_.insert(bits);
    } else {
      bool const there = entries_.erase(bits) > 0;
      expect(allow_.remove(entry) == there && deny_.remove(entry) == there,
             "an entry goes when it was there");
    }
  }

  void look_up(address const& a) const
  {
    bool listed = false;
    for (std::string const& bits : entries_)
      listed = listed || a.bits.starts_with(bits);
    expect(allow_.contains(a.text) == listed && deny_.contains(a.text) == listed,
           "a list has the addresses that begin like an entry");
    expect(allow_.contains("") == entries_.contains("ipc"), "and those without an address, when it says so");
    auth_request peer;
    peer.address = a.text;
    expect(allow_(peer).admits() == listed && deny_(peer).admits() == !listed,
           "who is on it may come, or may not");
    peer.address = a.text + "x";
    expect(!allow_(peer).admits() && !deny_(peer).admits(), "what is not understood does not come in");
  }

  cozmq::address_list allow_ = cozmq::address_list::allow({});
  cozmq::address_list deny_ = cozmq::address_list::deny({});
  std::set<std::string> entries_;
};

void check_text(std::string_view text)
{
  auto list = cozmq::address_list::allow({});
  try {
    list.add(text);
  } catch (error const& e) {
    std::string_view const why = e.what();
    expect(e.code() == errc::invalid_option && list.size() == 0, "what is refused changes nothing");
    expect(why.size() < 1000 + 12 * text.size(), "an explanation does not explode");
    expect(std::none_of(why.begin(), why.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }),
           "an explanation steers no terminal");
    return;
  }
  std::string_view const host = text.substr(0, text.find('/'));
  expect(list.size() == 1 && list.contains(text == "ipc" ? "" : host), "an entry covers its own address");
  expect(list.remove(text) && list.size() == 0, "and can be taken away as it was added");
}

}  // namespace

void address_list(byte_view input)
{
  if ((take(input) & 1U) != 0)
    return check_text(as_text(input));
  lists all;
  for (std::size_t steps = 0; !input.empty() && steps < most_steps; ++steps) {
    std::size_t const what = take(input);
    all.step(what, input);
  }
}

}  // namespace cozmq::fuzz
