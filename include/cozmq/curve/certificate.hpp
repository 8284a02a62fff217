// Certificates: keys, and what is said of their owner, in the files that ZeroMQ libraries share.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/curve/key_file.hpp>
#include <cozmq/curve/keys.hpp>
#include <cozmq/curve/zpl.hpp>
#include <cozmq/message/properties.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cozmq {

/// A public key, perhaps with its secret key, and properties of its owner. Certificates are written and read by CZMQ, pyzmq
/// and others; by their custom "name.key" holds the public one and "name.key_secret" both keys. Nobody vouches for one: it is
/// worth what the way is worth on which it came.
///
/// A value; copies share the place of the secret key.
class curve_certificate {
 public:
  /// With a public key only, for a peer.
  explicit curve_certificate(curve_public_key key, properties of_owner = {})
      : metadata{std::move(of_owner)}, public_key_{key}
  {
  }

  /// With both keys.
  explicit curve_certificate(curve_keys keys, properties of_owner = {})
      : metadata{std::move(of_owner)}, public_key_{keys.public_key()}, keys_{std::move(keys)}
  {
  }

  /// Name, e-mail address, or whatever is to be said.
  properties metadata;

  curve_public_key const& public_key() const noexcept { return public_key_; }

  bool has_secret_key() const noexcept { return keys_.has_value(); }

  /// Both keys. Throws `error` with `errc::invalid_option` when there is no secret one.
  curve_keys const& keys() const
  {
    if (!keys_)
      throw error{errc::invalid_option,
                  "the certificate has no secret key: load the one whose name ends in _secret"};
    return *keys_;
  }

  /// From the text of a file, which is the caller's to erase.
  ///
  /// @par Errors
  /// Throws `error` with `errc::invalid_option` for a text that is malformed, has no public key, several, or a secret key that
  /// does not belong to the public one.
  static curve_certificate parse(std::string_view text)
  {
    std::vector<curve_certificate> all = parse_all(text);
    if (all.size() != 1)
      throw error{errc::invalid_option, all.empty() ? "there is no public-key in the section curve"
                                                    : "there is more than one certificate"};
    return std::move(all.front());
  }

  /// As above, all certificates of a text: one begins with each section metadata, and curve without that.
  static std::vector<curve_certificate> parse_all(std::string_view text)
  {
    std::vector<curve_certificate> result;
    properties of_owner;
    std::string_view section;
    std::optional<curve_public_key> shown;
    for (curve::zpl_line const& line : curve::parse_zpl(text)) {
      if (line.level == 0) {
        section = line.name;
        shown.reset();
        if (section == "metadata")
          of_owner.clear();
      } else if (line.level == 1 && section == "metadata") {
        of_owner.add(line.name, line.value);
      } else if (line.level == 1 && section == "curve" && line.name == "public-key") {
        if (shown)
          throw error{errc::invalid_option, "there is more than one public-key in a section curve"};
        shown = curve_public_key::from_z85(line.value);
        result.emplace_back(*shown, std::exchange(of_owner, {}));
      } else if (line.level == 1 && section == "curve" && line.name == "secret-key") {
        if (!shown)
          throw error{errc::invalid_option, "there is a secret-key without a public-key before it"};
        curve_keys keys{curve_secret_key::from_z85(line.value)};
        if (keys.public_key() != *shown)
          throw error{errc::invalid_option, "the secret-key does not belong to the public-key"};
        result.back().keys_ = std::move(keys);
      }
    }
    if (result.size() == 1 && result.back().metadata.empty())
      result.back().metadata = std::move(of_owner);  // the only one may have its sections in either order
    return result;
  }

  /// Reads a file, with the secret key if it has one. That others than its owner have access to that is logged as a warning.
  ///
  /// @par Errors
  /// Throws `error`: what the system says, or as `parse` does; the text names the file.
  static curve_certificate load(std::string const& path)
  {
    curve::key_file const file = curve::read_key_file(path);
    try {
      curve_certificate result = parse(file.text.view());
      if (file.open_to_others && result.has_secret_key())
        write_log(log_level::warn,
                  "{} has a secret key, and others than its owner have access to it: chmod 600", path);
      return result;
    } catch (error const& e) {
      throw error{e.code(), path + ": " + e.what()};
    }
  }

  /// The text of a public certificate. Throws `error` with `errc::invalid_option` for metadata that it cannot carry.
  std::string to_text() const
  {
    std::string text =
        "#   ZeroMQ CURVE Public Certificate\n"
        "#   Hand it out on a way that nobody can change, or have somebody check it.\n\n";
    append_properties(text);
    return text;
  }

  /// Writes a public certificate. Throws `error`: what the system says, or as `to_text` does.
  void save_public(std::string const& path) const { curve::write_key_file(path, to_text(), 0644); }

  /// Writes a certificate with both keys, which nobody but the owner of the file has access to.
  ///
  /// @par Errors
  /// Throws `error`: what the system says, as `to_text` does, and as `keys` does.
  void save_secret(std::string const& path) const
  {
    std::string open =
        "#   ZeroMQ CURVE **Secret** Certificate\n"
        "#   Keep this file to yourself, and its permissions as they are.\n\n";
    append_properties(open);
    std::string_view const name = "    secret-key = \"";
    curve::secret_text text{open.size() + name.size() + curve_key_length + 2};
    auto const append = [&text](std::string_view piece) {
      piece.copy(text.data() + text.size, piece.size());
      text.size += piece.size();
    };
    append(open);
    append(name);
    keys().secret_key().expose_z85(
        std::span<char, curve_key_length>{text.data() + text.size, curve_key_length});
    text.size += curve_key_length;
    append("\"\n");
    curve::write_key_file(path, text.view(), 0600);
  }

 private:
  void append_properties(std::string& to) const
  {
    curve::append_zpl(to, 0, "metadata");
    for (auto const& [name, value] : metadata)
      curve::append_zpl(to, 1, name, value);
    curve::append_zpl(to, 0, "curve");
    curve::append_zpl(to, 1, "public-key", public_key_.to_z85());
  }

  curve_public_key public_key_;
  std::optional<curve_keys> keys_;
};

}  // namespace cozmq
