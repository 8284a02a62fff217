#include <cozmq/version.hpp>

#include "support/catch.hpp"

#include <string>

static_assert(COZMQ_VERSION == 10000 * COZMQ_VERSION_MAJOR + 100 * COZMQ_VERSION_MINOR + COZMQ_VERSION_PATCH);

TEST_CASE("the version as text has the numbers of the macros")
{
  CHECK(cozmq::version() == std::to_string(COZMQ_VERSION_MAJOR) + "." + std::to_string(COZMQ_VERSION_MINOR) +
                                "." + std::to_string(COZMQ_VERSION_PATCH));
}
