#include "service/transport/transport_loop.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cassert>
#include <numeric>
#include <utility>

#include "clients/core/prefetch.h"
#include "service/transport/h2_call.h"
#include "service/transport/h2_connection.h"
#include "service/transport/h2_stream_waker.h"

namespace balance {

namespace asio = boost::asio;

namespace {

// Read from one connection before it is another's turn: some hundred calls, that is about half a
// millisecond.
constexpr std::size_t kReadBytes = std::size_t{16} * 1024;
// Calls that are kept to be used again.
constexpr std::size_t kMostSpareCalls = 512;
// Messages of streams that are kept to be used again: as many as the streams of a connection write
// before they leave.
constexpr std::size_t kMostSpareMessages = 128;

// Connections that are shown out at a time.
constexpr std::size_t kMostShownOut = 64;

constexpr Duration kSweepInterval = std::chrono::seconds(1);
// Of what has come from other threads: then it is the turn of connections and timers. Not much
// less, for what many streams of one connection send within it leaves as one.
constexpr Duration kMailSlice = std::chrono::milliseconds(20);
// After so many items it is the turn of the connections that have something to send by now, before
// those of others take their place in the processor's caches.
constexpr std::size_t kMailOfATurn = 64;

// While connections are being ended.
constexpr Duration kQuickSweepInterval = std::chrono::milliseconds(50);

// Streams that are going to be woken: their memory is fetched in steps, for each shows where the
// next one has to look.
void PrefetchStreams(std::span<const LoopMailbox::Item> items) {
  constexpr std::size_t kWakerAhead = 9;
  constexpr std::size_t kStreamAhead = 6;
  constexpr std::size_t kHandlerAhead = 3;
  if (items.size() > kWakerAhead) Prefetch(items[kWakerAhead].waker.get(), sizeof(H2StreamWaker));
  if (items.size() > kStreamAhead && items[kStreamAhead].waker) {
    Prefetch(items[kStreamAhead].waker->stream(), sizeof(H2ServerStream));
  }
  if (items.size() > kHandlerAhead && items[kHandlerAhead].waker) {
    const H2ServerStream* const stream = items[kHandlerAhead].waker->stream();
    if (stream) stream->PrefetchHandler();
  }
}

}  // namespace

void TransportLoop::ReleaseCall::operator()(H2Call* call) const { delete call; }

TransportLoop::TransportLoop(const Shared& shared, std::uint64_t seed)
    : shared_(shared),
      h2_options_(shared.limits),
      work_(asio::make_work_guard(io_)),
      mailbox_(std::make_shared<LoopMailbox>(
          io_, [this](std::span<const LoopMailbox::Item> items) { return OpenMail(items); })),
      random_(SeededRandom(seed)),
      sweep_(io_.get_executor(), shared.clock),
      stream_timers_(io_.get_executor(), shared.clock),
      now_(shared.clock.SteadyNow()),
      in_(kReadBytes) {}

TransportLoop::~TransportLoop() { assert(!thread_.joinable()); }

void TransportLoop::Start() {
  thread_ = std::thread([this] { io_.run(); });
}

void TransportLoop::Post(std::function<void()> work) { asio::post(io_, std::move(work)); }

void TransportLoop::Adopt(asio::ip::tcp::socket::native_handle_type socket, std::string peer,
                          std::shared_ptr<const TlsContext> tls) {
  // Owns the descriptor until the loop takes it, also if that never happens.
  auto owned = std::make_shared<asio::ip::tcp::socket>(io_);
  boost::system::error_code error;
  owned->assign(asio::ip::tcp::v4(), socket, error);
  if (error) {
    close(socket);
    return;
  }
  asio::post(io_, [this, owned, peer = std::move(peer), tls = std::move(tls)]() mutable {
    if (is_closing_) return;
    Refresh();
    auto connection =
        std::make_shared<H2Connection>(*this, std::move(*owned), std::move(peer), std::move(tls));
    connections_.emplace(connection.get(), connection);
    connection->Start();
    if (is_draining_) connection->Drain(ConnectionEnd::kDrain);
    if (!is_sweeping_) ScheduleSweep();
  });
}

void TransportLoop::Drain() {
  asio::post(io_, [this] {
    Refresh();
    is_draining_ = true;
    for (const auto& connection : Snapshot()) connection->Drain(ConnectionEnd::kDrain);
    ScheduleSweep();
  });
}

void TransportLoop::CloseConnections() {
  asio::post(io_, [this] {
    Refresh();
    is_closing_ = true;
    for (const auto& connection : Snapshot()) connection->Close(ConnectionEnd::kDrain);
  });
}

void TransportLoop::ShedIdle(std::size_t count) {
  asio::post(io_, [this, count] {
    auto all = Snapshot();
    std::erase_if(all, [](const auto& connection) { return !connection->IsIdle(); });
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(count, all.size()));
    std::partial_sort(all.begin(), end, all.end(), [](const auto& a, const auto& b) {
      return a->last_heard() < b->last_heard();
    });
    std::for_each(all.begin(), end,
                  [](const auto& connection) { connection->Close(ConnectionEnd::kShed); });
  });
}

