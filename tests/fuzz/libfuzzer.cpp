// Joins one target, which the build names, to libFuzzer.
#include "fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
  cozmq::fuzz::COZMQ_FUZZ_TARGET({reinterpret_cast<std::byte const*>(data), size});
  return 0;
}
