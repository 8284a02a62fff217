#include <cozmq/curve/known_clients.hpp>

#include "support/captured_log.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include <cozmq/socket/options/security.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <concepts>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

using namespace cozmq;
using namespace cozmq::test;
using namespace std::chrono_literals;

namespace {

auth_request with_key(curve_public_key const& key)
{
  auth_request r;
  r.mechanism = "CURVE";
  r.public_key = as_text(key.bytes());
  return r;
}

curve_certificate named(std::string const& name)
{
  curve_certificate c{curve_keys::generate()};
  c.metadata.set("Name", name);
  c.metadata.set("cost", "$5");
  c.metadata.set("a/b", "a message cannot have this");
  return c;
}

// While this exists, root is nobody, whom permissions bind.
class nobody {
 public:
  nobody() : was_root_{::geteuid() == 0} { is_bound_ = !was_root_ || ::seteuid(65534) == 0; }
  nobody(nobody const&) = delete;
  nobody& operator=(nobody const&) = delete;
  ~nobody()
  {
    if (was_root_ && ::seteuid(0) != 0)
      std::abort();
  }
  bool is_bound() const { return is_bound_; }

 private:
  bool was_root_;
  bool is_bound_;
};

// Written long ago, so that nothing looks at it again for being new.
std::string write_old(temporary_folder const& folder, std::string const& name, std::string_view text)
{
  std::string path = folder.write(name, text);
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - 1h);
  return path;
}

void check_refused_for_now(auth_reply const& reply, std::string const& reason)
{
  CHECK_FALSE(reply.admits());
  CHECK(reply.status().empty());
  CHECK(reply.reason().find(reason) == 0);
}

}  // namespace

TEST_CASE("2.3 CURVE clients are known by the certificates in a directory")
{
  temporary_folder const folder;
  auto const bob = named("Bob");
  auto const eve = named("Eve");
  folder.write("bob.key", bob.to_text());
  folder.write("eve.key_secret", eve.to_text());  // others are not looked at
  folder.write("README", "Nothing that matters.");
  captured_log const log;
  known_clients const clients{folder.path()};
  CHECK(log.lines.empty());
  CHECK(clients.size() == 1);
  CHECK(clients.contains(bob.public_key()));
  CHECK_FALSE(clients.contains(eve.public_key()));
  auto const yes = clients(with_key(bob.public_key()));
  REQUIRE(yes.admits());
  CHECK(yes.told().get("User-Id") == bob.public_key().to_z85());
  CHECK(yes.told().get("Name") == "Bob");
  CHECK(yes.told().get("cost") == "$5");
  CHECK(yes.told().size() == 3);
  CHECK(clients(with_key(eve.public_key())).status() == "400");
  CHECK(clients({}).status() == "400");
  STATIC_REQUIRE(std::constructible_from<option::authenticator, known_clients>);
}

TEST_CASE("2.3 CURVE a list of clients that was moved from is the same list")
{
  temporary_folder const folder;
  auto const bob = named("Bob");
  folder.write("bob.key", bob.to_text());
  known_clients from{folder.path()};
  known_clients const to{std::move(from)};
  CHECK(to(with_key(bob.public_key())).admits());
  CHECK(from(with_key(bob.public_key())).admits());
}

TEST_CASE("2.3 CURVE what is malformed in a directory is one client less, and a warning")
{
  temporary_folder const folder;
  auto const bob = named("Bob");
  folder.write("bob.key", bob.to_text());
  folder.write("broken.key", "curve\n  public-key = x");
  std::filesystem::create_directory(folder.path("folder.key"));
  captured_log const log;
  known_clients const clients{folder.path()};
  CHECK(clients.size() == 1);
  CHECK(log.lines.size() == 2);
  CHECK(log.count("broken.key: line 2: ") == 1);
  CHECK(log.count("folder.key: it is not a file") == 1);
}

TEST_CASE("2.3 CURVE a file may have many certificates, and nothing malformed")
{
  temporary_folder const folder;
  auto const bob = named("Bob");
  auto const eve = named("Eve");
  std::string const path = folder.write("clients", bob.to_text() + eve.to_text());
  known_clients clients{path};
  CHECK(clients.size() == 2);
  CHECK(clients(with_key(bob.public_key())).told().get("Name") == "Bob");
  CHECK(clients(with_key(eve.public_key())).told().get("Name") == "Eve");
  folder.write("clients", bob.to_text() + "curve\n    public-key = x");
  try {
    clients.reload();
    FAIL("it is malformed");
  } catch (error const& e) {
    CHECK(std::string{e.what()}.find(path + ": not a key") == 0);
  }
  CHECK(clients.size() == 2);
  CHECK_THROWS_AS(known_clients{folder.path("absent")}, error);
}

TEST_CASE("2.3 CURVE changes are seen when a client comes, or at a call, in all copies")
{
  temporary_folder const folder;
  auto const bob = named("Bob");
  auto const eve = named("Eve");
  folder.write("bob.key", bob.to_text());
  known_clients const quick{folder.path(), 0ms};
  known_clients slow{folder.path(), 1h};
  known_clients const copy = slow;
  CHECK_FALSE(quick(with_key(eve.public_key())).admits());
  folder.write("eve.key", eve.to_text());
  CHECK(quick(with_key(eve.public_key())).admits());
  CHECK_FALSE(copy(with_key(eve.public_key())).admits());
  slow.reload();
  CHECK(copy(with_key(eve.public_key())).admits());

  // One that is changed in its place, to the same size, and so soon that its time is the same.
  auto const time = std::filesystem::file_time_type::clock::now() + 1h;
  std::filesystem::last_write_time(folder.path("bob.key"), time);
  CHECK(quick(with_key(bob.public_key())).admits());
  auto const ben = named("Ben");
  folder.write("bob.key", ben.to_text());
  std::filesystem::last_write_time(folder.path("bob.key"), time);
  CHECK_FALSE(quick(with_key(bob.public_key())).admits());
  CHECK(quick(with_key(ben.public_key())).admits());

  std::filesystem::remove(folder.path("eve.key"));
  CHECK_FALSE(quick(with_key(eve.public_key())).admits());
  CHECK(copy(with_key(eve.public_key())).admits());
}