void TransportLoop::ShedHeaviest() {
  asio::post(io_, [this] {
    while (IsOutOfMemory()) {
      const auto all = Snapshot();
      const auto heaviest = std::max_element(
          all.begin(), all.end(),
          [](const auto& a, const auto& b) { return a->buffered_bytes() < b->buffered_bytes(); });
      if (heaviest == all.end() || (*heaviest)->buffered_bytes() == 0) return;
      (*heaviest)->Close(ConnectionEnd::kShed);
    }
  });
}

void TransportLoop::Revise(std::shared_ptr<const TlsContext> tls, bool trust_changed) {
  asio::post(io_, [this, tls = std::move(tls), trust_changed] {
    Refresh();
    newest_tls_ = tls;
    if (!trust_changed) return;
    for (const auto& connection : Snapshot()) connection->Revise(*tls);
  });
}

void TransportLoop::Join() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    is_ending_ = true;
    EndIfDone();
  });
  thread_.join();
}

std::vector<ConnectionInfo> TransportLoop::Connections() const {
  std::vector<ConnectionInfo> all;
  all.reserve(connections_.size());
  for (const auto& [connection, owned] : connections_) all.push_back(connection->Info());
  return all;
}

std::uint64_t TransportLoop::SumOf(LoopCounter LoopCounters::*counter) const {
  const auto& all = shared_.counters;
  return std::accumulate(all.begin(), all.end(), std::uint64_t{0},
                         [counter](std::uint64_t sum, const LoopCounters* loop) {
                           return sum + (loop->*counter).Get();
                         });
}

bool TransportLoop::IsOutOfMemory() const {
  return SumOf(&LoopCounters::buffered_bytes) > shared_.limits.connection_memory;
}

bool TransportLoop::HasTooManyAbandoned() const {
  return SumOf(&LoopCounters::calls_abandoned) > shared_.limits.abandoned_calls_in_all;
}

H2Call& TransportLoop::TakeCall() {
  if (spare_calls_.empty()) return *new H2Call(*this);
  H2Call* const call = spare_calls_.back().release();
  spare_calls_.pop_back();
  return *call;
}

void TransportLoop::GiveCall(H2Call& call) {
  OwnedCall owned(&call);
  if (spare_calls_.size() < kMostSpareCalls) spare_calls_.push_back(std::move(owned));
}

std::unique_ptr<OutgoingMessage> TransportLoop::LendMessage() {
  if (spare_messages_.empty()) return std::make_unique<OutgoingMessage>();
  auto message = std::move(spare_messages_.back());
  spare_messages_.pop_back();
  return message;
}

void TransportLoop::TakeBack(std::unique_ptr<OutgoingMessage> message) {
  message->Clear();
  if (spare_messages_.size() < kMostSpareMessages) spare_messages_.push_back(std::move(message));
}

void TransportLoop::NoteFinished() {
  --calls_in_use_;
  if (is_ending_) EndIfDone();
}

void TransportLoop::Forget(H2Connection& connection) {
  connections_.erase(&connection);
  if (is_ending_) EndIfDone();
}

void TransportLoop::NoteShownOut(H2Connection& connection) {
  shown_out_.push_back(connection.weak_from_this());
  if (shown_out_.size() <= kMostShownOut) return;
  if (const auto oldest = shown_out_.front().lock()) oldest->CloseAsShownOut();
  shown_out_.pop_front();
}

std::size_t TransportLoop::OpenMail(std::span<const LoopMailbox::Item> items) {
  Refresh();
  const SteadyTime end = now_ + kMailSlice;
  std::size_t opened = 0;
  const void* connection = nullptr;
  for (const LoopMailbox::Item& item : items) {
    const bool is_next = std::exchange(connection, item.connection) != item.connection;
    if (opened >= kMailOfATurn && is_next) break;
    PrefetchStreams(items.subspan(opened));
    if (item.call) {
      item.call->OnFinished();
    } else {
      item.waker->Deliver();
    }
    ++opened;
    Refresh();
    if (now_ >= end) break;
  }
  return opened;
}

void TransportLoop::ScheduleSweep() {
  is_sweeping_ = true;
  const Duration interval = is_draining_ ? kQuickSweepInterval : kSweepInterval;
  sweep_.Set(shared_.clock.SteadyNow() + interval, [this] { Sweep(); });
}

void TransportLoop::Sweep() {
  Refresh();
  for (const auto& connection : Snapshot()) connection->Sweep();
  is_sweeping_ = !connections_.empty() && !is_ending_;
  if (is_sweeping_) ScheduleSweep();
}

std::vector<std::shared_ptr<H2Connection>> TransportLoop::Snapshot() const {
  std::vector<std::shared_ptr<H2Connection>> all;
  all.reserve(connections_.size());
  for (const auto& [connection, owned] : connections_) all.push_back(owned);
  return all;
}

// Calls whose handlers are still at work keep the loop: they are finished through its mailbox.
void TransportLoop::EndIfDone() {
  if (!connections_.empty() || calls_in_use_ > 0) return;
  sweep_.Cancel();
  mailbox_->Close();
  work_.reset();
}

}  // namespace balance
