#pragma once

// A slot for one immutable value, as Published, that also tells those who have subscribed when
// there is a newer one. Nobody is sent the value: whoever is told reads the newest one when it is
// ready for it, so that a slow subscriber costs no memory.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "clients/core/mutex.h"
#include "clients/core/prefetch.h"
#include "clients/core/published.h"

namespace balance {

// Told of publications, on the publishing thread. Must neither block nor subscribe from there.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // `key` is that of the subscription.
  virtual void OnPublished(std::uint32_t key) = 0;
};

// Those who are told of something. Thread-safe.
class Subscribers {
 public:
  // Stands for one subscription, for as long as it lasts.
  using Place = std::uint32_t;

  // Tells `who` from now on, until Remove() of the result. Those who came one after the other are
  // mostly told one after the other.
  Place Add(std::shared_ptr<Subscriber> who, std::uint32_t key) const {
    const MutexLock lock(mutex_);
    ++count_;
    if (free_.empty()) {
      entries_.push_back({std::move(who), key});
      return static_cast<Place>(entries_.size() - 1);
    }
    const Place place = free_.back();
    free_.pop_back();
    entries_[place] = {std::move(who), key};
    return place;
  }
  // Who was added there is told of nothing more once this has returned.
  void Remove(Place place) const {
    const MutexLock lock(mutex_);
    entries_[place].who.reset();
    if (--count_ > 0) return free_.push_back(place);
    entries_.clear();
    free_.clear();
  }
  void Tell() const {
    // Far enough for memory to come in time.
    constexpr std::size_t kAhead = 8;
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (i + kAhead < entries_.size()) {
        Prefetch(entries_[i + kAhead].who.get(), kPrefetchedBytes);
      }
      if (entries_[i].who) entries_[i].who->OnPublished(entries_[i].key);
    }
  }
  bool empty() const {
    const MutexLock lock(mutex_);
    return count_ == 0;
  }

 private:
  // The memory that a subscriber mostly uses when it is told.
  static constexpr std::size_t kPrefetchedBytes = 128;

  struct Entry {
    // Null: the place is free.
    std::shared_ptr<Subscriber> who;
    std::uint32_t key = 0;
  };

  mutable Mutex mutex_;
  // Subscribers, indexed by their place: to tell thousands reads memory in order.
  mutable std::vector<Entry> entries_ BALANCE_GUARDED_BY(mutex_);
  mutable std::vector<Place> free_ BALANCE_GUARDED_BY(mutex_);
  mutable std::size_t count_ BALANCE_GUARDED_BY(mutex_) = 0;
};

// Thread-safe; one thread publishes.
template <typename T>
class Topic {
 public:
  // Null until the first Publish().
  std::shared_ptr<const T> Get() const { return latest_.Get(); }

  // `is_news`: the subscribers are told.
  void Publish(std::shared_ptr<const T> value, bool is_news = true) {
    latest_.Publish(std::move(value));
    if (!is_news) return;
    if (const auto subscribers = subscribers_.Get()) subscribers->Tell();
  }

  // Tells `who` of each publication from now on, until Unsubscribe() of the result.
  Subscribers::Place Subscribe(std::shared_ptr<Subscriber> who, std::uint32_t key) const {
    return Made()->Add(std::move(who), key);
  }

  // Who subscribed with that result is told of nothing more once this has returned.
  void Unsubscribe(Subscribers::Place place) const { subscribers_.Get()->Remove(place); }

 private:
  // The subscribers; made for the first one, because most topics never have any.
  std::shared_ptr<const Subscribers> Made() const {
    static Mutex making;
    const MutexLock lock(making);
    if (!subscribers_.Get()) subscribers_.Publish(std::make_shared<const Subscribers>());
    return subscribers_.Get();
  }

  Published<T> latest_;
  mutable Published<Subscribers> subscribers_;
};

}  // namespace balance
