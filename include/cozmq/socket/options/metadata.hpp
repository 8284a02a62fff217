// Options about properties: what the application tells peers when they connect, and what it wants to know of them.
#pragma once

#include <cozmq/socket/options/option.hpp>
#include <cozmq/wire/properties_codec.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace cozmq::option {

/// A property of the application, told to every peer in the handshake: `metadata{"X-role", "primary"}`. Names start with
/// "X-" and have up to 255 letters, digits, `-`, `_`, `.` and `+`; values are any bytes; 32 KiB in all. Each set adds one,
/// or replaces that of the same name; `metadata::none()` removes all. JeroMQ's CURVE takes 256 bytes at most. Default:
/// none. Later connections.
/// @libzmq ZMQ_METADATA | none | later connections | all but STREAM
struct metadata {
  properties value;
  metadata(std::string_view name, std::string_view content) { value.add(name, content); }
  static metadata none() { return {}; }
  static constexpr bool applies_to(socket_type type) { return type != socket_type::stream; }
  static constexpr std::string_view rule =
      "metadata takes a name that starts with X- and has at most 255 letters, digits, -, _, . and +, and "
      "with all values "
      "at most 32 KiB";
  std::error_code apply(engine::socket_options& to) const
  {
    // [RFC 37, metadata] names of the application start with "X-"; the others are the protocol's.
    properties all = value.empty() ? properties{} : to.metadata;
    for (auto const& [name, content] : value) {
      if (name.size() < 3 || !properties::same_name(std::string_view{name}.substr(0, 2), "X-") ||
          !wire::is_property_name(name))
        return errc::invalid_option;
      all.set(name, content);
    }
    std::size_t size = 0;
    for (auto const& [name, content] : all)
      size += name.size() + content.size();
    if (size > most_bytes)
      return errc::invalid_option;
    to.metadata = std::move(all);
    return {};
  }
  static metadata read(engine::socket_options const& from)
  {
    metadata result;
    result.value = from.metadata;
    return result;
  }

 private:
  // Peers limit the size of a handshake; ours take 64 KiB.
  static constexpr std::size_t most_bytes = 32 * 1024;
  metadata() = default;
};

/// Whether received messages carry their peer's properties: `message::property("Peer-Address")` (its IP address),
/// "Socket-Type", "Routing-Id" (and its old name "Identity") and what the peer's application tells as "X-...". Costs an
/// allocation for each message; not over inproc. Default false. Later connections.
/// @libzmq - | false | later connections | all but PUSH, PUB, STREAM
struct receive_metadata : single<receive_metadata, bool, &engine::socket_options::receive_metadata> {
  using single::single;
  static constexpr bool applies_to(socket_type type)
  {
    return type != socket_type::push && type != socket_type::pub && type != socket_type::stream;
  }
};

}  // namespace cozmq::option
