// Files with keys: read into memory that is zeroed afterwards, written whole or not at all.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/random_bits.hpp>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq::curve {

/// A text that may hold a secret key: it is zeroed when it goes, and does not leave copies behind.
class secret_text {
 public:
  /// Room for so many characters.
  explicit secret_text(std::size_t room) : bytes_(room) {}
  secret_text(secret_text&&) noexcept = default;
  secret_text& operator=(secret_text&&) = delete;
  ~secret_text()
  {
    if (!bytes_.empty())
      sodium_memzero(bytes_.data(), bytes_.size());
  }

  char* data() noexcept { return bytes_.data(); }
  std::size_t capacity() const noexcept { return bytes_.size(); }
  std::string_view view() const noexcept { return {bytes_.data(), size}; }

  std::size_t size = 0;  ///< how many are used

 private:
  std::vector<char> bytes_;
};

/// A file, and whether others than its owner can do anything with it.
struct key_file {
  secret_text text;
  bool open_to_others;
};

namespace detail {

class descriptor {
 public:
  explicit descriptor(int fd) noexcept : fd_{fd} {}
  descriptor(descriptor const&) = delete;
  descriptor& operator=(descriptor const&) = delete;
  ~descriptor()
  {
    if (fd_ >= 0)
      ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

[[noreturn]] inline void throw_file_error(char const* what, std::string const& path, int number)
{
  std::error_code const why{number, std::generic_category()};
  throw error{why, std::string{what} + " " + path + ": " + why.message()};
}

}  // namespace detail

inline constexpr std::size_t max_key_file = 64 * 1024;

/// Reads a file. Throws `error`: what the system says, `errc::invalid_option` for one of more than 64 KiB, or no plain file.
inline key_file read_key_file(std::string const& path)
{
  detail::descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info{};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0)
    detail::throw_file_error("cannot read", path, errno);
  if (!S_ISREG(info.st_mode))
    throw error{errc::invalid_option, "cannot read " + path + ": it is not a file"};
  key_file result{secret_text{max_key_file + 1}, (info.st_mode & (S_IRWXG | S_IRWXO)) != 0};
  for (;;) {
    ::ssize_t const count =
        ::read(file.get(), result.text.data() + result.text.size, result.text.capacity() - result.text.size);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      detail::throw_file_error("cannot read", path, errno);
    if (count == 0)
      return result;
    result.text.size += static_cast<std::size_t>(count);
    if (result.text.size == result.text.capacity())
      throw error{errc::invalid_option, "cannot read " + path + ": it is too large for a certificate"};
  }
}

/// Writes a file with these permissions; who looks at it meanwhile sees what was there before, and the permissions of that do
/// not matter. Throws `error` with what the system says.
inline void write_key_file(std::string const& path, std::string_view text, mode_t permissions)
{
  std::string const unfinished = path + "." + std::to_string(random_bits()) + ".new";
  {
    detail::descriptor const file{
        ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, permissions)};
    if (file.get() < 0)
      detail::throw_file_error("cannot write", path, errno);
    int failed = 0;
    while (!text.empty() && failed == 0) {
      ::ssize_t const count = ::write(file.get(), text.data(), text.size());
      if (count >= 0)
        text.remove_prefix(static_cast<std::size_t>(count));
      else if (errno != EINTR)
        failed = errno;
    }
    if (failed == 0 && ::fsync(file.get()) != 0)
      failed = errno;
    if (failed == 0 && std::rename(unfinished.c_str(), path.c_str()) == 0)
      return;
    if (failed == 0)
      failed = errno;
    ::unlink(unfinished.c_str());
    detail::throw_file_error("cannot write", path, failed);
  }
}

}  // namespace cozmq::curve
