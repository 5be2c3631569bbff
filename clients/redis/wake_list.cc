#include "clients/redis/wake_list.h"

#include <optional>
#include <utility>

namespace balance {

struct WakeList::Seat::Entry {
  // Null: it was called, or nobody waits any more.
  std::function<void()> wake;
  // Where it stands in the list. Unset: no more in it.
  std::optional<Entries::iterator> place;
};

WakeList::Seat::Seat(std::shared_ptr<Entries> all, std::function<void()> wake)
    : all_(std::move(all)), own_(std::make_shared<Entry>(Entry{std::move(wake), std::nullopt})) {
  own_->place = all_->insert(all_->end(), own_);
}

WakeList::Seat::~Seat() {
  own_->wake = nullptr;
  if (own_->place) all_->erase(*own_->place);
}

std::unique_ptr<WakeList::Seat> WakeList::Add(std::function<void()> wake) {
  return std::unique_ptr<Seat>(new Seat(all_, std::move(wake)));
}

void WakeList::WakeAll() {
  const Seat::Entries woken = std::exchange(*all_, {});
  for (const auto& entry : woken) entry->place.reset();
  for (const auto& entry : woken) {
    if (const auto wake = std::exchange(entry->wake, nullptr)) wake();
  }
}

}  // namespace balance
