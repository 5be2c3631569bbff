#pragma once

// A slot for one immutable value, as Published, that also tells those who have subscribed when
// there is a newer one. Nobody is sent the value: whoever is told reads the newest one when it is
// ready for it, so that a slow subscriber costs no memory.

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

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
  // Tells `who` from now on, until Remove(). REQUIRES: it is not among them.
  void Add(std::shared_ptr<Subscriber> who, std::uint32_t key) const {
    const std::lock_guard lock(mutex_);
    const Subscriber* const pointer = who.get();
    entries_.emplace(pointer, Entry{std::move(who), key});
  }
  // `who` is told of nothing more once this has returned. Others than those that were added are
  // fine.
  void Remove(const Subscriber& who) const {
    const std::lock_guard lock(mutex_);
    entries_.erase(&who);
  }
  void Tell() const {
    const std::lock_guard lock(mutex_);
    for (const auto& [pointer, entry] : entries_) entry.who->OnPublished(entry.key);
  }
  bool empty() const {
    const std::lock_guard lock(mutex_);
    return entries_.empty();
  }

 private:
  struct Entry {
    std::shared_ptr<Subscriber> who;
    std::uint32_t key;
  };

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  mutable std::unordered_map<const Subscriber*, Entry> entries_;
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

  // Tells `who` of each publication from now on, until Unsubscribe(). REQUIRES: it is not
  // subscribed.
  void Subscribe(std::shared_ptr<Subscriber> who, std::uint32_t key) const {
    Made()->Add(std::move(who), key);
  }

  // `who` is told of nothing more once this has returned. Those who have not subscribed are fine.
  void Unsubscribe(const Subscriber& who) const {
    if (const auto subscribers = subscribers_.Get()) subscribers->Remove(who);
  }

 private:
  // The subscribers; made for the first one, because most topics never have any.
  std::shared_ptr<const Subscribers> Made() const {
    static std::mutex making;
    const std::lock_guard lock(making);
    if (!subscribers_.Get()) subscribers_.Publish(std::make_shared<const Subscribers>());
    return subscribers_.Get();
  }

  Published<T> latest_;
  mutable Published<Subscribers> subscribers_;
};

}  // namespace balance
