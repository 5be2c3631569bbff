#include "service/rpc/watchers.h"

#include <algorithm>
#include <utility>

namespace balance {

namespace {

// One stream may always have all that there is, or some of what is configured could not be watched.
bool FitInto(std::size_t most, std::size_t watched, std::size_t more) {
  return watched == 0 || watched + more <= most;
}

}  // namespace

Watchers::Refusal Watchers::TryAdd(const std::shared_ptr<StreamWaker>& stream,
                                   const std::string& caller, std::size_t accounts,
                                   const WatchLimits& limits) {
  const MutexLock lock(mutex_);
  if (streams_.size() >= limits.most) return Refusal::kStreams;
  if (!FitInto(limits.most_accounts, accounts_, accounts)) return Refusal::kAccounts;
  Callers::value_type* counted = nullptr;
  if (!caller.empty()) {
    counted = &*of_caller_.try_emplace(caller).first;
    Count& count = counted->second;
    if (count.streams >= limits.most_of_caller) return Refusal::kStreams;
    if (!FitInto(limits.most_accounts_of_caller, count.accounts, accounts)) {
      return Refusal::kAccounts;
    }
    ++count.streams;
    count.accounts += accounts;
  }
  accounts_ += accounts;
  Stream& added = streams_[stream.get()];
  added = {stream, accounts, counted, SteadyTime::max()};
  if (drained_by_ != SteadyTime::max()) {
    const SteadyTime now = clock_.SteadyNow();
    const Duration left = std::max(drained_by_ - now, Duration::zero());
    const auto share = static_cast<double>(left.count()) * random_();
    TellToDrain(added, now + Duration(static_cast<Duration::rep>(share)));
  }
  return Refusal::kNone;
}

void Watchers::SetAccounts(const StreamWaker& stream, std::size_t accounts) {
  const MutexLock lock(mutex_);
  SetAccounts(streams_.at(&stream), accounts);
}

void Watchers::SetAccounts(Stream& stream, std::size_t accounts) {
  const std::size_t before = std::exchange(stream.accounts, accounts);
  accounts_ = accounts_ - before + accounts;
  if (!stream.caller) return;
  std::size_t& of_caller = stream.caller->second.accounts;
  of_caller = of_caller - before + accounts;
}

void Watchers::Remove(const StreamWaker& stream) {
  const MutexLock lock(mutex_);
  const auto found = streams_.find(&stream);
  if (found == streams_.end()) return;
  SetAccounts(found->second, 0);
  Callers::value_type* const caller = found->second.caller;
  if (caller && --caller->second.streams == 0) of_caller_.erase(of_caller_.find(caller->first));
  streams_.erase(found);
}

void Watchers::OnServed() {
  const MutexLock lock(mutex_);
  for (const auto& [key, stream] : streams_) stream.waker->OnPublished(kServedKey);
}

void Watchers::TellToDrain(Stream& stream, SteadyTime when) {
  stream.drain_by = when;
  stream.waker->OnPublished(kDrainKey);
}

void Watchers::Drain(Duration time) {
  const MutexLock lock(mutex_);
  const SteadyTime now = clock_.SteadyNow();
  drained_by_ = now + time;
  const auto count = static_cast<Duration::rep>(streams_.size());
  Duration::rep i = 0;
  for (auto& [key, stream] : streams_)
    TellToDrain(stream, now + Duration(time.count() / count * i++));
}

SteadyTime Watchers::DrainBy(const StreamWaker& stream) const {
  const MutexLock lock(mutex_);
  const auto found = streams_.find(&stream);
  return found == streams_.end() ? SteadyTime::max() : found->second.drain_by;
}

std::size_t Watchers::size() const {
  const MutexLock lock(mutex_);
  return streams_.size();
}

std::size_t Watchers::accounts() const {
  const MutexLock lock(mutex_);
  return accounts_;
}

}  // namespace balance
