#include "service/server/push_feeds.h"

#include <cassert>
#include <utility>

namespace balance {

// One login's socket, and who listens to it.
class PushFeeds::LoginFeed final : public PushObserver {
 public:
  LoginFeed(Clock& clock, PushMonitor& monitor, std::shared_ptr<const SourceInfo> source)
      : clock_(clock), monitor_(monitor) {
    status_.source = std::move(source);
  }

  void Start(LoopExecutor executor, PushFeed::Parts parts, PushFeed::Options options) {
    feed_.emplace(executor, std::move(parts), options);
  }
  void Renew(std::shared_ptr<PushLogin> login) { feed_->Renew(std::move(login)); }

  const std::optional<SteadyTime>& quiet_since() const { return quiet_since_; }
  bool has_listeners() const { return !listeners_.empty(); }

  void Add(std::uint64_t number, Listener listener) {
    if (listener.account->SetQuietSince(listener.source, quiet_since_)) Tell(listener);
    listeners_.emplace(number, std::move(listener));
  }

  void Remove(std::uint64_t number) {
    listeners_.erase(number);
    // What is told of the socket names a source that has it.
    if (!listeners_.empty()) status_.source = listeners_.begin()->second.info;
  }

  void OnHint() override {
    if (quiet_since_) quiet_since_ = clock_.SteadyNow();
    for (const auto& [number, listener] : listeners_) Tell(listener);
  }

  void OnPushState(bool is_up) override {
    if (is_up) {
      quiet_since_ = clock_.SteadyNow();
      monitor_.OnPushUp(status_);
      status_.failures = 0;
      status_.latest_end.reset();
      status_.latest_kind.reset();
    } else {
      quiet_since_.reset();
    }
    status_.is_up = is_up;
    // The hint that follows asks for what happened without a socket.
    for (const auto& [number, listener] : listeners_) {
      listener.account->SetQuietSince(listener.source, quiet_since_);
    }
  }

  void OnPushFailure(PushEnd why, const Error& error) override {
    monitor_.OnPushFailure(status_, why, error);
    ++status_.failures;
    status_.latest_end = why;
    status_.latest_kind = error.kind;
  }

 private:
  void Tell(const Listener& listener) {
    monitor_.OnHint(*listener.info, listener.account->Hint(listener.source));
  }

  Clock& clock_;
  PushMonitor& monitor_;
  PushStatus status_;
  std::optional<SteadyTime> quiet_since_;
  // By the numbers of their tickets.
  std::map<std::uint64_t, Listener> listeners_;
  std::optional<PushFeed> feed_;
};

PushFeeds::PushFeeds(Parts parts)
    : parts_(std::move(parts)),
      slots_(std::make_shared<ConnectionSlots>(parts_.executor, parts_.clock, parts_.limits)) {}

PushFeeds::~PushFeeds() = default;

std::optional<SteadyTime> PushFeeds::QuietSince(const SourceConfig& config) const {
  const auto found = logins_.find(RequestFingerprint(config));
  return found == logins_.end() ? std::nullopt : found->second->quiet_since();
}

PushFeeds::Ticket PushFeeds::Join(const SourceConfig& config, SourceGuards guards,
                                  const std::shared_ptr<const PreviousCredential>& previous,
                                  Listener listener) {
  const Ticket ticket{RequestFingerprint(config), ++last_number_};
  std::unique_ptr<LoginFeed>& login = logins_[ticket.login];
  if (!login) {
    login = std::make_unique<LoginFeed>(parts_.clock, parts_.monitor, listener.info);
    login->Start(parts_.executor, PartsOf(config, guards, previous.get(), *login), parts_.options);
  } else {
    // The socket stays, but settings such as a timeout may be others.
    login->Renew(LoginOf(config, guards));
  }
  login->Add(ticket.number, std::move(listener));
  return ticket;
}

void PushFeeds::Leave(const Ticket& ticket) {
  const auto found = logins_.find(ticket.login);
  if (found == logins_.end()) return;
  found->second->Remove(ticket.number);
  if (found->second->has_listeners()) return;
  logins_.erase(found);
  std::erase_if(hosts_, [](const auto& entry) { return entry.second.expired(); });
}

void PushFeeds::Stop() { logins_.clear(); }

PushFeed::Parts PushFeeds::PartsOf(const SourceConfig& config, const SourceGuards& guards,
                                   const PreviousCredential* previous, LoginFeed& observer) {
  PushFeed::Parts parts{CredentialOf(config, guards), std::nullopt, parts_.connector,
                        SeededRandom(parts_.seed++),  parts_.clock, observer};
  if (previous && !previous->rotation->IsOver()) {
    parts.previous.emplace(
        PushFeed::Previous{CredentialOf(*previous->config, previous->guards), previous->rotation});
  }
  parts.socket_slots = SlotsOf(config);
  parts.request_slots = guards.host.slots;
  return parts;
}

PushFeed::Credential PushFeeds::CredentialOf(const SourceConfig& config,
                                             const SourceGuards& guards) {
  return {LoginOf(config, guards), guards.credential.hold_off, guards.credential.pacer};
}

std::shared_ptr<PushLogin> PushFeeds::LoginOf(const SourceConfig& config,
                                              const SourceGuards& guards) {
  auto login =
      config.venue->MakePushLogin(config.login, SettingsOf(config, CredentialFingerprint(config)),
                                  parts_.transport, parts_.clock, guards.host.clock_skew);
  assert(login && "VenueFacts::has_push says that there is one");
  return login;
}

std::shared_ptr<HostSlots> PushFeeds::SlotsOf(const SourceConfig& config) {
  std::weak_ptr<HostSlots>& known = hosts_[HostOf(config)];
  auto slots = known.lock();
  if (!slots) known = slots = std::make_shared<HostSlots>(slots_);
  return slots;
}

}  // namespace balance
