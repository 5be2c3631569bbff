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
    const auto subscribers = subscribers_.Get();
    if (!subscribers) return;
    const std::lock_guard lock(subscribers->mutex);
    for (const auto& [pointer, entry] : subscribers->entries) entry.who->OnPublished(entry.key);
  }

  // Tells `who` of each publication from now on, until Unsubscribe(). REQUIRES: it is not
  // subscribed.
  void Subscribe(std::shared_ptr<Subscriber> who, std::uint32_t key) const {
    const Subscribers& subscribers = Made();
    const std::lock_guard lock(subscribers.mutex);
    const Subscriber* const pointer = who.get();
    subscribers.entries.emplace(pointer, Entry{std::move(who), key});
  }

  // `who` is told of nothing more once this has returned. Those who have not subscribed are fine.
  void Unsubscribe(const Subscriber& who) const {
    const auto subscribers = subscribers_.Get();
    if (!subscribers) return;
    const std::lock_guard lock(subscribers->mutex);
    subscribers->entries.erase(&who);
  }

 private:
  struct Entry {
    std::shared_ptr<Subscriber> who;
    std::uint32_t key;
  };
  struct Subscribers {
    mutable std::mutex mutex;
    // Guarded by mutex.
    mutable std::unordered_map<const Subscriber*, Entry> entries;
  };

  // The subscribers; made for the first one, because most topics never have any.
  const Subscribers& Made() const {
    static std::mutex making;
    const std::lock_guard lock(making);
    if (!subscribers_.Get()) subscribers_.Publish(std::make_shared<const Subscribers>());
    return *subscribers_.Get();
  }

  Published<T> latest_;
  mutable Published<Subscribers> subscribers_;
};

}  // namespace balance
