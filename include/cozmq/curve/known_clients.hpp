// Who may come by its key: a directory of certificates, or a file, as an authenticator.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/curve/certificate.hpp>
#include <cozmq/curve/key_file.hpp>
#include <cozmq/curve/keys.hpp>
#include <cozmq/engine/authentication.hpp>
#include <cozmq/message/properties.hpp>
#include <cozmq/wire/properties_codec.hpp>

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq {

/// The clients of a CURVE server, by their public certificates: `option::authenticator{cozmq::known_clients{"clients"}}`.
///
/// In a directory only files "*.key" count, as pyzmq names them, and none in directories within it; CZMQ's "name.txt" must be
/// renamed. One that cannot be read or is malformed is logged as a warning, once for each cause, and its client is not known.
/// In a file there may be any number of certificates, and nothing malformed. The user id of a client is its key in Z85; its
/// messages carry the metadata of its certificate.
///
/// Changes of the files are seen when a client comes, at most once a second, on the socket's executor; or at once by
/// `reload`. As long as they cannot be read, clients are refused for now; if it is one of a directory, those that are not
/// known. Who is connected stays.
///
/// Copies are the same list; a move is a copy.
///
/// @par Thread safety
/// Distinct and shared objects: safe, except for assignment.
class known_clients {
 public:
  /// Reads them; `interval` is how often files are looked at. Throws as `reload` does.
  explicit known_clients(std::string path, std::chrono::milliseconds interval = std::chrono::seconds{1})
      : state_{std::make_shared<state>()}
  {
    state_->path = std::move(path);
    state_->interval = interval;
    reload();
  }

  known_clients(known_clients const&) noexcept = default;
  known_clients& operator=(known_clients const&) noexcept = default;

  /// Reads them again, whether they have changed or not.
  ///
  /// @par Errors
  /// Throws `error` when the directory or the file cannot be read, or is malformed: what is known stays as it was.
  void reload()
  {
    std::lock_guard const lock{state_->mutex};
    state_->read(state_->look());
  }

  /// How many are known.
  std::size_t size() const
  {
    std::lock_guard const lock{state_->mutex};
    return state_->known.size();
  }

  /// Is this one of them? As far as was read last.
  bool contains(curve_public_key const& key) const
  {
    std::lock_guard const lock{state_->mutex};
    return state_->known.contains(key);
  }

  /// Lets the client in, or refuses it: for good, or for now if it may be in a file that could not be read. For
  /// `option::authenticator`.
  auth_reply operator()(auth_request const& peer) const
  {
    auto const key = curve_public_key::from_bytes(peer.public_key);
    if (!key)
      return auth_reply::refuse("it has shown no key");
    std::lock_guard const lock{state_->mutex};
    state_->refresh();
    if (!state_->trouble.empty())
      return auth_reply::refuse_for_now(state_->trouble);
    auto const found = state_->known.find(*key);
    if (found != state_->known.end())
      return auth_reply::admit(key->to_z85(), found->second);
    // It may be in what could not be read.
    return state_->unreadable.empty()
               ? auth_reply::refuse(key->to_z85() + " is not the key of a known client")
               : auth_reply::refuse_for_now(state_->unreadable);
  }

 private:
  using clock = std::chrono::steady_clock;

  // What a file looks like from outside.
  struct file_sign {
    std::string path;
    ino_t number = 0;
    off_t size = 0;
    std::int64_t changed = 0;  // nanoseconds
    std::int64_t altered = 0;  // as well in who may read it
    friend bool operator==(file_sign const&, file_sign const&) = default;
  };

  struct sighting {
    bool is_directory = false;
    bool fresh =
        false;  // a file was just changed, or could not be read: when that is over, it may look the same
    std::vector<file_sign> files;
    friend bool operator==(sighting const&, sighting const&) = default;
  };

  struct state {
    std::string path;
    std::chrono::milliseconds interval{};
    std::mutex mutex;
    std::map<curve_public_key, properties> known;
    sighting seen;
    std::string trouble;                            // why none could be read
    std::string unreadable;                         // why one of a directory could not be read
    std::map<std::string, std::string> complaints;  // by path: what has been logged, and holds still
    clock::time_point looked{};

    void refresh()
    {
      if (clock::now() - looked >= interval) {
        looked = clock::now();
        try {
          if (sighting next = look(); next != seen || next.fresh || !trouble.empty())
            read(std::move(next));
        } catch (error const& e) {
          if (trouble != e.what())
            write_log(log_level::error, "no client is let in: {}", e.what());
          trouble = e.what();
        }
      }
    }

    sighting look() const
    {
      sighting result;
      std::error_code ec;
      result.is_directory = std::filesystem::is_directory(path, ec);
      if (!result.is_directory)
        result.files.push_back({path});
      for (std::filesystem::directory_iterator at{path, ec}, end; result.is_directory && !ec && at != end;
           at.increment(ec))
        if (at->path().extension() == ".key")
          result.files.push_back({at->path().string()});
      if (result.is_directory && ec)
        curve::detail::throw_file_error("cannot read", path, ec.value());
      std::ranges::sort(result.files, {}, &file_sign::path);
      for (file_sign& each : result.files)
        result.fresh = look_at(each) || result.fresh;
      return result;
    }

    // Was it changed so lately that the time of its next change may be the same?
    static bool look_at(file_sign& file)
    {
      struct stat info{};
      if (::stat(file.path.c_str(), &info) != 0)
        return false;  // reading it will say why
      file.number = info.st_ino;
      file.size = info.st_size;
      file.changed = nanoseconds(info.st_mtim);
      file.altered = nanoseconds(info.st_ctim);
      auto const now = std::chrono::system_clock::now().time_since_epoch();
      return now < std::chrono::nanoseconds{file.changed} + std::chrono::seconds{2};
    }

    static std::int64_t nanoseconds(timespec const& time)
    {
      return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
    }

    void read(sighting next)
    {
      std::map<curve_public_key, properties> found;
      std::map<std::string, std::string> wrong;
      std::string missed;
      if (next.is_directory && next.files.empty())
        wrong.emplace(path, "there is no certificate *.key in " + path +
                                ", so no client is known; those of CZMQ, name.txt, must be renamed");
      for (file_sign const& file : next.files) {
        try {
          curve::key_file const content = curve::read_key_file(file.path);
          for (curve_certificate const& c : curve_certificate::parse_all(content.text.view()))
            found.insert_or_assign(c.public_key(), said_of(c));
        } catch (error const& e) {
          std::string text = e.what();
          if (text.find(file.path) == std::string::npos)
            text = file.path + ": " + text;
          if (!next.is_directory)
            throw error{e.code(), std::move(text)};
          if (e.code() != errc::invalid_option)  // the system's: that may end without a trace at the file
            missed = text;
          wrong.emplace(file.path, text + "; this client is not known");
        }
      }
      for (auto const& [where, what] : wrong)
        if (auto const before = complaints.find(where); before == complaints.end() || before->second != what)
          write_log(log_level::warn, "{}", what);
      next.fresh = next.fresh || !missed.empty();
      known = std::move(found);
      seen = std::move(next);
      unreadable = std::move(missed);
      complaints = std::move(wrong);
      trouble.clear();
      looked = clock::now();
    }

    // What messages, and a ZAP reply, can carry of it.
    static properties said_of(curve_certificate const& c)
    {
      properties result;
      for (auto const& [name, value] : c.metadata)
        if (wire::is_property_name(name))
          result.add(name, value);
      return result;
    }
  };

  std::shared_ptr<state> state_;
};

}  // namespace cozmq
