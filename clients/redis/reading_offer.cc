#include "clients/redis/reading_offer.h"

#include <utility>

#include "clients/redis/unawaited.h"

namespace balance {
namespace {

// Pause before what was read without Redis is stored there.
constexpr Duration kLeastOfferPause = std::chrono::milliseconds(50);
constexpr Duration kMostOfferPause = std::chrono::seconds(1);

}  // namespace

ReadingOffer::ReadingOffer(LoopExecutor executor, std::shared_ptr<FleetStore> store,
                           const LoginNames& names, std::string owner, Duration time_to_live,
                           Random random, Clock& clock)
    : executor_(std::move(executor)),
      store_(std::move(store)),
      names_(names),
      owner_(std::move(owner)),
      time_to_live_(time_to_live),
      random_(std::move(random)),
      clock_(clock),
      pause_(executor_, clock) {}

void ReadingOffer::Make(Reading reading) {
  reading_ = std::move(reading);
  StoreSoon();
}

void ReadingOffer::Withdraw() {
  pause_.Cancel();
  usable_.reset();
  reading_.reset();
}

void ReadingOffer::StoreSoon() {
  if (usable_) return;
  if (!store_->IsUsable()) {
    pause_.Cancel();
    usable_ = store_->AwaitUsable([this] {
      usable_.reset();
      StoreSoon();
    });
    return;
  }
  const auto spread = static_cast<double>((kMostOfferPause - kLeastOfferPause).count());
  const auto jitter = Duration(static_cast<Duration::rep>(spread * random_()));
  pause_.Set(clock_.SteadyNow() + kLeastOfferPause + jitter, [this] { Store(); });
}

void ReadingOffer::Store() {
  // It may have been lost during the pause.
  if (!store_->IsUsable()) return StoreSoon();
  StoreRequest request{names_, {}, {}};
  request.result = *std::exchange(reading_, std::nullopt);
  request.time_to_live = time_to_live_;
  request.owner = owner_;
  RunUnawaited(executor_, store_, store_->Store(std::move(request)));
}

}  // namespace balance
