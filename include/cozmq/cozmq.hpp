// Everything for users, in one include.
#pragma once

#include <cozmq/core/error.hpp>
#include <cozmq/core/log.hpp>
#include <cozmq/message/format.hpp>
#include <cozmq/message/message.hpp>
#include <cozmq/service/blocking.hpp>
#include <cozmq/service/blocking_poller.hpp>
#include <cozmq/service/forwarder.hpp>
#include <cozmq/service/poller.hpp>
#include <cozmq/service/proxy.hpp>
#include <cozmq/service/run.hpp>
#include <cozmq/service/shared_sender.hpp>
#include <cozmq/service/spawn.hpp>
#include <cozmq/service/zap.hpp>
#include <cozmq/socket/address_list.hpp>
#include <cozmq/socket/context.hpp>
#include <cozmq/socket/options.hpp>
#include <cozmq/socket/select.hpp>
#include <cozmq/socket/sockets.hpp>
#include <cozmq/version.hpp>
