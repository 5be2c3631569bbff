#pragma once

// One stream of WatchAccountSnapshots: connects what is published to what the peer takes.

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "proto/balance_v1.h"
#include "service/rpc/account_directory.h"
#include "service/rpc/call_context.h"
#include "service/rpc/watch_event.h"
#include "service/rpc/watch_request.h"
#include "service/rpc/watch_state.h"
#include "service/rpc/watchers.h"
#include "service/snapshot/recent_encodings.h"
#include "service/transport/server_stream.h"

namespace balance {

// What all streams share. All must outlive them.
struct WatchEnvironment {
  const Published<Served>& served;
  const Clock& clock;
  RpcObserver& observer;
  // For streams that are shown a part of the sources; the rest is encoded once for all.
  RecentEncodings& encodings;
  Watchers& watchers;
};

// Used on its loop's thread only; other threads wake it. It owns a watch of each of its accounts,
// so these are read for as long as it lives. A change goes out to thousands of streams whose memory
// is cold, so what each of them needs for that lies together, and what it needs seldom lies
// elsewhere.
class WatchStream final : public StreamHandler {
 public:
  // A longer heartbeat is continued in the next one, which begins where this one ended.
  static constexpr int kMostProgress = 10'000;
  // A reload that changes more accounts has a stream of all look at each of its own.
  static constexpr std::size_t kFewChanges = 100;
  // Within this time a client is told to call again, each at another moment.
  static constexpr Duration kMostReconnectAfter = std::chrono::seconds(5);

  // `environment` must outlive the stream.
  WatchStream(const WatchEnvironment& environment, CallContext call);
  WatchStream(const WatchStream&) = delete;
  WatchStream& operator=(const WatchStream&) = delete;
  ~WatchStream() override;

  // Checks who is calling and what for, and sends the first message; or ends the stream. `random`
  // spreads ends, heartbeats and reconnects.
  void Begin(ServerStream& stream, Random random);

  // --- StreamHandler ----------------------------------------------------------------------------

  void OnWritable() override;
  void OnWake() override;
  void OnTimer() override;
  void OnCallerLeft() override;

 private:
  using Slot = WatchState::Slot;

  // An account of the stream, by slot.
  struct Account {
    // Null: the account is gone.
    std::shared_ptr<const AccountPublisher> publisher;
    // The reader is shown all its sources.
    bool is_whole = false;
    // Its subscription to the publisher's topic.
    Subscribers::Place place = 0;
    // When the reading of each source was observed that the reader was told of last.
    boost::container::small_vector<SteadyTime, 2> told;
    AccountWatch watch;
    // What the reader was told last; null before, and of what is whole.
    std::unique_ptr<const std::vector<SourceView>> told_views;
  };
  // The observe time that a heartbeat tells of a source.
  struct Progress {
    Slot slot;
    std::size_t source;
    SteadyTime observed;
  };

  bool has_ended() const { return !waker_; }

  // --- The accounts -----------------------------------------------------------------------------

  // Reads the request, and counts the stream in.
  RpcResult<void> Admit(Random random);
  RpcResult<void> OpenAccounts();
  // The accounts that the caller asks for, may see and that there are, in the order of the request.
  std::vector<const AccountEndpoint*> Wanted() const;
  void Attach(Slot slot, const AccountEndpoint& endpoint);
  void Detach(Slot slot);
  // What the stream is shown and keeps read of an account, whose sources are these.
  std::shared_ptr<const WatchTerms> TermsOf(const AccountEndpoint& endpoint,
                                            const std::vector<SourceStatus>& sources) const;
  const std::string& IdOf(Slot slot) const;
  // Follows what is served by now; ends the stream if nothing is left of it.
  void TakeServed();
  // Follows each of the accounts that the stream has or shall have.
  void FollowAll();
  // Follows one account of a stream of all; null: it is gone, or the caller may not see it.
  void Follow(const std::string& id, const AccountEndpoint* endpoint);
  // As above, of an account that the stream has.
  void Follow(Slot slot, const AccountEndpoint* endpoint);
  void Add(const AccountEndpoint& endpoint);
  // The place of an account of the stream.
  std::optional<Slot> FindSlot(std::string_view id) const;
  // Whether the caller is still known and may still use the method; else the stream is ended.
  bool IsStillAdmitted();
  // True if all accounts that were named are gone, and the reader was told of each that it knew.
  bool AreAllGone() const;

  // --- Messages ---------------------------------------------------------------------------------

  void TakeMail();
  // Sends what is due and what the peer takes, and plans the rest. Mostly nothing waits behind the
  // message that it sends, so nobody need tell the stream when that has left.
  void Pump();
  // Something waits behind the message under way.
  void AwaitWritable(SteadyTime now);
  // Each message moves the next heartbeat; a timer that comes too early for it is planned anew
  // then, which is cheaper than with each message.
  void PlanTimer();
  // Makes and writes the message of a step. False if nothing more is to be done now.
  bool Send(const WatchState::Step& step, SteadyTime now);
  bool SendSnapshot(Slot slot, SteadyTime now);
  bool SendRemoved(Slot slot);
  bool SendHeartbeat();
  bool SendGoodbye();
  // Writes the message if the peer takes it.
  bool Write(StreamMessage message, WatchEvent event, SteadyTime now, std::int64_t skipped = 0);
  static std::vector<SourceView> ShownTo(const Account& account, const AccountView& view);
  // False if there is no room for all of it.
  bool AddProgress(Now now, Slot slot, v1::WatchAccountSnapshotsResponse::Heartbeat& heartbeat,
                   std::vector<Progress>& told) const;
  // Whether each source of the account has been tried since the stream began, and the reader was
  // told what has come of it.
  bool HasBeenTried(Slot slot, SteadyTime now) const;

  // --- The end ----------------------------------------------------------------------------------

  // `why`: for metrics; unset for a request that is refused.
  void Finish(RpcError error, std::optional<WatchEnd> why);
  void End(WatchState::Step::Kind kind);
  // Lets go of everything.
  void Release(StatusCode code, std::optional<WatchEnd> why);

  const WatchEnvironment& environment_;
  ServerStream* stream_ = nullptr;
  // Null before the stream has begun and once it has ended.
  std::shared_ptr<StreamWaker> waker_;
  // When OnTimer() comes; max(): it does not.
  SteadyTime timer_at_ = SteadyTime::max();
  // When it is to be looked at again whether the caller is still known, before the next message.
  SteadyTime admitted_until_ = SteadyTime::min();
  // The number of accounts that are not gone.
  std::uint32_t present_ = 0;
  EncodeView detail_ = EncodeView::kBasic;
  // The peer has shown a certificate.
  bool has_identity_ = false;
  bool is_synced_ = false;
  // Those that it began with come first; in a stream of all accounts they are ordered by id. Most
  // streams have one.
  boost::container::small_vector<Account, 1> accounts_;
  std::optional<WatchState> state_;
  CallContext call_;

  WatchRequest request_;
  // Ids in the order of the request; empty: all accounts.
  std::vector<std::string> names_;
  // Ids of the accounts that are gone. Null until one is: most streams never lose any.
  std::unique_ptr<std::map<Slot, std::string>> gone_;
  std::size_t first_accounts_ = 0;
  // The account with which the next heartbeat begins.
  Slot next_progress_ = 0;
  SteadyTime began_;
  Duration reconnect_after_{0};
};

}  // namespace balance
