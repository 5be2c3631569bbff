#pragma once

// One connection: its socket, its TLS, and how it ends.

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "service/transport/connection_life.h"
#include "service/transport/h2_session.h"
#include "service/transport/ping_strikes.h"
#include "service/transport/tls_channel.h"
#include "service/transport/transport_loop.h"
#include "service/transport/transport_stats.h"
#include "service/transport/unsent_bytes.h"

namespace balance {

// Used on its loop's thread only. Kept alive by its loop until it ends, and by what the loop has
// queued for it.
class H2Connection final : public std::enable_shared_from_this<H2Connection>,
                           private H2SessionOwner {
 public:
  // `tls` is null for plaintext.
  H2Connection(TransportLoop& loop, boost::asio::ip::tcp::socket socket, std::string peer,
               std::shared_ptr<const TlsContext> tls);
  H2Connection(const H2Connection&) = delete;
  H2Connection& operator=(const H2Connection&) = delete;
  ~H2Connection() override;

  void Start();
  // Does what time is up for.
  void Sweep();
  // Tells the peer to end it, in two steps: it opens no further streams once it knows, and those
  // that are on their way are served. One that has not said hello may do so shortly.
  void Drain(ConnectionEnd why);
  // Ends it at once; the handlers of its calls hear that the caller has left.
  void Close(ConnectionEnd why);
  // The same for one that TransportLoop::NoteShownOut() was told of.
  void CloseAsShownOut() { Close(life_.why()); }
  // Ends it if `tls` does not vouch for the certificate that its peer has shown.
  void Revise(const TlsContext& tls);

  bool IsIdle() const { return !session_.has_calls(); }
  SteadyTime last_heard() const { return life_.last_heard(); }
  // What buffers hold for it.
  std::size_t buffered_bytes() const {
    return session_.untaken_bytes() + session_.unfinished_bytes() + unsent_.size();
  }
  ConnectionInfo Info() const;

 private:
  using Phase = ConnectionLife::Phase;

  // --- H2SessionOwner ---------------------------------------------------------------------------

  void OnPing() override;
  void OnPong() override;
  void OnTraffic() override;
  void OnCall() override;
  void OnOutput() override;
  const PeerIdentity& identity() const override { return identity_; }
  const std::string& peer() const override { return peer_; }

  void ReadNext();
  void OnRead(const boost::system::error_code& error, std::size_t size);
  // Takes what the socket has beyond what was read already.
  void ReadRest();
  // Takes bytes of the wire; false if the connection is over.
  bool Receive(std::span<const unsigned char> bytes);
  // Learns who the peer is; false if it is nobody whom the newest client CAs know.
  bool Identify();
  bool ReceiveTls(std::span<const unsigned char> bytes);
  bool ReceivePlain(std::span<const unsigned char> bytes);

  // Sends all that is ready; false if the connection is over.
  bool Flush();
  // Flushes and ends the connection if it is over. Not from within Receive() and Flush().
  void Serve();
  bool WriteOut();
  bool Write(std::span<const unsigned char> bytes);
  void AwaitWritable();
  void OnWritable();
  bool Judge(H2Session::Health health);
  void AnswerInWords(std::string_view words);
  // Hangs up as soon as what was written has been taken.
  void Linger(ConnectionEnd why);

  // The peer was told which call is its last, or is told nothing more.
  void TakeNoMoreCalls();

  TransportLoop& loop_;
  boost::asio::ip::tcp::socket socket_;
  const std::string peer_;
  std::unique_ptr<TlsChannel> tls_;
  PeerIdentity identity_;
  H2Session session_;
  ConnectionLife life_;
  PingStrikes ping_strikes_;
  bool takes_calls_ = true;
  // In the middle of reading or writing, which will flush at its end.
  bool is_busy_ = false;
  bool is_flush_posted_ = false;
  bool is_reading_ = false;
  // While something waits here, the peer is not read from: who does not take answers gets no more
  // of them.
  UnsentBytes unsent_;
  // Enough for a turn's calls of most clients; more is read into the loop's own buffer.
  std::array<unsigned char, 2048> in_{};
};

}  // namespace balance
