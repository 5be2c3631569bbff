#include <malloc.h>
#include <sodium.h>
#include <sys/socket.h>

#include "clients/core/secret.h"
#include "service/transport/tls_context.h"
#include "tests/support/h2_frames.h"
#include "tests/support/test_ca.h"
#include "tests/unit/transport/tls_peer.h"
#include "tests/unit/transport/transport_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TlsConnectionTest : public TransportTest {
 protected:
  TlsConnectionTest() { tls_ = ContextThatTrusts(ca_); }

  std::shared_ptr<const TlsContext> ContextThatTrusts(const TestCa& client_ca) const {
    const Secret key(std::string(server_certificate_.key_pem));
    auto context = TlsContext::Make(
        {server_certificate_.cert_pem, key, client_ca.cert_pem(), ClientCertificates::kOptional});
    if (!context) throw std::runtime_error(context.error().message);
    return *context;
  }

  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  // Sends a call and waits for its answer, which holds the message.
  static bool IsServed(TlsPeer& peer, std::uint32_t stream, const std::string& message) {
    if (!peer.Send(h2::WholeCall(stream, "/t.T/Echo", message))) return false;
    std::string answer;
    return Eventually([&] {
             answer += peer.Receive();
             return peer.is_closed() || answer.find(message) != std::string::npos;
           }) &&
           !peer.is_closed();
  }
  static bool IsServed(TlsPeer& peer) {
    return peer.Handshake() && peer.Send(std::string(h2::kPreface) + h2::Settings()) &&
           IsServed(peer, 1, "hello over tls");
  }
  void ExpectOthersAreServed() {
    TlsPeer other(port_);
    EXPECT_TRUE(IsServed(other));
  }
  // The server's part of the handshake waits to be read.
  static bool HasAnswered(TlsPeer& peer) {
    char byte = 0;
    return recv(peer.raw().socket(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
  }
  static bool IsHungUpOn(TlsPeer& peer) {
    return Eventually([&] {
      peer.Receive();
      return peer.is_closed();
    });
  }
  std::uint64_t Ended(ConnectionEnd why) const {
    return server_->stats().connections_ended[static_cast<std::size_t>(why)];
  }

  const TestCa ca_;
  const TestCa other_ca_{"another ca"};
  const TestCertificate server_certificate_ = ca_.Issue({.ip_addresses = {"127.0.0.1"}});
  const TestCertificate client_certificate_ = ca_.Issue({.uris = {"spiffe://test/client"}});
};

TEST_F(TlsConnectionTest, ACallIsServed) {
  Start();
  TlsPeer peer(port_);

  EXPECT_TRUE(IsServed(peer));
}

TEST_F(TlsConnectionTest, ACertificateOfAnotherCaIsRefused) {
  tls_ = ContextThatTrusts(other_ca_);
  Start();
  TlsPeer peer(port_, &client_certificate_);

  EXPECT_FALSE(IsServed(peer));
  EXPECT_TRUE(Eventually([&] { return Ended(ConnectionEnd::kTlsFailed) == 1; }));
}

TEST_F(TlsConnectionTest, WhoseCaIsWithdrawnIsToldToEndAndOthersStay) {
  Start();
  TlsPeer known(port_, &client_certificate_);
  ASSERT_TRUE(IsServed(known));
  TlsPeer anonymous(port_);
  ASSERT_TRUE(IsServed(anonymous));

  server_->Replace(ContextThatTrusts(other_ca_), true);

  EXPECT_TRUE(IsHungUpOn(known));
  EXPECT_TRUE(IsServed(anonymous, 3, "nobody, as before"));
}

TEST_F(TlsConnectionTest, WhoseCaIsWithdrawnDuringTheHandshakeIsRefused) {
  Start();
  TlsPeer late(port_, &client_certificate_);
  // The server has begun with the CA that is about to go.
  late.BeginHandshake();
  ASSERT_TRUE(Eventually([&] { return HasAnswered(late); }));

  server_->Replace(ContextThatTrusts(other_ca_), true);
  ExpectOthersAreServed();

  EXPECT_FALSE(IsServed(late));
  EXPECT_TRUE(Eventually([&] { return Ended(ConnectionEnd::kTlsFailed) == 1; }));
}

TEST_F(TlsConnectionTest, WhoseCaStaysIsServedAfterAChange) {
  Start();
  TlsPeer late(port_, &client_certificate_);
  late.BeginHandshake();
  ASSERT_TRUE(Eventually([&] { return HasAnswered(late); }));

  server_->Replace(ContextThatTrusts(ca_), true);
  ExpectOthersAreServed();

  EXPECT_TRUE(IsServed(late));
}

TEST_F(TlsConnectionTest, M145_FourHundredSilentPeersCostLittle) {
  loops_ = 1;
  Start();
  ExpectOthersAreServed();
  const struct mallinfo2 rest = mallinfo2();

  // Half of them say nothing at all, half do when they have shaken hands.
  std::vector<RawPeer> silent;
  for (int i = 0; i < 200; ++i) silent.emplace_back(port_);
  const std::size_t ours_before = mallinfo2().uordblks;
  std::vector<std::unique_ptr<TlsPeer>> shaken;
  for (int i = 0; i < 200; ++i) {
    shaken.push_back(std::make_unique<TlsPeer>(port_));
    ASSERT_TRUE(shaken.back()->Handshake());
  }
  ASSERT_TRUE(Eventually([&] { return server_->stats().connections_open >= 400; }));
  ExpectOthersAreServed();

  // Both sides of the second half are in this process, and a side costs about the same.
  const struct mallinfo2 now = mallinfo2();
  const std::size_t clients = (now.uordblks - std::min(now.uordblks, ours_before)) / 2;
  EXPECT_LE(now.uordblks - std::min(now.uordblks, rest.uordblks + clients), std::size_t{16} << 20U);
}

TEST_F(TlsConnectionTest, M145_RenegotiationIsRefusedAndAFloodOfItChangesNothing) {
  Start();
  TlsPeer peer(port_, nullptr, TLS1_2_VERSION);
  ASSERT_TRUE(IsServed(peer));

  for (int i = 0; i < 100; ++i) {
    SSL_renegotiate(peer.handle());
    SSL_do_handshake(peer.handle());
  }
  ExpectOthersAreServed();

  // OpenSSL's client takes the refusal for the end.
  EXPECT_TRUE(IsHungUpOn(peer));
}

TEST_F(TlsConnectionTest, M145_AFloodOfKeyUpdatesEndsNobodyElsesCalls) {
  Start();
  TlsPeer peer(port_);
  ASSERT_TRUE(IsServed(peer));

  for (int i = 0; i < 2000; ++i) {
    SSL_key_update(peer.handle(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(peer.handle());
  }
  ExpectOthersAreServed();
}

TEST_F(TlsConnectionTest, M145_WhoClosesHalfAConnectionLeavesItWhole) {
  Start();
  TlsPeer peer(port_);
  ASSERT_TRUE(IsServed(peer));
  peer.Send(h2::WholeCall(3, "/t.T/Hold", "x"));
  Call& held = TakeHeld();

  SSL_shutdown(peer.handle());

  EXPECT_TRUE(Eventually([&] { return held_.callers_left() == 1; }));
  held.Finish({}, {});
  EXPECT_TRUE(Eventually([&] { return server_->stats().connections_open == 0; }));
  EXPECT_EQ(Ended(ConnectionEnd::kClosed), 1u);
}

TEST_F(TlsConnectionTest, M145_AHelloThatIsNoTlsIsRefusedInTime) {
  limits_.hello = milliseconds(500);
  Start();
  // The first record of a handshake, cut short.
  RawPeer half(port_);
  half.Send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  RawPeer garbage(port_);
  garbage.Send(std::string(1000, 'x'));

  EXPECT_TRUE(Eventually([&] { return Ended(ConnectionEnd::kTlsFailed) == 1; }));
  EXPECT_TRUE(Eventually([&] { return Ended(ConnectionEnd::kHelloTimeout) == 1; }));
  ExpectOthersAreServed();
}

}  // namespace
}  // namespace balance
