// Where a measurement binds: loopback port 0, or a socket file in a directory of its own.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bench {

/// A fresh directory below the system's temporary one; gone with this object.
class scratch_directory {
 public:
  scratch_directory() : path_{(std::filesystem::temp_directory_path() / "bench.XXXXXX").string()}
  {
    if (::mkdtemp(path_.data()) == nullptr) {
      throw std::system_error{errno, std::generic_category(), "mkdtemp " + path_};
    }
  }
  scratch_directory(scratch_directory const&) = delete;
  scratch_directory& operator=(scratch_directory const&) = delete;
  ~scratch_directory()
  {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string const& path() const { return path_; }

 private:
  std::string path_;
};

/// The endpoint to bind for `transport`. Its directory must outlive the measurement.
inline std::string endpoint_to_bind(std::string const& transport, scratch_directory const& scratch)
{
  if (transport == "tcp") {
    return "tcp://127.0.0.1:*";
  }
  if (transport == "ipc") {
    return "ipc://" + scratch.path() + "/socket";
  }
  if (transport == "inproc") {
    return "inproc://bench";
  }
  throw std::invalid_argument{"transport is tcp, ipc or inproc, not '" + transport + "'"};
}

}  // namespace bench
