// The version of the library, for the preprocessor and for people.
#pragma once

#include <string_view>

#define COZMQ_VERSION_MAJOR 0
#define COZMQ_VERSION_MINOR 1
#define COZMQ_VERSION_PATCH 0

/// One number that grows with the version: 10000 * major + 100 * minor + patch.
#define COZMQ_VERSION (10000 * COZMQ_VERSION_MAJOR + 100 * COZMQ_VERSION_MINOR + COZMQ_VERSION_PATCH)

namespace cozmq {

/// The version as text, such as "0.1.0".
constexpr std::string_view version() noexcept
{
  return "0.1.0";
}

}  // namespace cozmq
