// Options as types, and a pattern of one's own that changes one strategy.
#include <cozmq/cozmq.hpp>

#include <cstddef>
#include <vector>

namespace my {

class least_queued {
 public:
  void attach(cozmq::routing::pipe& p) { pipes_.push_back(&p); }
  void detach(cozmq::routing::pipe& p) { std::erase(pipes_, &p); }
  void writable(cozmq::routing::pipe&) {}
  bool ready() { return best() != nullptr; }

  cozmq::routing::send_result send(cozmq::message& m)
  {
    cozmq::routing::pipe* const p = best();
    if (p == nullptr || !p->write(m))
      return {cozmq::routing::send_result::full, nullptr};
    return {cozmq::routing::send_result::sent, p};
  }

 private:
  cozmq::routing::pipe* best()
  {
    cozmq::routing::pipe* found = nullptr;
    for (cozmq::routing::pipe* p : pipes_)
      if (p->writable() && (found == nullptr || p->queued() < found->queued()))
        found = p;
    return found;
  }

  std::vector<cozmq::routing::pipe*> pipes_;
};

}  // namespace my

struct least_loaded_push : cozmq::pattern::push {
  using outbound = my::least_queued;
};

asio::awaitable<void> share(cozmq::context& ctx)
{
  cozmq::basic_socket<least_loaded_push> jobs{ctx};
  jobs.set_option(cozmq::option::send_hwm{10'000});
  jobs.bind("tcp://*:5557");
  co_await jobs.send("a job");
}
