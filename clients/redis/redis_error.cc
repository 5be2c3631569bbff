#include "clients/redis/redis_error.h"

#include <array>
#include <utility>

namespace balance {
namespace {

struct Row {
  // The first word of the reply.
  std::string_view code;
  RedisErrorKind kind;
  std::string_view message;
};

constexpr std::string_view kClusterMessage =
    "Redis runs as a cluster, which is not supported; set fleet.redis.address to a single Redis, "
    "or use fleet.redis.sentinel";
constexpr std::string_view kPasswordMessage =
    "Redis does not accept the user name and password; check fleet.redis.username, "
    "fleet.redis.password and the ACL of Redis";
constexpr std::string_view kReplicaMessage =
    "Redis is a replica and takes no writes; set fleet.redis.address to the primary, or "
    "use fleet.redis.sentinel";
constexpr std::string_view kNoWritesMessage =
    "Redis takes no writes just now (persistence or replication is in trouble); see its log and "
    "its settings stop-writes-on-bgsave-error and min-replicas-to-write";

constexpr std::string_view kRightsMessage =
    "the ACL of Redis keeps this user from a command, key or channel that is needed; see "
    "fleet.redis in the documentation for the rule that the user needs";

constexpr auto kRows = std::to_array<Row>({
    {"WRONGPASS", RedisErrorKind::kWrongPassword, kPasswordMessage},
    {"NOAUTH", RedisErrorKind::kWrongPassword, kPasswordMessage},
    {"NOPERM", RedisErrorKind::kNotPermitted, kRightsMessage},
    {"READONLY", RedisErrorKind::kReplica, kReplicaMessage},
    {"MASTERDOWN", RedisErrorKind::kReplica, kReplicaMessage},
    {"LOADING", RedisErrorKind::kLoading,
     "Redis is still loading its data from the disk; it is used as soon as that is done, and needs "
     "no persistence for this service"},
    {"OOM", RedisErrorKind::kFull,
     "Redis has reached its maxmemory and takes no writes; raise maxmemory or find out what else "
     "fills it"},
    {"MOVED", RedisErrorKind::kCluster, kClusterMessage},
    {"ASK", RedisErrorKind::kCluster, kClusterMessage},
    {"CLUSTERDOWN", RedisErrorKind::kCluster, kClusterMessage},
    {"CROSSSLOT", RedisErrorKind::kCluster, kClusterMessage},
    {"TRYAGAIN", RedisErrorKind::kCluster, kClusterMessage},
    {"MISCONF", RedisErrorKind::kNoWrites, kNoWritesMessage},
    {"NOREPLICAS", RedisErrorKind::kNoWrites, kNoWritesMessage},
    {"BUSY", RedisErrorKind::kBusy,
     "another script keeps Redis busy; find it with SLOWLOG and end it with SCRIPT KILL"},
});

// Redis answers no NOPERM when a script calls a command that the user may not run. Redis 7.0
// answers the first of these texts, later releases and Valkey the second.
bool IsDeniedToScript(std::string_view text) {
  return text.starts_with("ERR The user executing the script can't ") ||
         text.starts_with("ERR ACL failure in script: ");
}

// WRONGTYPE comes alone, or within the text of the script's error. What Lua itself has to say of a
// script stands behind the script's name and the line.
bool IsBadData(std::string_view text) {
  if (text.find("WRONGTYPE ") != std::string_view::npos) return true;
  return text.find("user_script:") != std::string_view::npos &&
         (text.find(": attempt to ") != std::string_view::npos ||
          text.find(": bad argument ") != std::string_view::npos);
}

}  // namespace

RedisError ErrorOfReply(std::string_view text) {
  const std::string_view code = text.substr(0, text.find(' '));
  for (const Row& row : kRows) {
    if (row.code == code) return {row.kind, std::string(row.message)};
  }
  if (IsDeniedToScript(text)) return {RedisErrorKind::kNotPermitted, std::string(kRightsMessage)};
  if (IsBadData(text)) {
    return {RedisErrorKind::kBadData,
            "a key of a login in Redis is not what this service writes there; find out what else "
            "writes keys that begin with bal:"};
  }
  if (text.starts_with("ERR max number of clients")) {
    return {RedisErrorKind::kTooManyClients,
            "Redis has as many clients as it takes; raise its maxclients"};
  }
  // Of Redis before 6.0, which knows no user names, and of one without a password.
  if (code == "ERR" && (text.find("AUTH") != std::string_view::npos ||
                        text.find("invalid password") != std::string_view::npos)) {
    return {RedisErrorKind::kWrongPassword, std::string(kPasswordMessage)};
  }
  // The rest of the text may repeat arguments.
  return {RedisErrorKind::kOther,
          "Redis answered with an error of the kind \"" +
              std::string(code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
                                      std::string_view::npos &&
                                  !code.empty() && code.size() <= 32
                              ? code
                              : std::string_view("unknown")) +
              "\", which is not known here; see its log"};
}

}  // namespace balance
