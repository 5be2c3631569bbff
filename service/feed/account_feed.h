#pragma once

// The sources of one account and the reads that wait for them.

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "clients/core/alarm.h"
#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "service/feed/read_policy.h"
#include "service/feed/source_feed.h"
#include "service/feed/source_status.h"

namespace balance {

// Receives each change of an account, on the shard's thread and before any reader hears of it.
class AccountSink {
 public:
  virtual ~AccountSink() = default;

  // `sources` in configuration order; valid during the call.
  virtual void OnAccountChange(const std::vector<SourceStatus>& sources) = 0;
};

struct AccountRead {
  ReadBounds bounds;
  // One entry a source, in configuration order: whether the request asks for it.
  std::vector<bool> wanted;
  // When to answer with what is known. SteadyTime::max(): wait as long as the refreshes take.
  SteadyTime answer_by = SteadyTime::max();
};

// One view a source, in configuration order. `gave_up[i]` is true where the answer came before the
// refresh that the bounds ask for.
struct AccountAnswer {
  std::vector<SourceView> sources;
  std::vector<bool> gave_up;
};

// What is known already, if that is an answer without any refresh; else nullopt. Pure: the same
// question that AccountFeed::Read asks first, for readers on other threads.
std::optional<AccountAnswer> AnswerFromCache(const std::vector<SourceStatus>& sources,
                                             const AccountRead& read, Now now);

// Used on its shard's thread only.
class AccountFeed {
 public:
  using ReadId = std::uint64_t;
  using OnAnswer = std::function<void(AccountAnswer)>;

  struct SourceSpec {
    SourceFeed::Options options;
    std::unique_ptr<BalanceSource> source;
  };

  // `clock`, `observer` and `sink` must outlive the feed. The sink is called once before the
  // constructor returns.
  AccountFeed(boost::asio::any_io_executor executor, Clock& clock, RefreshObserver& observer,
              AccountSink& sink, std::vector<SourceSpec> sources);
  AccountFeed(const AccountFeed&) = delete;
  AccountFeed& operator=(const AccountFeed&) = delete;
  ~AccountFeed();

  // Calls `on_answer` exactly once, perhaps before it returns, unless Cancel() comes first. A slow
  // source costs the others nothing: at `answer_by` each source shows what is known of it.
  ReadId Read(AccountRead read, OnAnswer on_answer);

  // Forgets a read; unknown and ended ids are fine.
  void Cancel(ReadId id);

  // Ends all refreshes and answers all reads with what is known.
  void Stop();

 private:
  class PendingRead;

  void Publish();

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  AccountSink& sink_;
  std::vector<std::unique_ptr<SourceFeed>> feeds_;
  // Fires when a published state ages into another.
  Alarm aging_;
  std::unordered_map<ReadId, std::shared_ptr<PendingRead>> reads_;
  ReadId next_read_ = 1;
};

}  // namespace balance
