#pragma once

// A read of an account, and its answer from what is known. Pure; callable from any thread.

#include <cstdint>
#include <optional>
#include <vector>

#include "clients/core/clock.h"
#include "service/feed/read_policy.h"
#include "service/feed/source_status.h"

namespace balance {

struct AccountRead {
  ReadBounds bounds;
  // Whether the request asks for each source, in configuration order.
  std::vector<bool> wanted;
  // When to answer with what is known, at the latest; see AnswerSchedule. SteadyTime::max(): wait
  // as long as the refreshes take.
  SteadyTime answer_by = SteadyTime::max();
  // The caller's deadline: nothing is read anew for a caller who has gone by then.
  // SteadyTime::max(): the caller has none.
  SteadyTime deadline = SteadyTime::max();
  // Which trace the call belongs to; unset if it does not say.
  std::optional<TraceContext> trace = std::nullopt;
};

// How the wait of a read for one source went.
struct SourceWait {
  Waited how = Waited::kNot;
  // If it was refused or given up: when a refresh that serves the read could be sent, as things
  // stood then. A time in the past if one was on its way.
  SteadyTime next_send = SteadyTime::min();
};

// How the account stands at one instant.
struct AccountAnswer {
  // The instant. Everything here is as it was then.
  Now at;
  // A view of each source, in configuration order.
  std::vector<SourceView> sources;
  // How the read waited for each, in the same order.
  std::vector<SourceWait> waited;
  // When the read began: `waited` is about a reading that was good enough then.
  Now asked;
  // Number of the revision of the content that `sources` show.
  std::int64_t revision = 0;
};

// How an account of which `sources` are known stands at `now`, for a read that began at `asked` and
// waited for each source as `waited` says. The revision is left to the caller.
AccountAnswer ShowAccount(const std::vector<SourceStatus>& sources, const AccountRead& read,
                          std::vector<SourceWait> waited, Now asked, Now now);

// The same for a read that need not wait for any source; nullopt if this one has to. It is the
// question that AccountFeed::Read asks first, for readers on other threads.
std::optional<AccountAnswer> AnswerFromCache(const std::vector<SourceStatus>& sources,
                                             const AccountRead& read, Now now);

}  // namespace balance
