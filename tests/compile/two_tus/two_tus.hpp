// What the two translation units of this test offer each other.
#pragma once

#include <cozmq/cozmq.hpp>

#include <asio/awaitable.hpp>

#include <string>

asio::awaitable<void> say(cozmq::context& ctx, std::string endpoint);
asio::awaitable<std::string> hear(cozmq::context& ctx, std::string endpoint);
