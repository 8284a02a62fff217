// Named values, in order, found without regard to case: what a peer says about itself.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cozmq {

/// A name and its value.
struct property {
  std::string name;
  std::string value;

  friend bool operator==(property const&, property const&) = default;
};

/// The properties of a handshake, or of a message: few, ordered, and compared by name in any case.
class properties {
 public:
  using const_iterator = std::vector<property>::const_iterator;

  /// Whether two names are the same. // [RFC 37, metadata] "names SHALL be case-insensitive"
  static bool same_name(std::string_view a, std::string_view b) noexcept
  {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
  }

  /// The first value of that name; the view is valid until the properties change.
  std::optional<std::string_view> get(std::string_view name) const noexcept
  {
    for (property const& each : rows_)
      if (same_name(each.name, name))
        return each.value;
    return std::nullopt;
  }

  bool contains(std::string_view name) const noexcept { return get(name).has_value(); }

  /// Replaces the value of that name in its place, or adds it at the end.
  void set(std::string_view name, std::string_view value)
  {
    for (property& each : rows_)
      if (same_name(each.name, name)) {
        each.value = value;
        return;
      }
    add(name, value);
  }

  /// Adds at the end, also when the name is there already.
  void add(std::string_view name, std::string_view value)
  {
    rows_.push_back({std::string{name}, std::string{value}});
  }

  /// Removes every value of that name; returns how many there were.
  std::size_t erase(std::string_view name) noexcept
  {
    return std::erase_if(rows_, [&](property const& each) { return same_name(each.name, name); });
  }

  void clear() noexcept { rows_.clear(); }
  std::size_t size() const noexcept { return rows_.size(); }
  bool empty() const noexcept { return rows_.empty(); }
  const_iterator begin() const noexcept { return rows_.begin(); }
  const_iterator end() const noexcept { return rows_.end(); }

  friend bool operator==(properties const&, properties const&) = default;

 private:
  // Names are ASCII; the locale must not change what matches.
  static constexpr char lower(char c) noexcept
  {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }

  std::vector<property> rows_;
};

}  // namespace cozmq
