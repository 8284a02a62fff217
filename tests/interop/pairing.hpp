// How two ends of an interop test are joined, and what they send each other.
#pragma once

#include "support/catch.hpp"
#include "support/libzmq_peer.hpp"
#include "support/parts.hpp"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

namespace cozmq::test {

struct pairing {
  std::string any_address;
  bool we_bind;
};

// Runs the test once for each transport and binding side. To be called once in a test case.
inline pairing every_pairing()
{
  std::string any_address = GENERATE(as<std::string>{}, "tcp://127.0.0.1:*", "ipc://*");
  bool we_bind = GENERATE(true, false);
  return {any_address, we_bind};
}

template <typename Socket>
void join(Socket& ours, libzmq_peer& theirs, pairing const& how)
{
  if (how.we_bind)
    theirs.connect(ours.bind(how.any_address));
  else
    ours.connect(theirs.bind(how.any_address));
}

// Sizes around every boundary of frames, headers and buffers, then messages of several parts.
inline std::vector<parts> const& samples()
{
  static std::vector<parts> const all = [] {
    std::vector<parts> result{{"Hello"}};
    std::initializer_list<std::size_t> const sizes{0,    1,    55,     56,     254,    255,      256,
                                                   8191, 8192, 32'768, 65'535, 65'536, 1'048'576};
    for (std::size_t size : sizes)
      result.push_back({blob(size)});
    result.push_back({"", "", ""});
    result.push_back({"a", "", "c"});
    result.push_back({"topic", blob(1'048'576), blob(255), ""});
    result.push_back(parts(100, "part"));
    return result;
  }();
  return all;
}

}  // namespace cozmq::test
