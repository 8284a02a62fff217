// A process with few descriptors, of which all below a number are taken.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <vector>

namespace cozmq::test {

class few_descriptors {
 public:
  few_descriptors(std::size_t limit, int first_free)
  {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit now = before_;
    now.rlim_cur = limit;
    ::setrlimit(RLIMIT_NOFILE, &now);
    for (int next = ::dup(0);; next = ::dup(0)) {
      if (next < 0 || next >= first_free) {
        ::close(next);
        break;
      }
      taken_.push_back(next);
    }
  }
  few_descriptors(few_descriptors const&) = delete;
  few_descriptors& operator=(few_descriptors const&) = delete;
  ~few_descriptors()
  {
    give_back();
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }

  void give_back()
  {
    for (int each : taken_)
      ::close(each);
    taken_.clear();
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

}  // namespace cozmq::test
