// The smallest user of the component curve.
#include <cozmq/curve.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <string>

int main()
{
  std::string const shown = fmt::format("{}", cozmq::curve_keys::generate().public_key());
  std::puts(shown.c_str());
  return shown.size() == cozmq::curve_key_length ? 0 : 1;
}
