// Outbound: bytes to the connection that the first frame names.
#pragma once

#include <cozmq/routing/identity_table.hpp>

#include <utility>

namespace cozmq::routing {

/// STREAM: as ROUTER's table, but that nothing is ever dropped: an unknown id is an error, and a full peer is waited for.
/// Bytes of length zero end the connection, and its id is unknown from then on.
class stream_table : private identity_table {
 public:
  stream_table() { mandatory = true; }

  using identity_table::attach;
  using identity_table::connected;
  using identity_table::detach;
  using identity_table::find;
  using identity_table::ready;
  using identity_table::writable;

  send_result send(message& m)
  {
    pipe* const to = find(m[0].bytes());
    if (to == nullptr)
      return {send_result::unreachable, nullptr};
    if (m.size() == 1) {
      m.clear();  // [libzmq] an id without a second frame says nothing
      return {send_result::sent, to};
    }
    bool const ends = m.byte_size() == m[0].size();
    frame id = m.pop_front();
    if (!to->write(m)) {
      m.push_front(std::move(id));
      return {send_result::full, to};
    }
    if (ends)
      detach(*to);
    return {send_result::sent, to};
  }
};

static_assert(outbound<stream_table>);

}  // namespace cozmq::routing
