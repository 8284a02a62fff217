// The smallest user of the library: it includes everything and formats a message.
#include <cozmq/cozmq.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <string>

int main()
{
  cozmq::message const hello{"hello"};
  std::string const shown = fmt::format("{}", hello);
  std::puts(shown.c_str());
  return shown.find("hello") == std::string::npos;
}
