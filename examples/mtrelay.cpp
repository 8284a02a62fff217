// Multithreaded relay: three steps, each in a thread of its own, tell the next one with PAIR when they are ready.
#include <cozmq/cozmq.hpp>

#include <fmt/format.h>

#include <exception>
#include <functional>
#include <thread>

using pair = cozmq::blocking<cozmq::pair_socket>;

void step1(cozmq::context& ctx)
{
  pair next{ctx};
  next.connect("inproc://step2");
  fmt::print("step 1 is ready and signals step 2\n");
  next.send("READY");
}

void step2(cozmq::context& ctx)
{
  pair previous{ctx};
  previous.bind("inproc://step2");  // before step 1 starts, which does not wait for us and so needs the name
  std::jthread first{step1, std::ref(ctx)};
  previous.recv();

  pair next{ctx};
  next.connect("inproc://step3");
  fmt::print("step 2 is ready and signals step 3\n");
  next.send("READY");
}

int main()
try {
  cozmq::context
      ctx;  // threads share it, as inproc names are those of one context; sockets they do not share
  pair previous{ctx};
  previous.bind("inproc://step3");
  std::jthread second{step2, std::ref(ctx)};
  previous.recv();
  fmt::print("step 3 is ready: all are\n");
} catch (std::exception const& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
