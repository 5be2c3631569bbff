#include "service/transport/h2_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

namespace balance {

namespace asio = boost::asio;

namespace {

// So many writes to one connection in a row; then it is another's turn.
constexpr int kMostRounds = 8;

// A peer that has answered our PING knows of the first GOAWAY, but its library may take a moment to
// tell those of its threads that open streams.
constexpr Duration kSettle = std::chrono::milliseconds(250);
// One that does not answer pings.
constexpr Duration kPongPatience = std::chrono::seconds(2);
// The same for one without a call, that makes none meanwhile: the libraries of many clients do not
// even read while they have none.
constexpr Duration kIdlePongPatience = std::chrono::milliseconds(300);
// The same for one that ends by its age, where nothing hurries: a client that gets no processor for
// a while would lose the calls that it makes meanwhile.
constexpr Duration kAgedPongPatience = std::chrono::seconds(5);
// For a peer to take the last bytes and hang up.
constexpr Duration kLinger = std::chrono::seconds(1);
// That share of its age a connection may live longer or shorter.
constexpr double kAgeJitter = 0.1;

constexpr std::string_view kNotHttp2 =
    "HTTP/1.1 400 Bad Request\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Connection: close\r\n"
    "\r\n"
    "This port speaks gRPC over HTTP/2. Use grpcurl or balancectl; metrics and health checks over "
    "HTTP/1.1 are on the admin port.\n";
constexpr std::string_view kNotTls =
    "HTTP/1.1 400 Bad Request\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Connection: close\r\n"
    "\r\n"
    "This port speaks gRPC over TLS. Use grpcurl or balancectl with TLS.\n";

std::span<const unsigned char> BytesOf(std::string_view text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

SteadyTime AgesAt(TransportLoop& loop) {
  const double share = 1 + kAgeJitter * (2 * loop.Jitter() - 1);
  const auto age = static_cast<double>(loop.limits().age.count()) * share;
  return loop.now() + Duration(static_cast<Duration::rep>(age));
}

}  // namespace

H2Connection::H2Connection(TransportLoop& loop, asio::ip::tcp::socket socket, std::string peer,
                           std::shared_ptr<const TlsContext> tls)
    : loop_(loop),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      tls_(tls ? std::make_unique<TlsChannel>(std::move(tls)) : nullptr),
      session_(loop, *this),
      begun_(loop.now()),
      ages_at_(AgesAt(loop)),
      last_heard_(begun_),
      last_call_(begun_),
      phase_began_(begun_) {
  loop_.mutable_counters().connections_opened.Add();
  loop_.mutable_counters().connections_open.Add();
  loop_.mutable_counters().connections_taking_calls.Add();
}

H2Connection::~H2Connection() = default;

void H2Connection::Start() { ReadNext(); }

// --- In -----------------------------------------------------------------------------------------

void H2Connection::ReadNext() {
  if (phase_ == Phase::kClosed || is_reading_ || !unsent_.empty()) return;
  is_reading_ = true;
  socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](
                                                 const boost::system::error_code& error,
                                                 std::size_t size) { self->OnRead(error, size); });
}

void H2Connection::OnRead(const boost::system::error_code& error, std::size_t size) {
  is_reading_ = false;
  if (phase_ == Phase::kClosed) return;
  loop_.Refresh();
  if (error) {
    const bool is_regular = error == asio::error::eof || error == asio::error::connection_reset;
    return Close(is_draining() || phase_ == Phase::kLingering ? why_
                 : is_regular                                 ? ConnectionEnd::kClosed
                                                              : ConnectionEnd::kSocketError);
  }
  last_heard_ = loop_.now();
  ping_sent_.reset();
  is_busy_ = true;
  if (Receive({in_.data(), size}) && size == in_.size()) ReadRest();
  is_busy_ = false;
  Serve();
}

void H2Connection::ReadRest() {
  std::vector<unsigned char>& in = loop_.in();
  const ssize_t size = recv(socket_.native_handle(), in.data(), in.size(), MSG_DONTWAIT);
  // An end or an error is found by the next wait. What else there is waits for the next turn: a
  // flood on some connections must not keep the loop from the others.
  if (size > 0) Receive({in.data(), static_cast<std::size_t>(size)});
}

bool H2Connection::Receive(std::span<const unsigned char> bytes) {
  if (phase_ == Phase::kLingering || phase_ == Phase::kClosed) return false;
  return tls_ ? ReceiveTls(bytes) : ReceivePlain(bytes);
}

