// ZAP, both ways: asking the handler of a context, and being it.
#pragma once

#include <cozmq/service/zap_authenticator.hpp>
#include <cozmq/service/zap_server.hpp>
