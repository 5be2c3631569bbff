#include "service/transport/h2_connection.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "service/transport/wrong_protocol.h"

namespace balance {

namespace asio = boost::asio;

namespace {

// So many writes to one connection in a row; then it is another's turn.
constexpr int kMostRounds = 8;

std::span<const unsigned char> BytesOf(std::string_view text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

}  // namespace

H2Connection::H2Connection(TransportLoop& loop, asio::ip::tcp::socket socket, std::string peer,
                           std::shared_ptr<const TlsContext> tls)
    : loop_(loop),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      tls_(tls ? std::make_unique<TlsChannel>(std::move(tls)) : nullptr),
      session_(loop, *this),
      life_(loop.limits(), loop.now(), loop.Jitter()),
      ping_strikes_(loop.limits()),
      unsent_(socket_, loop.mutable_counters().buffered_bytes) {
  loop_.mutable_counters().connections_opened.Add();
  loop_.mutable_counters().connections_open.Add();
  loop_.mutable_counters().connections_taking_calls.Add();
}

H2Connection::~H2Connection() = default;

void H2Connection::Start() { ReadNext(); }

// --- In -----------------------------------------------------------------------------------------

void H2Connection::ReadNext() {
  if (life_.phase() == Phase::kClosed || is_reading_ || !unsent_.empty()) return;
  is_reading_ = true;
  socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](
                                                 const boost::system::error_code& error,
                                                 std::size_t size) { self->OnRead(error, size); });
}

void H2Connection::OnRead(const boost::system::error_code& error, std::size_t size) {
  is_reading_ = false;
  if (life_.phase() == Phase::kClosed) return;
  loop_.Refresh();
  if (error) {
    const bool is_ending = life_.is_draining() || life_.phase() == Phase::kLingering;
    const bool is_regular = error == asio::error::eof || error == asio::error::connection_reset;
    const auto otherwise = is_regular ? ConnectionEnd::kClosed : ConnectionEnd::kSocketError;
    return Close(is_ending ? life_.why() : otherwise);
  }
  life_.OnHeard(loop_.now());
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
  if (life_.phase() == Phase::kLingering || life_.phase() == Phase::kClosed) return false;
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
      Close(life_.is_draining() ? life_.why() : ConnectionEnd::kClosed);
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
  if (life_.phase() == Phase::kHello && session_.has_heard() && life_.OnHello()) {
    Drain(life_.why());
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
                                                       : life_.why());
  return false;
}

void H2Connection::AnswerInWords(std::string_view words) {
  // Not as TLS: who spoke plainly is answered plainly.
  Write(BytesOf(words));
  Linger(ConnectionEnd::kProtocolError);
}

// --- Out ----------------------------------------------------------------------------------------

void H2Connection::OnOutput() {
  if (is_busy_ || is_flush_posted_ || life_.phase() == Phase::kClosed) return;
  is_flush_posted_ = true;
  asio::post(loop_.io(), [self = shared_from_this()] {
    self->is_flush_posted_ = false;
    self->Serve();
  });
}

void H2Connection::Serve() {
  if (life_.phase() == Phase::kClosed) return;
  is_busy_ = true;
  const bool lives = life_.phase() == Phase::kLingering || Flush();
  is_busy_ = false;
  if (!lives && life_.phase() != Phase::kLingering) return Close(ConnectionEnd::kSocketError);
  ReadNext();
}

