#include <cozmq/curve/certificate.hpp>

#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

using namespace cozmq;
using namespace cozmq::test;

namespace {

// A pair of the tests of libzmq, which is public.
constexpr std::string_view public_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
constexpr std::string_view secret_key = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

curve_keys known_keys()
{
  return curve_keys{curve_secret_key::from_z85(secret_key)};
}

std::string secret_of(curve_certificate const& c)
{
  std::array<char, curve_key_length> text{};
  c.keys().secret_key().expose_z85(text);
  return {text.data(), text.size()};
}

std::string curve_section(std::string_view first, std::string_view second = {})
{
  std::string text = "curve\n    public-key = \"" + std::string{first} + "\"\n";
  if (!second.empty())
    text += "    secret-key = \"" + std::string{second} + "\"\n";
  return text;
}

template <class Call>
std::string error_of(Call call, std::error_code expected = errc::invalid_option)
{
  try {
    call();
  } catch (error const& e) {
    CHECK(e.code() == expected);
    return e.what();
  }
  return {};
}

std::string error_of_text(std::string const& text)
{
  return error_of([&] { curve_certificate::parse(text); });
}

mode_t permissions(std::string const& path)
{
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

// What a Python program prints that has imported zmq and zmq.auth.
std::string python(std::string const& program)
{
  std::string const command = COZMQ_TEST_PYTHON " -c 'import sys, zmq, zmq.auth\n" + program + "'";
  std::string result;
  std::unique_ptr<FILE, int (*)(FILE*)> const output{::popen(command.c_str(), "r"), &::pclose};
  REQUIRE(output);
  std::array<char, 256> line{};
  while (std::fgets(line.data(), static_cast<int>(line.size()), output.get()) != nullptr)
    result += line.data();
  return result;
}

}  // namespace

TEST_CASE("2.3 CURVE certificates are written and read again, and secrets are in one kind only")
{
  temporary_folder const folder;
  curve_certificate mine{known_keys()};
  mine.metadata.set("name", "A. \"Big\" Server # 1");
  mine.metadata.set("e-mail", "it's@example.com");
  mine.save_public(folder.path("me.key"));
  mine.save_secret(folder.path("me.key_secret"));
  CHECK(permissions(folder.path("me.key_secret")) == 0600);
  CHECK((permissions(folder.path("me.key")) & 0600) == 0600);
  CHECK(folder.read("me.key").find(secret_key) == std::string::npos);

  captured_log const log;
  auto const theirs = curve_certificate::load(folder.path("me.key"));
  CHECK(theirs.public_key().to_z85() == public_key);
  CHECK(theirs.metadata == mine.metadata);
  CHECK_FALSE(theirs.has_secret_key());
  CHECK(error_of([&] { theirs.keys(); }).find("no secret key") != std::string::npos);
  CHECK(error_of([&] { theirs.save_secret(folder.path("x")); }).find("no secret key") != std::string::npos);
  auto const ours = curve_certificate::load(folder.path("me.key_secret"));
  CHECK(ours.public_key() == theirs.public_key());
  CHECK(ours.metadata == mine.metadata);
  CHECK(secret_of(ours) == secret_key);
  CHECK(log.lines.empty());

  // Nothing else is left there.
  CHECK(std::distance(std::filesystem::directory_iterator{folder.path()}, {}) == 2);
}

TEST_CASE("2.3 CURVE a secret that others have access to is a warning, whatever it replaces is private")
{
  temporary_folder const folder;
  std::string const path = folder.write("me.key_secret", curve_section(public_key, secret_key));
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  {
    captured_log const log;
    CHECK(curve_certificate::load(path).has_secret_key());
    CHECK(log.count("others than its owner have access") == 1);
    CHECK(log.count(secret_key) == 0);
  }
  captured_log const log;
  curve_certificate{known_keys()}.save_secret(path);
  CHECK(permissions(path) == 0600);
  curve_certificate::load(path);
  std::string const open = folder.write("you.key", curve_section(public_key));
  REQUIRE(::chmod(open.c_str(), 0644) == 0);
  curve_certificate::load(open);
  CHECK(log.lines.empty());
}

TEST_CASE("2.3 CURVE sections may come in either order, and what is not known is left out")
{
  auto const c =
      curve_certificate::parse("# comment\n" + curve_section(public_key) +
                               "    other = 1\nmetadata\n    name = Bob # him\nfurther\n    x = 1\n");
  CHECK(c.public_key().to_z85() == public_key);
  CHECK(c.metadata.size() == 1);
  CHECK(c.metadata.get("name") == "Bob");
}

TEST_CASE("2.3 CURVE a malformed certificate says what is wrong, and repeats no key")
{
  CHECK(error_of_text("") == "there is no public-key in the section curve");
  CHECK(error_of_text("metadata\n    public-key = \"" + std::string{public_key} + "\"\n") ==
        "there is no public-key in the section curve");
  CHECK(error_of_text(curve_section(public_key.substr(1))).find("this text has 39") != std::string::npos);
  CHECK(error_of_text(curve_section(public_key, secret_key.substr(1))).find("39") != std::string::npos);
  CHECK(error_of_text(curve_section(public_key, public_key)) ==
        "the secret-key does not belong to the public-key");
  CHECK(error_of_text(curve_section(public_key) + curve_section(public_key)) ==
        "there is more than one certificate");
  CHECK(error_of_text(curve_section(public_key, secret_key) + "    public-key = x") ==
        "there is more than one public-key in a section curve");
  CHECK(error_of_text("curve\n    secret-key = \"" + std::string{secret_key} + "\"\n") ==
        "there is a secret-key without a public-key before it");
  CHECK(error_of_text("curve\n  public-key") == "line 2: it is not indented by 4 spaces for each level");
  for (std::string const& text :
       {curve_section(public_key, public_key), curve_section(public_key, secret_key.substr(1))}) {
    CHECK(error_of_text(text).find(public_key.substr(0, 8)) == std::string::npos);
    CHECK(error_of_text(text).find(secret_key.substr(1, 8)) == std::string::npos);
  }
}

TEST_CASE("2.3 CURVE files that cannot be read or written say so with their name")
{
  temporary_folder const folder;
  std::string const absent = folder.path("absent");
  CHECK(error_of([&] { curve_certificate::load(absent); },
                 std::make_error_code(std::errc::no_such_file_or_directory))
            .find("cannot read " + absent + ": ") == 0);
  CHECK(error_of([&] { curve_certificate::load(folder.path()); }) ==
        "cannot read " + folder.path() + ": it is not a file");
  std::string const large = folder.write("large", std::string(65'537, '#'));
  CHECK(error_of([&] { curve_certificate::load(large); }).find("too large") != std::string::npos);
  std::string const bad = folder.write("bad", "curve\n x");
  CHECK(error_of([&] { curve_certificate::load(bad); }).find(bad + ": line 2: ") == 0);
  curve_certificate const mine{known_keys()};
  std::string const nowhere = folder.path("no/such/folder");
  CHECK(
      error_of([&] { mine.save_secret(nowhere); }, std::make_error_code(std::errc::no_such_file_or_directory))
          .find("cannot write " + nowhere + ": ") == 0);
  curve_certificate strange{known_keys()};
  strange.metadata.set("name", "two\nlines");
  error_of([&] { strange.save_public(folder.path("strange")); });
  CHECK(folder.read("strange").empty());
}

TEST_CASE("2.3 CURVE certificates of pyzmq are read, and it reads ours")
{
  temporary_folder const folder;
  std::string const printed = python("names = zmq.auth.create_certificates(\"" + folder.path() +
                                     "\", \"py\", {\"name\": \"A server\"})\n"
                                     "for key in zmq.auth.load_certificate(names[1]): print(key.decode())");
  captured_log const log{log_level::error};
  auto const open = curve_certificate::load(folder.path("py.key"));
  auto const both = curve_certificate::load(folder.path("py.key_secret"));
  CHECK(printed == open.public_key().to_z85() + "\n" + secret_of(both) + "\n");
  CHECK(both.metadata.get("name") == "A server");

  curve_certificate mine{curve_keys::generate()};
  mine.metadata.set("name", "me");
  mine.save_public(folder.path("me.key"));
  mine.save_secret(folder.path("me.key_secret"));
  CHECK(python("for name in (\"me.key\", \"me.key_secret\"):\n"
               "  for key in zmq.auth.load_certificate(\"" +
               folder.path() + "/\" + name): print(key and key.decode())") ==
        mine.public_key().to_z85() + "\nNone\n" + mine.public_key().to_z85() + "\n" + secret_of(mine) + "\n");
  CHECK(python("print(len(zmq.auth.load_certificates(\"" + folder.path() + "\")))") == "2\n");
}
