#include "service/config/token_file.h"

#include <google/protobuf/util/time_util.h>
#include <sodium.h>

#include <optional>

#include "clients/core/ascii.h"
#include "clients/core/saturating.h"

namespace balance {
namespace {

constexpr const char* kRemedy =
    "write the SHA-256 of a token in hexadecimal, as printf %s \"$TOKEN\" | sha256sum prints it";

std::optional<WallTime> ParseTime(std::string_view text) {
  google::protobuf::Timestamp time;
  if (!google::protobuf::util::TimeUtil::FromString(std::string(text), &time)) return std::nullopt;
  if (time.seconds() < 0) return std::nullopt;
  return WallTime(SaturatingDuration(time.seconds(), time.nanos()));
}

tl::expected<TokenHash, TokenFileIssue> ParseLine(std::string_view line, int number) {
  TokenHash token;
  const auto space = line.find_first_of(" \t");
  const std::string_view hash = line.substr(0, space);
  std::size_t bytes = 0;
  const char* end = nullptr;
  if (hash.size() != 2 * token.sha256.size() ||
      sodium_hex2bin(token.sha256.data(), token.sha256.size(), hash.data(), hash.size(), nullptr,
                     &bytes, &end) != 0 ||
      bytes != token.sha256.size()) {
    return tl::unexpected(TokenFileIssue{number, "holds no SHA-256", kRemedy});
  }
  if (space == std::string_view::npos) return token;
  const auto expire_time = ParseTime(TrimAscii(line.substr(space)));
  if (!expire_time) {
    return tl::unexpected(TokenFileIssue{number, "holds something else than a time behind the hash",
                                         "write it as 2027-01-31T00:00:00Z, or leave it out"});
  }
  token.expire_time = *expire_time;
  return token;
}

}  // namespace

tl::expected<std::vector<TokenHash>, TokenFileIssue> ParseTokenFile(std::string_view text) {
  std::vector<TokenHash> tokens;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const std::string_view line = TrimAscii(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.starts_with('#')) continue;
    auto token = ParseLine(line, number);
    if (!token) return tl::unexpected(std::move(token.error()));
    tokens.push_back(*token);
  }
  if (tokens.empty()) return tl::unexpected(TokenFileIssue{0, "holds no token", kRemedy});
  return tokens;
}

}  // namespace balance
