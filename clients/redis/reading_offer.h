#pragma once

// Gives the other replicas what was read without them, as soon as they can be reached again.

#include <memory>
#include <optional>
#include <string>

#include "clients/core/alarm.h"
#include "clients/core/clock.h"
#include "clients/core/loop_executor.h"
#include "clients/core/random.h"
#include "clients/core/reading.h"
#include "clients/redis/fleet_store.h"
#include "clients/redis/login_names.h"

namespace balance {

// Of one source. While Redis is away it only waits to be told that it is back: no timer runs.
// Used on its shard's thread only.
class ReadingOffer {
 public:
  // `owner` is the source's AcquireRequest::owner, `time_to_live` is for how long a reading can be
  // of use to anybody. `names` and `clock` must outlive it.
  ReadingOffer(LoopExecutor executor, std::shared_ptr<FleetStore> store, const LoginNames& names,
               std::string owner, Duration time_to_live, Random random, Clock& clock);
  ReadingOffer(const ReadingOffer&) = delete;
  ReadingOffer& operator=(const ReadingOffer&) = delete;
  ~ReadingOffer() = default;

  // Offers it, in place of one that was not offered yet.
  void Make(Reading reading);
  // What was not offered yet is not offered.
  void Withdraw();

 private:
  // As soon as Redis is back, and after a pause that is random, so that replicas for which it is
  // back at one moment do not all write at one moment.
  void StoreSoon();
  void Store();

  const LoopExecutor executor_;
  const std::shared_ptr<FleetStore> store_;
  const LoginNames& names_;
  const std::string owner_;
  const Duration time_to_live_;
  Random random_;
  Clock& clock_;
  // Unset: there is nothing to offer.
  std::optional<Reading> reading_;
  // Null: Redis is not waited for.
  std::unique_ptr<FleetStore::Subscription> usable_;
  Alarm pause_;
};

}  // namespace balance
