#include "clients/http/connection_check.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

namespace balance {
namespace {

class ConnectionCheckTest : public testing::Test {
 protected:
  ConnectionCheckTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0);
  }
  ~ConnectionCheckTest() override {
    close(ends_[0]);
    ClosePeer();
  }

  void PeerSends(const std::string& bytes) {
    EXPECT_EQ(send(ends_[1], bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  void ClosePeer() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  std::optional<ConnectionDrop> Plain(bool is_new) const {
    return WhyUnfit({ends_[0], nullptr, is_new});
  }
  std::optional<ConnectionDrop> Tls(bool is_new) const {
    return WhyUnfit({ends_[0], tls_.get(), is_new});
  }

  std::array<int, 2> ends_{};
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* tls) const { SSL_free(tls); }
  };
  const std::unique_ptr<SSL_CTX, Free> context_{SSL_CTX_new(TLS_client_method())};
  const std::unique_ptr<SSL, Free> tls_{SSL_new(context_.get())};
};

TEST_F(ConnectionCheckTest, SilenceIsFit) {
  for (const bool is_new : {true, false}) {
    EXPECT_EQ(Plain(is_new), std::nullopt);
    EXPECT_EQ(Tls(is_new), std::nullopt);
  }
}

TEST_F(ConnectionCheckTest, M70_OneByteIsEnough) {
  PeerSends("H");

  EXPECT_EQ(Plain(true), ConnectionDrop::kUnaskedBytes);
  EXPECT_EQ(Plain(false), ConnectionDrop::kUnaskedBytes);
  EXPECT_EQ(Tls(false), ConnectionDrop::kUnaskedBytes);
}

TEST_F(ConnectionCheckTest, ANewTlsConnectionMayHoldTheEndOfTheHandshake) {
  PeerSends(std::string("\x17\x03\x03\x01\x00 session ticket", 20));

  EXPECT_EQ(Tls(true), std::nullopt);
}

TEST_F(ConnectionCheckTest, ThePeersEndIsTold) {
  ClosePeer();

  EXPECT_EQ(Plain(false), ConnectionDrop::kClosedByPeer);
  EXPECT_EQ(Tls(false), ConnectionDrop::kClosedByPeer);
}

TEST_F(ConnectionCheckTest, TheFailureSaysWhatTheUpstreamDoesToNewConnections) {
  const Error closed = NewConnectionUnfit(ConnectionDrop::kClosedByPeer);
  const Error speaks = NewConnectionUnfit(ConnectionDrop::kUnaskedBytes);

  EXPECT_EQ(closed.message, "the upstream closes new connections before a request can be sent");
  EXPECT_EQ(speaks.message, "new connections hold an answer before there is a request");
  for (const Error& error : {closed, speaks}) {
    EXPECT_EQ(error.kind, ErrorKind::kUnreachable);
    EXPECT_TRUE(error.is_transient);
    EXPECT_TRUE(error.is_connect_failure);
  }
}

TEST_F(ConnectionCheckTest, ATlsAlertIsThePeersEnd) {
  // An alert of TLS 1.2 has two bytes, in the clear or with what encryption adds.
  PeerSends(std::string("\x15\x03\x03\x00\x1a", 5) + std::string(26, 'x'));

  EXPECT_EQ(Tls(false), ConnectionDrop::kClosedByPeer);
}

TEST_F(ConnectionCheckTest, AnEncryptedTlsAlertIsThePeersEnd) {
  PeerSends(std::string("\x17\x03\x03\x00\x13", 5) + std::string(19, 'x'));

  EXPECT_EQ(Tls(false), ConnectionDrop::kClosedByPeer);
  EXPECT_EQ(Plain(false), ConnectionDrop::kUnaskedBytes);
}

}  // namespace
}  // namespace balance
