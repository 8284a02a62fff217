// Endpoints: what is accepted comes back equal from its text, and what is refused gets a sentence that is safe to print.
#include "fuzz/targets.hpp"
#include <cozmq/core/parse_endpoint.hpp>

#include <string>

namespace cozmq::fuzz {

void endpoint(byte_view input)
{
  std::string_view const text = as_text(input);
  for (endpoint_use const use : {endpoint_use::bind, endpoint_use::connect}) {
    std::error_code ec;
    cozmq::endpoint const parsed = parse_endpoint(text, use, ec);
    std::string const explanation = explain_endpoint(text, use);
    expect(explanation.empty() == !ec, "what is refused is explained, and nothing else");
    if (ec) {
      expect(ec == errc::invalid_endpoint || ec == errc::unknown_transport || ec == errc::no_bind_wildcard,
             "a refusal has one of three reasons");
      expect(explanation.size() < 1000 + 12 * text.size(), "an explanation does not explode");
      expect(std::none_of(explanation.begin(), explanation.end(),
                          [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }),
             "an explanation steers no terminal");
    } else {
      cozmq::endpoint const again = parse_endpoint(to_string(parsed), use, ec);
      expect(!ec && again == parsed, "an endpoint's text is that endpoint");
    }
  }
}

}  // namespace cozmq::fuzz
