// The handshake with NULL, as either side, gets the same octets in one piece, octet by octet and at odd splits.
#include "fuzz/shake_hands.hpp"

namespace cozmq::fuzz {

namespace {

due expected_of(byte_view stream, form how)
{
  wire::handshake_config const config = config_of(how);
  due result;
  result.greet("NULL", false);
  if (!greets(stream, "NULL", false))
    return result;
  if (!how.binding())
    result.send("READY", config);
  auto const ready = command_at(stream, wire::greeting_size, config.max_command);
  if (!ready || ready->name != "READY")
    return result;
  wire::metadata_verdict const verdict = judge(ready->data, config);
  bool const told = how.binding();  // the connecting side has had its say
  if (verdict.error != errc{}) {
    if (told && verdict.tell_peer)
      wire::append_error(result.sent, verdict.reason);
    return result;
  }
  if (how.asks()) {
    result.decisions = 1;
    if (!how.admits()) {
      if (told && how.verdict() == 2)
        wire::append_error(result.sent, told_to_peer);
      return result;
    }
  }
  if (how.binding())
    result.send("READY", config);
  result.done = true;
  result.end = ready->end;
  return result;
}

}  // namespace

void handshake(byte_view input)
{
  form const how{take(input)};
  std::uint32_t const seed = static_cast<std::uint32_t>(take(input)) + 1;
  octets const stream = stream_of(input, how, "NULL");
  outcome const seen = shake_hands_in_every_way(stream, [&] { return config_of(how); }, how, seed);
  check(seen, expected_of(stream, how), stream, how);
}

}  // namespace cozmq::fuzz
