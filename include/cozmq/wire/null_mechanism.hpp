// The NULL mechanism: no security, one READY in each direction.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/message/properties.hpp>
#include <cozmq/wire/command.hpp>
#include <cozmq/wire/mechanism.hpp>
#include <cozmq/wire/printable.hpp>
#include <cozmq/wire/properties_codec.hpp>

#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace cozmq::wire {

/// NULL as RFC 37 has it: the binding side answers the connecting side's READY with its own.
class null_mechanism final : public mechanism {
 public:
  std::string_view name() const noexcept override { return "NULL"; }

  void start(bool binding, properties own, std::vector<std::byte>& out) override
  {
    append_properties(own_metadata_, own);
    // [RFC 37, NULL] the client SHALL send a READY command and then wait for a READY command in reply. Were
    // ours not held back on the binding side, a peer that we refuse would by then have sent us messages.
    if (!binding)
      send_ready(out);
  }

  mechanism_result on_command(command_view command, std::vector<std::byte>&) override
  {
    if (command.name != "READY")
      return mechanism_result::failure(errc::unexpected_command,
                                       "the peer sent " + printable(command.name, 64) + " before READY");
    std::error_code ec;
    properties metadata = parse_properties(command.data, ec);
    if (ec)
      return mechanism_result::failure(errc::malformed_metadata,
                                       "the properties in the peer's READY are malformed");
    return mechanism_result::received(std::move(metadata));
  }

  void accept(std::vector<std::byte>& out) override
  {
    if (!ready_sent_)
      send_ready(out);
  }

  void refuse(std::string_view reason, std::vector<std::byte>& out) override
  {
    // [RFC 37, Socket-Type] SHOULD handle errors by returning an ERROR command. Once our READY is out, the peer may have
    // completed its handshake, and an ERROR would come too late.
    if (!ready_sent_)
      append_error(out, reason);
  }

 private:
  void send_ready(std::vector<std::byte>& out)
  {
    append_command(out, "READY", own_metadata_);
    own_metadata_ = {};
    ready_sent_ = true;
  }

  std::vector<std::byte> own_metadata_;
  bool ready_sent_ = false;
};

}  // namespace cozmq::wire
