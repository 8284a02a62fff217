// The bodies of the engine, for the one file of a program that compiles them: see <cozmq/core/decl.hpp>.
#pragma once

#ifndef COZMQ_SEPARATE_COMPILATION
#error cozmq: define COZMQ_SEPARATE_COMPILATION for all files of the program, or do not include <cozmq/src.hpp>
#endif

#include <cozmq/engine/impl/accepting.hpp>
#include <cozmq/engine/impl/closing.hpp>
#include <cozmq/engine/impl/connection_ending.hpp>
#include <cozmq/engine/impl/connection_io.hpp>
#include <cozmq/engine/impl/dialing.hpp>
#include <cozmq/engine/impl/dialing_socks.hpp>
#include <cozmq/engine/impl/endpoints.hpp>
#include <cozmq/engine/impl/inproc_joining.hpp>
#include <cozmq/engine/impl/peers.hpp>
#include <cozmq/engine/impl/raw_session.hpp>
#include <cozmq/engine/impl/session_handshake.hpp>
#include <cozmq/engine/impl/session_messages.hpp>
#include <cozmq/engine/impl/session_signs.hpp>
