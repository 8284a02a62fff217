// A target without libFuzzer: its corpus, and some thousand mutations of it, the same ones every time.
#pragma once

#include "fuzz/targets.hpp"
#include "support/catch.hpp"
#include "support/octets.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

namespace cozmq::fuzz {

using test::octets;

inline std::vector<octets> corpus_of(std::string const& target)
{
  auto const folder = std::filesystem::path{COZMQ_TEST_SOURCE_DIR} / "fuzz/corpus" / target;
  std::vector<std::filesystem::path> files;
  for (auto const& each : std::filesystem::directory_iterator{folder})
    files.push_back(each.path());
  std::sort(files.begin(), files.end());  // the order of a directory is nobody's promise
  std::vector<octets> corpus;
  for (auto const& each : files) {
    std::ifstream file{each, std::ios::binary};
    corpus.push_back(test::from_text(std::string{std::istreambuf_iterator<char>{file}, {}}));
  }
  return corpus;
}

// Numbers below `end`: distributions differ between standard libraries, these do not.
class dice {
 public:
  std::size_t below(std::size_t end) { return end == 0 ? 0 : engine_() % end; }

 private:
  std::mt19937 engine_{20240229};
};

inline void mutate(octets& input, std::vector<octets> const& corpus, dice& random)
{
  auto const place = [&](octets const& in) {
    return static_cast<std::ptrdiff_t>(random.below(in.size() + 1));
  };
  constexpr unsigned char telling[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x7F, 0x80,
                                       0xFE, 0xFF, '*',  ':',  '/',  '[',  ';'};
  switch (random.below(6)) {
    case 0:  // a bit is wrong
      if (!input.empty())
        input[random.below(input.size())] ^= std::byte{1} << random.below(8);
      break;
    case 1:  // an octet is another one
      if (!input.empty())
        input[random.below(input.size())] = std::byte{telling[random.below(std::size(telling))]};
      break;
    case 2:  // an octet more
      input.insert(input.begin() + place(input), static_cast<std::byte>(random.below(256)));
      break;
    case 3: {  // some are missing
      auto const from = input.begin() + place(input);
      input.erase(from, from + static_cast<std::ptrdiff_t>(
                                   random.below(static_cast<std::size_t>(input.end() - from) + 1)));
      break;
    }
    case 4:  // the end is missing
      input.erase(input.begin() + place(input), input.end());
      break;
    default: {  // a part of another one in between
      octets const& other = corpus[random.below(corpus.size())];
      auto const from = other.begin() + place(other);
      auto const size = random.below(static_cast<std::size_t>(other.end() - from) + 1);
      input.insert(input.begin() + place(input), from, from + static_cast<std::ptrdiff_t>(size));
    }
  }
}

inline void replay(std::string const& name, void (*target)(byte_view), int mutations)
{
  std::vector<octets> const corpus = corpus_of(name);
  REQUIRE_FALSE(corpus.empty());
  auto const run = [&](octets const& input) {
    try {
      target(input);
    } catch (std::exception const& e) {
      FAIL(name << ": " << e.what() << "\n" << test::to_hex(input));
    }
  };
  for (octets const& each : corpus)
    run(each);
  dice random;
  for (int i = 0; i < mutations; ++i) {
    octets input = corpus[random.below(corpus.size())];
    for (std::size_t times = 1 + random.below(4); times > 0; --times)
      mutate(input, corpus, random);
    run(test::exact(input));
  }
}

}  // namespace cozmq::fuzz