TEST_CASE("2.3 CURVE as long as the files cannot be read, clients are to come again")
{
  temporary_folder const folder;
  auto const bob = named("Bob");
  std::string const path = folder.write("clients", bob.to_text());
  known_clients const clients{path, 0ms};
  CHECK(clients(with_key(bob.public_key())).admits());
  captured_log const log;
  std::filesystem::rename(path, folder.path("elsewhere"));
  for (int i = 0; i < 2; ++i) {
    auto const reply = clients(with_key(bob.public_key()));
    CHECK_FALSE(reply.admits());
    CHECK(reply.status().empty());
    CHECK(reply.reason().find("cannot read " + path) == 0);
  }
  CHECK(log.lines.size() == 1);
  std::filesystem::rename(folder.path("elsewhere"), path);
  CHECK(clients(with_key(bob.public_key())).admits());
}

TEST_CASE("2.3 CURVE a client whose file cannot be read is to come again, and comes in once it can")
{
  temporary_folder const folder;
  auto const bob = named("Bob");
  auto const eve = named("Eve");
  auto const stranger = named("Mallory");
  write_old(folder, "bob.key", bob.to_text());
  std::string const away = write_old(folder, "eve", eve.to_text());
  std::filesystem::create_symlink("nowhere", folder.path("eve.key"));
  captured_log const log;
  known_clients const clients{folder.path(), 0ms};
  std::string const reason = "cannot read " + folder.path("eve.key");
  for (int i = 0; i < 3; ++i) {
    CHECK(clients(with_key(bob.public_key())).admits());
    check_refused_for_now(clients(with_key(eve.public_key())), reason);
    check_refused_for_now(clients(with_key(stranger.public_key())), reason);
  }
  CHECK(log.lines.size() == 1);
  CHECK(log.count(reason) == 1);
  std::filesystem::rename(away, folder.path("nowhere"));
  CHECK(clients(with_key(eve.public_key())).admits());
  CHECK(clients(with_key(stranger.public_key())).status() == "400");
  // It is said again when it is so again.
  std::filesystem::rename(folder.path("nowhere"), away);
  check_refused_for_now(clients(with_key(eve.public_key())), reason);
  CHECK(log.lines.size() == 2);
}

TEST_CASE("2.3 CURVE permissions that change are seen, and those of who reads as well")
{
  temporary_folder const folder;
  auto const bob = named("Bob");
  auto const eve = named("Eve");
  write_old(folder, "bob.key", bob.to_text());
  std::string const path = write_old(folder, "eve.key", eve.to_text());
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
  std::filesystem::permissions(path, std::filesystem::perms{0644});
  captured_log const log;
  known_clients const clients{folder.path(), 0ms};
  CHECK(clients(with_key(eve.public_key())).admits());
  std::filesystem::permissions(path, std::filesystem::perms{0});
  {
    nobody const reader;
    if (!reader.is_bound() || ::faccessat(AT_FDCWD, folder.path().c_str(), R_OK | X_OK, AT_EACCESS) != 0)
      return;
    check_refused_for_now(clients(with_key(eve.public_key())), "cannot read " + path);
    CHECK(clients(with_key(bob.public_key())).admits());
  }
  if (::geteuid() == 0)  // who reads it, and nothing of the file, is another now
    CHECK(clients(with_key(eve.public_key())).admits());
  std::filesystem::permissions(path, std::filesystem::perms{0644});
  nobody const reader;
  CHECK(clients(with_key(eve.public_key())).admits());
  CHECK(log.lines.size() == 1);
}

TEST_CASE("2.3 CURVE a malformed file is a client refused for good, and is said once for each cause")
{
  temporary_folder const folder;
  auto const bob = named("Bob");
  write_old(folder, "bob.key", "curve\n  public-key = x");
  captured_log const log;
  known_clients clients{folder.path(), 0ms};
  CHECK(clients(with_key(bob.public_key())).status() == "400");
  clients.reload();
  CHECK(log.lines.size() == 1);
  write_old(folder, "bob.key", "curve\n    public-key = x");
  CHECK(clients(with_key(bob.public_key())).status() == "400");
  CHECK(log.lines.size() == 2);
  CHECK(log.count("bob.key: not a key") == 1);
}

TEST_CASE("2.3 CURVE a directory without certificates is a warning")
{
  temporary_folder const folder;
  auto const bob = named("Bob");
  folder.write("bob.txt", bob.to_text());
  captured_log const log;
  known_clients clients{folder.path(), 0ms};
  CHECK(clients(with_key(bob.public_key())).status() == "400");
  clients.reload();
  CHECK(log.lines.size() == 1);
  CHECK(log.count("there is no certificate *.key in " + folder.path() + ",") == 1);
  std::filesystem::rename(folder.path("bob.txt"), folder.path("bob.key"));
  CHECK(clients(with_key(bob.public_key())).admits());
  CHECK(log.lines.size() == 1);
}
