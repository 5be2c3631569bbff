#include "clients/redis/redis_dialer.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>
#include <vector>

namespace balance {
namespace {

namespace asio = boost::asio;

// Replies to Hello(), in order, behind that to the login.
enum Reply : std::size_t { kInfo, kRole, kPing, kTime, kReplyCount };

void AddLogin(RedisPipeline& commands, const RedisLogin& login) {
  if (!login.password) return;
  if (login.username.empty()) {
    commands.Add({"AUTH", login.password->Expose()});
  } else {
    commands.Add({"AUTH", login.username, login.password->Expose()});
  }
}

// PING is refused by a server that is loading, which the others are not.
RedisPipeline Hello(const RedisLogin& login) {
  RedisPipeline commands;
  AddLogin(commands, login);
  commands.Add({"INFO", "server"}).Add({"ROLE"}).Add({"PING"}).Add({"TIME"});
  return commands;
}

// Value of a line "name:value" of INFO; empty if there is none.
std::string_view InfoField(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const std::size_t end = std::min(info.find("\r\n"), info.size());
    const std::string_view line = info.substr(0, end);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return line.substr(name.size() + 1);
    }
    info.remove_prefix(std::min(end + 2, info.size()));
  }
  return {};
}

// The numbers of the first two parts of a version.
std::pair<int, int> VersionOf(std::string_view text) {
  std::pair<int, int> version{0, 0};
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.first);
  if (major.ec == std::errc() && major.ptr != end && *major.ptr == '.') {
    std::from_chars(major.ptr + 1, end, version.second);
  }
  return version;
}

std::optional<RedisError> FaultOfInfo(const RedisReply& info) {
  const std::string_view text = info.AsText().value_or("");
  if (InfoField(text, "redis_mode") == "cluster") return ErrorOfReply("MOVED");
  if (InfoField(text, "redis_mode") == "sentinel") {
    return RedisError{RedisErrorKind::kNoPrimary,
                      "what answers is a Sentinel; set it as fleet.redis.sentinel"};
  }
  const std::string_view version = InfoField(text, "redis_version");
  if (VersionOf(version) < VersionOf(kLeastRedisVersion)) {
    return RedisError{RedisErrorKind::kTooOld, "Redis is older than " +
                                                   std::string(kLeastRedisVersion) +
                                                   "; use that version or a newer one"};
  }
  return std::nullopt;
}

std::optional<RedisError> FaultOfRole(const RedisReply& role) {
  if (role.elements.empty()) return RedisError{RedisErrorKind::kProtocol, "Redis tells no role"};
  if (role.elements.front().AsText() != "master") return ErrorOfReply("READONLY");
  return std::nullopt;
}

// The first error reply is the cause of those behind it.
std::optional<RedisError> FirstError(std::span<const RedisReply> replies) {
  for (const RedisReply& reply : replies) {
    if (reply.IsError()) return ErrorOfReply(reply.text);
  }
  return std::nullopt;
}

// Why who answered so cannot serve. What it says of itself comes before the commands that it does
// not know.
std::optional<RedisError> FaultOfHello(std::span<const RedisReply> replies) {
  const std::span<const RedisReply> told = replies.last(kReplyCount);
  if (auto fault = FirstError(replies.first(replies.size() - kReplyCount + kInfo + 1)))
    return fault;
  if (auto fault = FaultOfInfo(told[kInfo])) return fault;
  if (auto fault = FirstError(told)) return fault;
  return FaultOfRole(told[kRole]);
}

}  // namespace

RedisDialer::RedisDialer(asio::io_context& loop, Clock& clock, RedisSettings settings)
    : loop_(loop), clock_(clock), settings_(std::move(settings)) {}

void RedisDialer::SetLogins(RedisLogin redis, RedisLogin sentinels) {
  settings_.login = std::move(redis);
  if (settings_.sentinel) settings_.sentinel->login = std::move(sentinels);
}

asio::awaitable<RedisResult<PrimaryConnection>> RedisDialer::Open(
    SteadyTime deadline, RedisConnection::OnMessage on_message) {
  if (!settings_.sentinel) {
    co_return co_await OpenAt(settings_.address, deadline, std::move(on_message));
  }
  auto found = co_await FindPrimary(deadline);
  if (!found) co_return tl::unexpected<RedisError>(std::move(found.error()));
  auto opened = co_await OpenAt(found->address, deadline, std::move(on_message));
  // It may have missed a failover.
  if (!opened) PassOver(found->sentinel);
  co_return opened;
}

