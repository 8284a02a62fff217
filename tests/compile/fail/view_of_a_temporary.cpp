// expect: deleted
#include <cozmq/cozmq.hpp>

asio::awaitable<std::string_view> wrong(cozmq::pull_socket& pull)
{
  co_return (co_await pull.recv())[0].view();
}
