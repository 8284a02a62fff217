// What can be set on a socket: one type per option, in its own unit, refused at compile time where it has no use.
#pragma once

#include <cozmq/socket/options/connecting.hpp>
#include <cozmq/socket/options/descriptor.hpp>
#include <cozmq/socket/options/heartbeats.hpp>
#include <cozmq/socket/options/limits.hpp>
#include <cozmq/socket/options/metadata.hpp>
#include <cozmq/socket/options/monitoring.hpp>
#include <cozmq/socket/options/network.hpp>
#include <cozmq/socket/options/publishing.hpp>
#include <cozmq/socket/options/queues.hpp>
#include <cozmq/socket/options/routing.hpp>
#include <cozmq/socket/options/security.hpp>
#include <cozmq/socket/options/socks.hpp>
