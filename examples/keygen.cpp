// Makes a certificate: NAME.key with a new public key, to hand out, and NAME.key_secret with the secret key too, to keep.
// Usage: keygen NAME [property=value...]
#include <cozmq/cozmq.hpp>
#include <cozmq/curve.hpp>

#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <string>

int main(int argc, char* argv[])
{
  std::string const name = argc > 1 ? argv[1] : "";
  if (name.empty() || name == "--help") {
    fmt::print(
        "usage: keygen name [property=value...]\n"
        "Writes name.key and name.key_secret, unless one of them is there. Properties say whose key it "
        "is.\n");
    return name.empty() ? 1 : 0;
  }
  cozmq::properties owner;
  for (int i = 2; i < argc; ++i) {
    std::string const property = argv[i];
    std::size_t const equals = property.find('=');
    if (equals == std::string::npos) {
      fmt::print("'{}' is not of the form property=value\n", property);
      return 1;
    }
    owner.add(property.substr(0, equals), property.substr(equals + 1));
  }
  std::string const handed_out = name + ".key";
  std::string const kept = name + ".key_secret";
  try {
    for (std::string const& file : {handed_out, kept}) {
      if (std::filesystem::exists(file)) {
        fmt::print("{} is there already; nothing was written\n", file);
        return 1;
      }
    }
    cozmq::curve_certificate const certificate{cozmq::curve_keys::generate(), owner};
    certificate.save_secret(kept);
    certificate.save_public(handed_out);
    fmt::print("{} is to be handed out, {} to be kept secret\n", handed_out, kept);
    fmt::print("the public key is {}\n", certificate.public_key());
  } catch (std::exception const& failure) {
    fmt::print("{}\n", failure.what());
    return 1;
  }
}