bool H2Connection::Identify() {
  identity_ = tls_->identity();
  const TlsContext* const newest = loop_.newest_tls();
  // The handshake may have begun, or been waiting to, when others were trusted.
  if (!identity_.is_authenticated || !newest || newest->Vouches(tls_->handle())) return true;
  identity_ = {};
  return false;
}

bool H2Connection::ReceiveTls(std::span<const unsigned char> bytes) {
  const bool was_handshake = tls_->state() == TlsChannel::State::kHandshake;
  std::array<unsigned char, std::size_t{16} * 1024> plain;
  // Not the loop's, which is used for what is sent meanwhile. Mostly nothing is to be sent.
  std::vector<unsigned char> wire;
  bool is_good = true;
  bool is_known = !was_handshake;
  bool is_trusted = true;
  const auto state = tls_->Receive(bytes, wire, plain, [&](std::span<const unsigned char> part) {
    if (!std::exchange(is_known, true)) is_trusted = Identify();
    is_good = is_trusted && ReceivePlain(part);
    return is_good;
  });
  if (!is_known && state == TlsChannel::State::kOpen) is_trusted = Identify();
  if (tls_->got_plain_http()) {
    AnswerInWords(kNotTls);
    return false;
  }
  if (!wire.empty() && !Write(wire)) {
    Close(ConnectionEnd::kSocketError);
    return false;
  }
  if (!is_trusted) {
    Linger(ConnectionEnd::kTlsFailed);
    return false;
  }
  // Who has shaken hands is worth the memory, and may wait for the server's word.
  if (is_good && was_handshake && state == TlsChannel::State::kOpen) session_.SayHello();
  switch (state) {
    case TlsChannel::State::kFailed:
      Linger(was_handshake ? ConnectionEnd::kTlsFailed : ConnectionEnd::kProtocolError);
      return false;
    case TlsChannel::State::kClosed:
      Close(is_draining() ? why_ : ConnectionEnd::kClosed);
      return false;
    case TlsChannel::State::kHandshake:
    case TlsChannel::State::kOpen:
      return is_good;
  }
  return is_good;
}

bool H2Connection::ReceivePlain(std::span<const unsigned char> bytes) {
  return Judge(session_.Receive(bytes));
}

bool H2Connection::Judge(H2Session::Health health) {
  if (phase_ == Phase::kHello && session_.has_heard()) {
    phase_ = Phase::kServing;
    if (drains_after_hello_) Drain(why_);
  }
  switch (health) {
    case H2Session::Health::kGood:
      return true;
    case H2Session::Health::kNotHttp2:
      AnswerInWords(kNotHttp2);
      return false;
    case H2Session::Health::kOver:
    case H2Session::Health::kProtocolError:
    case H2Session::Health::kAbuse:
      break;
  }
  // What nghttp2 has to say about it leaves first.
  if (!loop_.out().IsFull()) session_.Gather(loop_.out());
  WriteOut();
  Linger(health == H2Session::Health::kAbuse           ? ConnectionEnd::kAbuse
         : health == H2Session::Health::kProtocolError ? ConnectionEnd::kProtocolError
                                                       : why_);
  return false;
}

void H2Connection::AnswerInWords(std::string_view words) {
  // Not as TLS: who spoke plainly is answered plainly.
  Write(BytesOf(words));
  Linger(ConnectionEnd::kProtocolError);
}

// --- Out ----------------------------------------------------------------------------------------

void H2Connection::OnOutput() {
  if (is_busy_ || is_flush_posted_ || phase_ == Phase::kClosed) return;
  is_flush_posted_ = true;
  asio::post(loop_.io(), [self = shared_from_this()] {
    self->is_flush_posted_ = false;
    self->Serve();
  });
}

void H2Connection::Serve() {
  if (phase_ == Phase::kClosed) return;
  is_busy_ = true;
  const bool lives = phase_ == Phase::kLingering || Flush();
  is_busy_ = false;
  if (!lives && phase_ != Phase::kLingering) return Close(ConnectionEnd::kSocketError);
  ReadNext();
}

bool H2Connection::Flush() {
  if (tls_ && tls_->state() == TlsChannel::State::kHandshake) return true;
  for (int round = 0; round < kMostRounds; ++round) {
    if (!unsent_.empty()) return true;
    const auto health = session_.Gather(loop_.out());
    const bool is_empty = loop_.out().empty();
    if (!WriteOut()) return false;
    if (health != H2Session::Health::kGood) return Judge(health) || phase_ == Phase::kLingering;
    if (session_.TellWritable()) continue;
    if (is_empty) return true;
  }
  is_busy_ = false;
  OnOutput();
  return true;
}

