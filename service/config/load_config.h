#pragma once

// Where a Config comes from: a YAML file, or the environment alone. Both are strict and report all
// problems at once.
//
// To take over changed secrets, load again and compare: a secret is read afresh from its origin on
// every call, and nothing is remembered between two calls.

#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "service/config/config.h"
#include "service/config/config_issue.h"
#include "service/config/file_states.h"
#include "service/config/in_force.h"

namespace balance {

// The configuration, or all that is wrong with it in the order of the lines: at least one issue.
using ConfigResult = tl::expected<Config, std::vector<ConfigIssue>>;

// The value of an environment variable; nullopt if it is not set.
using EnvLookup = std::function<std::optional<std::string>(const std::string& name)>;

// Of all three, `venues` are those that sources can name. They must outlive the Config.

// Reads the YAML file `path`, whose schema is balance.config.v1.Config, and the secrets that it
// names. Relative paths in it start at the working directory. Blocks on files.
// `files`, unless null, is set to every file that the result depends on, `path` included, as it was
// before it was read, whether it could be or not; those of `tls` are left out, as who serves with
// them watches them. REQUIRES: sodium_init() has succeeded.
ConfigResult LoadConfig(const std::string& path, const EnvLookup& env, const Venues& venues,
                        FileStates* files = nullptr);

// As LoadConfig(), for a server that runs. Refuses what would be safe only once settings that wait
// for a restart were in force, and no callers in place of some. The files of `tls` are not judged
// if they are those in force, and else belong to `files`.
ConfigResult ReloadConfig(const std::string& path, const EnvLookup& env, const Venues& venues,
                          const InForce& in_force, FileStates* files = nullptr);

// The configuration without a file: one account `default` with a source for each venue, called like
// Venue::Id(), whose variables are set: those of its login, only together, of its base URL, if that
// is not the production one, and of its fund class, if the venue's money is not fixed. One source
// is enough. Of the server, these can be set:
//   BALANCE_LISTEN, BALANCE_ADMIN_LISTEN       host:port; the gRPC one only on loopback
//   BALANCE_DRAIN_DELAY                        a duration, such as 0s
// and of every source whose venue has push:
//   BALANCE_PUSH                               true or false
// All else has its default. An empty variable counts as one that is not set.
// REQUIRES: sodium_init() has succeeded.
ConfigResult ConfigFromEnvironment(const EnvLookup& env, const Venues& venues);

}  // namespace balance
