// Gives the two ends of a measurement the mechanism that the plan says.
#pragma once

#include "support/curve_keys.hpp"
#include "support/plan.hpp"

#ifdef BENCH_WITH_CURVE
#include <cozmq/curve.hpp>
#endif

#include <stdexcept>

namespace bench::with_cozmq {

#ifdef BENCH_WITH_CURVE

inline cozmq::curve_keys keys_of(key_texts const& texts)
{
  return cozmq::curve_keys{cozmq::curve_secret_key::from_z85(texts.secret_key)};
}

template <class Socket>
void secure_binding(Socket& s, plan const& p)
{
  if (p.mechanism == "curve")
    s.set_option(cozmq::option::curve_server{keys_of(server_keys)});
}

template <class Socket>
void secure_connecting(Socket& s, plan const& p)
{
  if (p.mechanism == "curve")
    s.set_option(cozmq::option::curve_client{keys_of(client_keys),
                                             cozmq::curve_public_key::from_z85(server_keys.public_key)});
}

#else

template <class Socket>
void secure_binding(Socket&, plan const& p)
{
  if (p.mechanism != "null")
    throw std::invalid_argument{"this program was built without CURVE"};
}

template <class Socket>
void secure_connecting(Socket& s, plan const& p)
{
  secure_binding(s, p);
}

#endif

}  // namespace bench::with_cozmq