bool H2Connection::WriteOut() {
  OutBuffer& out = loop_.out();
  if (out.empty()) return true;
  bool is_written = false;
  if (tls_) {
    std::vector<unsigned char>& wire = loop_.wire();
    wire.clear();
    tls_->Send(out.bytes(), wire);
    is_written = tls_->state() != TlsChannel::State::kFailed && Write(wire);
  } else {
    is_written = Write(out.bytes());
  }
  out.Clear();
  return is_written;
}

bool H2Connection::Write(std::span<const unsigned char> bytes) {
  while (unsent_.empty() && !bytes.empty()) {
    const ssize_t sent =
        send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      return false;
    }
  }
  if (bytes.empty()) return true;
  const bool was_waiting = !unsent_.empty();
  unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
  loop_.mutable_counters().buffered_bytes.Add(bytes.size());
  session_.SetBlocked(true);
  if (!was_waiting) AwaitWritable();
  return true;
}

void H2Connection::AwaitWritable() {
  socket_.async_wait(asio::ip::tcp::socket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (error || self->phase_ == Phase::kClosed) return;
                       self->OnWritable();
                     });
}

void H2Connection::OnWritable() {
  loop_.Refresh();
  while (unsent_at_ < unsent_.size()) {
    const ssize_t sent = send(socket_.native_handle(), unsent_.data() + unsent_at_,
                              unsent_.size() - unsent_at_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return AwaitWritable();
    if (sent < 0) return Close(ConnectionEnd::kSocketError);
    // A peer that takes something is alive, although it is not read from meanwhile.
    last_heard_ = loop_.now();
    unsent_at_ += static_cast<std::size_t>(sent);
  }
  loop_.mutable_counters().buffered_bytes.Subtract(unsent_.size());
  std::vector<unsigned char>().swap(unsent_);
  unsent_at_ = 0;
  session_.SetBlocked(false);
  session_.ExpectWritable();
  if (phase_ == Phase::kLingering) {
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
  Serve();
}

// --- Pings --------------------------------------------------------------------------------------

void H2Connection::OnPing() {
  const TransportLimits& limits = loop_.limits();
  const bool is_early = peer_pinged_ && loop_.now() < *peer_pinged_ + limits.peer_ping_interval;
  peer_pinged_ = loop_.now();
  // One who was told to stop hears nothing more, and gains no time by going on.
  if (phase_ == Phase::kEnding || !is_early || ++ping_strikes_ <= limits.ping_strikes) return;
  why_ = ConnectionEnd::kAbuse;
  session_.SendGoawayForTooManyPings();
  TakeNoMoreCalls();
  phase_ = Phase::kEnding;
  phase_began_ = loop_.now();
  loop_.NoteShownOut(*this);
}

void H2Connection::OnPong() {
  if (phase_ == Phase::kNoticed && !ponged_) ponged_ = loop_.now();
}

void H2Connection::OnCall() {
  const SteadyTime late = ages_at_ + loop_.limits().age_waits_for_quiet;
  if (phase_ == Phase::kServing && loop_.now() >= late) Drain(ConnectionEnd::kAge);
}

void H2Connection::OnTraffic() {
  last_call_ = loop_.now();
  ping_strikes_ = 0;
  peer_pinged_.reset();
}

// --- Time ---------------------------------------------------------------------------------------

void H2Connection::Sweep() {
  const SteadyTime now = loop_.now();
  switch (phase_) {
    case Phase::kHello:
      if (now >= begun_ + loop_.limits().hello) return Close(ConnectionEnd::kHelloTimeout);
      if (drains_after_hello_ && now >= phase_began_ + kPongPatience) Close(why_);
      return;
    case Phase::kServing:
      return SweepServing();
    case Phase::kNoticed:
    case Phase::kEnding:
      return SweepDrain();
    case Phase::kLingering:
      if (now >= phase_began_ + kLinger) Close(why_);
      return;
    case Phase::kClosed:
      return;
  }
}

bool H2Connection::IsMomentToAge() const {
  const SteadyTime now = loop_.now();
  const TransportLimits& limits = loop_.limits();
  const SteadyTime late = ages_at_ + limits.age_waits_for_quiet;
  if (now >= late + limits.age_waits_for_call) return true;
  // A call that is still open when it is late may be a stream that never ends.
  return now >= last_call_ + limits.age_quiet && (now >= late || !session_.has_calls());
}

void H2Connection::SweepServing() {
  const SteadyTime now = loop_.now();
  const TransportLimits& limits = loop_.limits();
  if (now >= ages_at_ && IsMomentToAge()) return Drain(ConnectionEnd::kAge);
  if (!session_.has_calls() && now >= last_call_ + limits.idle) return Drain(ConnectionEnd::kIdle);
  if (now >= last_heard_ + limits.keepalive + limits.keepalive_timeout) {
    return Close(ConnectionEnd::kUnresponsive);
  }
  if (now >= last_heard_ + limits.keepalive && !ping_sent_) {
    ping_sent_ = now;
    session_.SendPing();
    Serve();
  }
}

Duration H2Connection::PongPatience() const {
  if (why_ == ConnectionEnd::kAge) return std::min(kAgedPongPatience, loop_.limits().grace / 2);
  const bool is_idle = !session_.has_calls() && last_call_ < phase_began_;
  return is_idle ? kIdlePongPatience : kPongPatience;
}

void H2Connection::SweepDrain() {
  const SteadyTime now = loop_.now();
  const bool waits_for_streams = why_ == ConnectionEnd::kAge && session_.HasLastingStreams();
  if (now >= phase_began_ + loop_.limits().grace && !waits_for_streams) return Close(why_);
  if (phase_ == Phase::kNoticed) {
    const bool knows = ponged_ && now >= *ponged_ + kSettle;
    if (!knows && now < phase_began_ + PongPatience()) return;
    TakeNoMoreCalls();
    phase_ = Phase::kEnding;
    phase_began_ = now;
    session_.SendFinalGoaway();
    return Serve();
  }
  // A client hangs up when it has no call left; one that does not is left to itself for a while.
  if (!session_.has_calls() && now >= phase_began_ + kLinger) Close(why_);
}

void H2Connection::Drain(ConnectionEnd why) {
  switch (phase_) {
    case Phase::kHello:
      drains_after_hello_ = true;
      why_ = why;
      phase_began_ = loop_.now();
      return;
    case Phase::kServing:
      break;
    default:
      return;
  }
  why_ = why;
  phase_ = Phase::kNoticed;
  phase_began_ = loop_.now();
  session_.SendDrainNotice();
  session_.SendPing();
  if (!is_busy_) Serve();
}

void H2Connection::TakeNoMoreCalls() {
  if (std::exchange(takes_calls_, false)) {
    loop_.mutable_counters().connections_taking_calls.Subtract();
  }
}

void H2Connection::Revise(const TlsContext& tls) {
  if (!tls_ || !identity_.is_authenticated || tls.Vouches(tls_->handle())) return;
  // Calls that come on it all the same come from nobody.
  identity_ = {};
  session_.WakeStreams();
  Drain(ConnectionEnd::kDrain);
}

// --- The end ------------------------------------------------------------------------------------

void H2Connection::Linger(ConnectionEnd why) {
  if (phase_ == Phase::kLingering || phase_ == Phase::kClosed) return;
  why_ = why;
  TakeNoMoreCalls();
  phase_ = Phase::kLingering;
  phase_began_ = loop_.now();
  loop_.NoteShownOut(*this);
  session_.CancelCalls();
  if (unsent_.empty()) {
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
}

void H2Connection::Close(ConnectionEnd why) {
  if (phase_ == Phase::kClosed) return;
  const auto self = shared_from_this();
  if (tls_ && unsent_.empty() && phase_ != Phase::kLingering) {
    std::vector<unsigned char>& wire = loop_.wire();
    wire.clear();
    tls_->SendClose(wire);
    Write(wire);
  }
  TakeNoMoreCalls();
  phase_ = Phase::kClosed;
  LoopCounters& counters = loop_.mutable_counters();
  counters.buffered_bytes.Subtract(unsent_.size());
  counters.connections_open.Subtract();
  counters.connections_ended[static_cast<std::size_t>(why)].Add();
  session_.CancelCalls();
  boost::system::error_code ignored;
  socket_.close(ignored);
  loop_.Forget(*this);
}

ConnectionInfo H2Connection::Info() const {
  ConnectionInfo info;
  info.peer = peer_;
  info.names = identity_.uris;
  info.names.insert(info.names.end(), identity_.dns_names.begin(), identity_.dns_names.end());
  info.is_tls = tls_ != nullptr;
  info.is_draining = is_draining();
  info.age = loop_.now() - begun_;
  info.silent = loop_.now() - last_heard_;
  info.calls_open = session_.open_calls();
  info.calls_total = session_.total_calls();
  info.untaken_bytes = session_.untaken_bytes() + unsent_.size();
  return info;
}

}  // namespace balance
