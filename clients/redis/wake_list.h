#pragma once

// Those who wait for one thing to happen, and are then called once each.

#include <functional>
#include <list>
#include <memory>

namespace balance {

// Used on one thread.
class WakeList {
 public:
  WakeList() = default;
  WakeList(const WakeList&) = delete;
  WakeList& operator=(const WakeList&) = delete;
  ~WakeList() = default;

  // One who waits, as long as it lives. It may outlive the list.
  class Seat {
   public:
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    ~Seat();

   private:
    friend class WakeList;

    struct Entry;
    using Entries = std::list<std::shared_ptr<Entry>>;

    Seat(std::shared_ptr<Entries> all, std::function<void()> wake);

    const std::shared_ptr<Entries> all_;
    const std::shared_ptr<Entry> own_;
  };

  [[nodiscard]] std::unique_ptr<Seat> Add(std::function<void()> wake);

  // Calls all who wait, in the order in which they came. Each may give up its seat, or another's,
  // meanwhile; whoever comes meanwhile waits for the next time.
  void WakeAll();

 private:
  const std::shared_ptr<Seat::Entries> all_ = std::make_shared<Seat::Entries>();
};

}  // namespace balance
