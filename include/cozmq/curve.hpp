// CURVE for users, in one include: it needs libsodium (CMake: cozmq::curve), and <cozmq/cozmq.hpp> does not.
#pragma once

#include <cozmq/curve/certificate.hpp>
#include <cozmq/curve/keys.hpp>
#include <cozmq/curve/known_clients.hpp>
#include <cozmq/curve/options.hpp>
