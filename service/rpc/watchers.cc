#include "service/rpc/watchers.h"

#include <algorithm>
#include <vector>

namespace balance {

bool Watchers::TryAdd(const std::shared_ptr<WatchMailbox>& stream, const std::string& caller,
                      const WatchLimits& limits) {
  const std::lock_guard lock(mutex_);
  if (streams_.size() >= limits.most) return false;
  if (!caller.empty()) {
    std::size_t& count = of_caller_[caller];
    if (count >= limits.most_of_caller) return false;
    ++count;
  }
  streams_.emplace(stream.get(), Stream{stream, caller});
  if (drained_by_) {
    const SteadyTime now = clock_.SteadyNow();
    const Duration left = std::max(*drained_by_ - now, Duration::zero());
    const auto share = static_cast<double>(left.count()) * random_();
    stream->DrainBy(now + Duration(static_cast<Duration::rep>(share)));
  }
  return true;
}

void Watchers::Remove(const WatchMailbox& stream) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(&stream);
  if (found == streams_.end()) return;
  const auto count = of_caller_.find(found->second.caller);
  if (count != of_caller_.end() && --count->second == 0) of_caller_.erase(count);
  streams_.erase(found);
}

void Watchers::OnServed() {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, stream] : streams_) stream.mailbox->OnServed();
}

void Watchers::Drain(Duration time) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.SteadyNow();
  drained_by_ = now + time;
  const auto count = static_cast<Duration::rep>(streams_.size());
  Duration::rep i = 0;
  for (const auto& [key, stream] : streams_) {
    stream.mailbox->DrainBy(now + Duration(time.count() / count * i++));
  }
}

std::size_t Watchers::size() const {
  const std::lock_guard lock(mutex_);
  return streams_.size();
}

}  // namespace balance
