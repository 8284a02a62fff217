// The sockets by name.
#pragma once

#include <cozmq/pattern/dealer.hpp>
#include <cozmq/pattern/pair.hpp>
#include <cozmq/pattern/pub.hpp>
#include <cozmq/pattern/pull.hpp>
#include <cozmq/pattern/push.hpp>
#include <cozmq/pattern/rep.hpp>
#include <cozmq/pattern/req.hpp>
#include <cozmq/pattern/router.hpp>
#include <cozmq/pattern/stream.hpp>
#include <cozmq/pattern/sub.hpp>
#include <cozmq/pattern/xpub.hpp>
#include <cozmq/pattern/xsub.hpp>
#include <cozmq/socket/basic_socket.hpp>

namespace cozmq {

using dealer_socket = basic_socket<pattern::dealer>;
using pair_socket = basic_socket<pattern::pair>;
using pub_socket = basic_socket<pattern::pub>;
using pull_socket = basic_socket<pattern::pull>;
using push_socket = basic_socket<pattern::push>;
using rep_socket = basic_socket<pattern::rep>;
using req_socket = basic_socket<pattern::req>;
using router_socket = basic_socket<pattern::router>;
using stream_socket = basic_socket<pattern::stream>;
using sub_socket = basic_socket<pattern::sub>;
using xpub_socket = basic_socket<pattern::xpub>;
using xsub_socket = basic_socket<pattern::xsub>;

}  // namespace cozmq