asio::awaitable<RedisResult<PrimaryConnection>> RedisDialer::OpenAt(
    HostPort server, SteadyTime deadline, RedisConnection::OnMessage on_message) {
  auto connected = co_await Connect(server, deadline, std::move(on_message));
  if (!connected) co_return tl::unexpected<RedisError>(std::move(connected.error()));
  PrimaryConnection primary{*std::move(connected), {}, {}};

  primary.clock.sent = clock_.SteadyNow();
  auto replies = co_await primary.connection->Call(Hello(settings_.login), deadline);
  primary.clock.received = clock_.SteadyNow();
  if (!replies) co_return tl::unexpected<RedisError>(std::move(replies.error()));
  if (auto fault = FaultOfHello(*replies)) co_return tl::unexpected<RedisError>(*std::move(fault));

  const RedisReply* const told = &(*replies)[replies->size() - kReplyCount];
  const auto time = TimeOfReply(told[kTime]);
  primary.run_id = InfoField(told[kInfo].AsText().value_or(""), "run_id");
  if (!time || primary.run_id.empty()) {
    co_return RedisFailure(RedisErrorKind::kProtocol,
                           "what answers does not introduce itself as Redis does; check "
                           "fleet.redis.address");
  }
  primary.clock.redis = *time;
  co_return primary;
}

asio::awaitable<RedisResult<std::unique_ptr<RedisConnection>>> RedisDialer::Connect(
    HostPort server, SteadyTime deadline, RedisConnection::OnMessage on_message) {
  auto stream = co_await OpenStream(loop_, clock_, std::move(server), settings_.tls, deadline);
  if (!stream) co_return tl::unexpected<RedisError>(std::move(stream.error()));
  co_return std::make_unique<RedisConnection>(loop_.get_executor(), clock_, *std::move(stream),
                                              std::move(on_message));
}

// The next connection begins with another Sentinel than this one.
void RedisDialer::PassOver(std::size_t sentinel) {
  first_sentinel_ = (sentinel + 1) % settings_.sentinel->addresses.size();
}

// A Sentinel that hangs leaves time for the others.
asio::awaitable<RedisResult<RedisDialer::FoundPrimary>> RedisDialer::FindPrimary(
    SteadyTime deadline) {
  const std::vector<HostPort>& sentinels = settings_.sentinel->addresses;
  RedisError failure{RedisErrorKind::kNoPrimary, "no Sentinel is configured"};
  const std::size_t first = first_sentinel_;
  for (std::size_t i = 0; i < sentinels.size(); ++i) {
    const std::size_t asked = (first + i) % sentinels.size();
    const SteadyTime now = clock_.SteadyNow();
    if (now >= deadline) break;
    const auto shares = static_cast<Duration::rep>(sentinels.size() - i + 1);
    auto found = co_await AskSentinel(sentinels[asked], now + (deadline - now) / shares);
    if (found) {
      first_sentinel_ = asked;
      co_return FoundPrimary{*std::move(found), asked};
    }
    failure = std::move(found.error());
    // It may be the one that is wrong.
    PassOver(asked);
  }
  co_return tl::unexpected<RedisError>(std::move(failure));
}

asio::awaitable<RedisResult<HostPort>> RedisDialer::AskSentinel(HostPort sentinel,
                                                                SteadyTime deadline) {
  auto connection = co_await Connect(std::move(sentinel), deadline, nullptr);
  if (!connection) co_return tl::unexpected<RedisError>(std::move(connection.error()));
  RedisPipeline commands;
  AddLogin(commands, settings_.sentinel->login);
  commands.Add({"SENTINEL", "get-master-addr-by-name", settings_.sentinel->primary});
  auto replies = co_await (*connection)->Call(std::move(commands), deadline);
  if (!replies) co_return tl::unexpected<RedisError>(std::move(replies.error()));
  if (auto fault = FirstError(*replies)) co_return tl::unexpected<RedisError>(*std::move(fault));
  const RedisReply& address = replies->back();
  HostPort primary;
  if (address.elements.size() == 2) {
    primary.host = address.elements[0].text;
    const std::string& port = address.elements[1].text;
    std::from_chars(port.data(), port.data() + port.size(), primary.port);
  }
  if (primary.host.empty() || primary.port == 0) {
    co_return RedisFailure(RedisErrorKind::kNoPrimary,
                           "the Sentinels know no primary of the configured name; check "
                           "fleet.redis.sentinel.primary");
  }
  co_return primary;
}

}  // namespace balance
