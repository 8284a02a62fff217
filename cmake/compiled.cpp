// The engine and Asio, compiled once for our tests and examples: what a user's own project may do as well.
#include <cozmq/src.hpp>

#include <asio/impl/src.hpp>
