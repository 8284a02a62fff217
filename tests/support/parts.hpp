// A multipart message as plain strings: what both ends of an interop test compare.
#pragma once

#include <cozmq/cozmq.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace cozmq::test {

using parts = std::vector<std::string>;

inline parts to_parts(message const& from)
{
  parts result;
  for (frame const& part : from)
    result.push_back(part.str());
  return result;
}

inline message to_message(parts const& from)
{
  message result;
  for (std::string const& part : from)
    result.push_back(frame{part});
  return result;
}

// `size` bytes of every value, different for every size.
inline std::string blob(std::size_t size)
{
  std::string result(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    result[i] = static_cast<char>((i * 31 + size) & 0xff);
  return result;
}

}  // namespace cozmq::test
