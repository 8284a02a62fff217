// Handshake metadata: what is read is written back alike, and every verdict about it holds together.
#include "fuzz/targets.hpp"
#include <cozmq/wire/peer_metadata.hpp>
#include <cozmq/wire/properties_codec.hpp>

#include <string>

namespace cozmq::fuzz {

void properties(byte_view input)
{
  std::error_code ec;
  cozmq::properties const read = wire::parse_properties(input, ec);
  if (ec) {
    expect(ec == errc::malformed_metadata && read.empty(), "what is malformed gives no properties");
    return;
  }
  std::vector<std::byte> written;
  expect(wire::append_properties(written, read), "what was read can be written");
  expect(as_text(written) == as_text(input), "what was read is written alike");
  for (auto const& [name, value] : read) {
    expect(read.contains(name), "a property is found by its name");
    (void)value;
  }
  for (socket_type const own : {socket_type::pull, socket_type::router}) {
    socket_type_set const accepts = own == socket_type::pull
                                        ? socket_type_set{socket_type::push}
                                        : socket_type_set{socket_type::dealer, socket_type::req};
    wire::metadata_verdict const verdict = wire::check_metadata(read, own, accepts);
    if (verdict.error == errc{}) {
      expect(verdict.reason.empty() && accepts.contains(verdict.type),
             "who is welcome is of a type that fits");
      expect(verdict.identity.size() <= wire::max_identity, "an identity is short");
    } else {
      expect(!verdict.reason.empty() && verdict.reason.size() < 256, "a refusal has a short reason");
    }
    // Whatever an application adds: the peer finds one type, the right one.
    std::vector<std::byte> announced;
    wire::append_properties(announced, wire::own_metadata(own, "me", read));
    cozmq::properties const seen = wire::parse_properties(announced, ec);
    expect(read.size() > wire::max_property_count - 2 || !ec, "our own metadata can be read");
    if (!ec)
      expect(wire::check_metadata(seen, socket_type::pair, {own}).error == errc{},
             "our own metadata is welcome");
  }
}

}  // namespace cozmq::fuzz
