// A folder of its own for a test, which goes with it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cozmq::test {

class temporary_folder {
 public:
  temporary_folder()
  {
    std::string pattern = (std::filesystem::temp_directory_path() / "cozmq_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error{"no temporary folder"};
    path_ = pattern;
  }
  temporary_folder(temporary_folder const&) = delete;
  temporary_folder& operator=(temporary_folder const&) = delete;
  ~temporary_folder()
  {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path() const { return path_; }
  std::string path(std::string const& name) const { return path_ + "/" + name; }

  // Writes a file there and returns its path.
  std::string write(std::string const& name, std::string_view text) const
  {
    std::ofstream{path(name), std::ios::binary} << text;
    return path(name);
  }

  std::string read(std::string const& name) const
  {
    std::ifstream file{path(name), std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

 private:
  std::string path_;
};

}  // namespace cozmq::test
