#pragma once

// What somebody who looks at the status page asks for: the query of its address.

#include <cstddef>
#include <string>
#include <string_view>

namespace balance {

struct StatusQuery {
  static constexpr std::size_t kMostFindBytes = 128;
  static constexpr std::size_t kMostPage = 1'000'000;

  enum class Format { kUnnamed, kHtml, kJson };

  // Reads `show=troubled&find=desk-1&page=2&format=json`, all of them optional. What it does not
  // know, or cannot read, counts for nothing.
  static StatusQuery Parse(std::string_view query);

  // A query that asks for the same, but for the format: the same for all that ask for the same.
  std::string ToString() const;

  Format format = Format::kUnnamed;
  // Sources without trouble are left out.
  bool only_troubled = false;
  // Sources whose names do not hold this, but for the case of letters, are left out.
  std::string find;
  // Page of the list of sources, from 1 on.
  std::size_t page = 1;
};

// Whether the status is to be told as HTML rather than JSON, to a request with this query and this
// Accept header. JSON is for all who do not name HTML: so programs that send no such header, or
// `*/*`, get it.
bool WantsHtml(const StatusQuery& query, std::string_view accept);

}  // namespace balance
