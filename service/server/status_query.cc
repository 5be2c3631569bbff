#include "service/server/status_query.h"

#include <algorithm>
#include <charconv>

#include "clients/core/ascii.h"
#include "service/server/accept_header.h"

namespace balance {
namespace {

int HexDigit(char c) {
  if (IsAsciiDigit(c)) return c - '0';
  c = ToAsciiLower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// What a form wrote as `text`: application/x-www-form-urlencoded. A `%` without two digits stands
// for itself.
std::string Decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      plain += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

std::string Encoded(std::string_view plain) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : plain) {
    if (IsAsciiAlphanumeric(c) || c == '-' || c == '.' || c == '_') {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += {'%', kDigits[byte / 16], kDigits[byte % 16]};
    }
  }
  return text;
}

std::size_t PageOf(std::string_view text) {
  std::size_t page = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), page);
  if (error != std::errc() || end != text.data() + text.size()) return 1;
  return std::clamp(page, std::size_t{1}, StatusQuery::kMostPage);
}

StatusQuery::Format FormatOf(std::string_view name) {
  if (EqualIgnoringAsciiCase(name, "html")) return StatusQuery::Format::kHtml;
  if (EqualIgnoringAsciiCase(name, "json")) return StatusQuery::Format::kJson;
  return StatusQuery::Format::kUnnamed;
}

}  // namespace

StatusQuery StatusQuery::Parse(std::string_view query) {
  StatusQuery parsed;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view entry = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto equals = std::min(entry.find('='), entry.size());
    const std::string_view name = entry.substr(0, equals);
    const std::string value = Decoded(entry.substr(std::min(equals + 1, entry.size())));
    if (name == "format") parsed.format = FormatOf(value);
    if (name == "show") parsed.only_troubled = value == "troubled";
    if (name == "find") {
      parsed.find = std::string(TrimAscii(ToAsciiLower(value).substr(0, kMostFindBytes)));
    }
    if (name == "page") parsed.page = PageOf(value);
  }
  return parsed;
}

std::string StatusQuery::ToString() const {
  std::string text;
  const auto add = [&text](std::string_view entry) {
    if (!text.empty()) text += '&';
    text += entry;
  };
  if (only_troubled) add("show=troubled");
  if (!find.empty()) add("find=" + Encoded(find));
  if (page > 1) add("page=" + std::to_string(page));
  return text;
}

bool WantsHtml(const StatusQuery& query, std::string_view accept) {
  if (query.format != StatusQuery::Format::kUnnamed) {
    return query.format == StatusQuery::Format::kHtml;
  }
  return Prefers(accept, "text/html", "application/json");
}

}  // namespace balance