bool H2Connection::Flush() {
  if (tls_ && tls_->state() == TlsChannel::State::kHandshake) return true;
  for (int round = 0; round < kMostRounds; ++round) {
    if (!unsent_.empty()) return true;
    const auto health = session_.Gather(loop_.out());
    const bool is_empty = loop_.out().empty();
    if (!WriteOut()) return false;
    if (health != H2Session::Health::kGood) {
      return Judge(health) || life_.phase() == Phase::kLingering;
    }
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
  const bool was_waiting = !unsent_.empty();
  switch (unsent_.Write(bytes)) {
    case UnsentBytes::Progress::kDone:
      return true;
    case UnsentBytes::Progress::kFailed:
      return false;
    case UnsentBytes::Progress::kWaits:
      break;
  }
  if (was_waiting) return true;
  session_.SetBlocked(true);
  AwaitWritable();
  return true;
}

void H2Connection::AwaitWritable() {
  socket_.async_wait(asio::ip::tcp::socket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (error || self->life_.phase() == Phase::kClosed) return;
                       self->OnWritable();
                     });
}

void H2Connection::OnWritable() {
  loop_.Refresh();
  const std::size_t left = unsent_.left();
  const UnsentBytes::Progress progress = unsent_.WriteOn();
  if (unsent_.left() < left) life_.OnTaken(loop_.now());
  if (progress == UnsentBytes::Progress::kFailed) return Close(ConnectionEnd::kSocketError);
  if (progress == UnsentBytes::Progress::kWaits) return AwaitWritable();
  session_.SetBlocked(false);
  session_.ExpectWritable();
  if (life_.phase() == Phase::kLingering) {
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
  Serve();
}

// --- Time ---------------------------------------------------------------------------------------

void H2Connection::OnPing() {
  // One who was told to stop hears nothing more, and gains no time by going on.
  if (ping_strikes_.OnPing(loop_.now()) || life_.phase() == Phase::kEnding) return;
  session_.SendGoawayForTooManyPings();
  TakeNoMoreCalls();
  life_.End(ConnectionEnd::kAbuse, loop_.now());
  loop_.NoteShownOut(*this);
}

void H2Connection::OnPong() { life_.OnPong(loop_.now()); }

void H2Connection::OnCall() {
  if (life_.IsLate(loop_.now())) Drain(ConnectionEnd::kAge);
}

void H2Connection::OnTraffic() {
  life_.OnTraffic(loop_.now());
  ping_strikes_.OnTraffic();
}

void H2Connection::Sweep() {
  const ConnectionLife::Calls calls{session_.has_calls(), session_.HasLastingStreams()};
  const ConnectionLife::Step step = life_.Next(loop_.now(), calls);
  switch (step.due) {
    case ConnectionLife::Due::kNothing:
      return;
    case ConnectionLife::Due::kClose:
      return Close(step.why);
    case ConnectionLife::Due::kDrain:
      return Drain(step.why);
    case ConnectionLife::Due::kPing:
      life_.OnPingSent(loop_.now());
      session_.SendPing();
      return Serve();
    case ConnectionLife::Due::kLastCall:
      TakeNoMoreCalls();
      life_.End(step.why, loop_.now());
      session_.SendFinalGoaway();
      return Serve();
  }
}

void H2Connection::Drain(ConnectionEnd why) {
  if (!life_.Drain(why, loop_.now())) return;
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
  if (life_.phase() == Phase::kLingering || life_.phase() == Phase::kClosed) return;
  TakeNoMoreCalls();
  life_.Linger(why, loop_.now());
  loop_.NoteShownOut(*this);
  session_.CancelCalls();
  if (unsent_.empty()) {
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
}

void H2Connection::Close(ConnectionEnd why) {
  if (life_.phase() == Phase::kClosed) return;
  const auto self = shared_from_this();
  if (tls_ && unsent_.empty() && life_.phase() != Phase::kLingering) {
    std::vector<unsigned char>& wire = loop_.wire();
    wire.clear();
    tls_->SendClose(wire);
    Write(wire);
  }
  TakeNoMoreCalls();
  life_.Close();
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
  info.is_draining = life_.is_draining();
  info.age = loop_.now() - life_.begun();
  info.silent = loop_.now() - life_.last_heard();
  info.calls_open = session_.open_calls();
  info.calls_total = session_.total_calls();
  info.untaken_bytes = session_.untaken_bytes() + unsent_.size();
  return info;
}

}  // namespace balance
