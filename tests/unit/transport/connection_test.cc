#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <set>
#include <thread>

#include "service/transport/grpc_wire.h"
#include "tests/support/h2_frames.h"
#include "tests/support/raw_peer.h"
#include "tests/unit/transport/transport_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;

using ConnectionTest = TransportTest;

std::uint64_t Ended(const TransportServer& server, ConnectionEnd why) {
  return server.stats().connections_ended[static_cast<std::size_t>(why)];
}

TEST_F(ConnectionTest, ASecondListenerOnThePortFails) {
  Start();
  TransportServer second(methods_, clock_, {});

  const auto port = second.Start("127.0.0.1", port_, nullptr);

  ASSERT_FALSE(port);
  EXPECT_NE(port.error().message.find("in use"), std::string::npos);
}

TEST_F(ConnectionTest, ADrainServesCallsThatAreOnTheirWayAndThenHangsUp) {
  Start();
  H2Client client(port_);
  const auto stream = client.Call("/t.T/Hold", "");
  Call& held = TakeHeld();

  server_->Drain();
  ASSERT_TRUE(client.Await([&] { return client.goaways().size() == 1; }));
  EXPECT_EQ(client.goaways()[0], std::pair(0x7fffffff, std::uint32_t{NGHTTP2_NO_ERROR}));
  ASSERT_TRUE(client.Await([&] { return client.goaways().size() == 2; }));
  EXPECT_EQ(client.goaways()[1], std::pair(stream, std::uint32_t{NGHTTP2_NO_ERROR}));

  held.Finish(Response(ToShared("in time")), {});
  EXPECT_EQ(client.AwaitEnd(stream).Messages(), std::vector<std::string>{"in time"});
  EXPECT_TRUE(client.AwaitClose());
  EXPECT_TRUE(Eventually([&] { return Ended(*server_, ConnectionEnd::kDrain) == 1; }));
}

TEST_F(ConnectionTest, M181_ACallThatIsResetBeforeItBeganCostsOthersNothing) {
  Start();
  RawPeer client(port_);

  client.Send(std::string(h2::kPreface) + h2::Settings() +
              h2::Frame(h2::kRstStream, h2::kNoFlags, 1, h2::Number(NGHTTP2_CANCEL)) +
              h2::WholeCall(3, "/t.T/Echo", "answered"));

  std::string heard;
  EXPECT_TRUE(Eventually([&] {
    heard += client.Receive();
    return heard.find("answered") != std::string::npos;
  }));
  EXPECT_EQ(Ended(*server_, ConnectionEnd::kProtocolError), 0U);
}

TEST_F(ConnectionTest, ACallThatComesWithItsHelloDuringADrainIsServed) {
  loops_ = 1;
  Start();
  H2Client known(port_);
  known.Ask("/t.T/Echo", "before");
  RawPeer late(port_);
  ASSERT_TRUE(Eventually([&] { return server_->stats().connections_open == 2; }));
  server_->Drain();
  ASSERT_TRUE(known.Await([&] { return !known.goaways().empty(); }));

  late.Send(std::string(h2::kPreface) + h2::Settings() + h2::WholeCall(1, "/t.T/Echo", "in time"));

  std::string answer;
  EXPECT_TRUE(Eventually([&] {
    answer += late.Receive();
    return late.is_closed();
  }));
  EXPECT_NE(answer.find("in time"), std::string::npos);
  EXPECT_TRUE(Eventually([&] { return Ended(*server_, ConnectionEnd::kDrain) >= 1; }));
}

TEST_F(ConnectionTest, ADrainDoesNotWaitForWhoSaysNothing) {
  Start();
  RawPeer silent(port_);
  ASSERT_TRUE(Eventually([&] { return server_->stats().connections_open == 1; }));

  server_->Drain();

  EXPECT_TRUE(Eventually([&] { return Ended(*server_, ConnectionEnd::kDrain) == 1; }));
}

TEST_F(ConnectionTest, AConnectionOfItsAgeIsDrained) {
  limits_.age = milliseconds(50);
  Start();
  H2Client client(port_);

  EXPECT_EQ(client.Ask("/t.T/Echo", "young").grpc_status(), "0");

  EXPECT_TRUE(client.AwaitClose());
  // nghttp2's client takes no notice of frames behind the first one, for it has no call left.
  ASSERT_FALSE(client.goaways().empty());
  EXPECT_EQ(client.goaways()[0], std::pair(0x7fffffff, std::uint32_t{NGHTTP2_NO_ERROR}));
  EXPECT_TRUE(Eventually([&] { return Ended(*server_, ConnectionEnd::kAge) == 1; }));
}

TEST_F(ConnectionTest, TheEndOfAnAgeWaitsForAMomentWithoutCalls) {
  limits_.age = milliseconds(1);
  limits_.age_waits_for_quiet = std::chrono::hours(1);
  Start();
  H2Client client(port_);
  client.Ask("/t.T/Echo", "young");
  const auto stream = client.Call("/t.T/Hold", "");
  Call& held = TakeHeld();

  // More than a sweep.
  EXPECT_FALSE(client.Await([&] { return !client.goaways().empty(); }, milliseconds(1500)));
  held.Finish(Response(ToShared("undisturbed")), {});

  EXPECT_EQ(client.AwaitEnd(stream).Messages(), std::vector<std::string>{"undisturbed"});
  EXPECT_TRUE(client.AwaitClose());
  EXPECT_FALSE(client.goaways().empty());
  EXPECT_EQ(client.calls_open_at_goaway(), 0);
}

TEST_F(ConnectionTest, ACallerWithoutPauseHearsOfTheEndBeforeItsAnswer) {
  limits_.age = milliseconds(1);
  limits_.age_quiet = std::chrono::hours(1);
  limits_.age_waits_for_quiet = milliseconds(0);
  limits_.age_waits_for_call = std::chrono::hours(1);
  Start();
  H2Client client(port_);

  EXPECT_TRUE(Eventually([&] {
    EXPECT_EQ(client.Ask("/t.T/Echo", "one more").grpc_status(), "0");
    return !client.goaways().empty();
  }));

  ASSERT_FALSE(client.goaways().empty());
  EXPECT_EQ(client.goaways()[0], std::pair(0x7fffffff, std::uint32_t{NGHTTP2_NO_ERROR}));
  EXPECT_EQ(client.calls_open_at_goaway(), 1);
  EXPECT_TRUE(client.AwaitClose());
}

TEST_F(ConnectionTest, AStreamThatNeverEndsDoesNotKeepAConnectionOfItsAge) {
  limits_.age = milliseconds(1);
  // The call comes before.
  limits_.age_waits_for_quiet = milliseconds(500);
  limits_.age_waits_for_call = std::chrono::hours(1);
  Start();
  H2Client client(port_);
  client.Call("/t.T/Hold", "");
  Call& held = TakeHeld();

  EXPECT_TRUE(client.Await([&] { return !client.goaways().empty(); }));

  EXPECT_EQ(client.calls_open_at_goaway(), 1);
  held.Finish({}, {});
}

TEST_F(ConnectionTest, AConnectionOfItsAgeThatIsNeverQuietIsDrained) {
  limits_.age = milliseconds(1);
  limits_.age_quiet = std::chrono::hours(1);
  // The call comes before.
  limits_.age_waits_for_quiet = milliseconds(500);
  limits_.age_waits_for_call = milliseconds(0);
  Start();
  H2Client client(port_);
  client.Call("/t.T/Hold", "");
  Call& held = TakeHeld();

  EXPECT_TRUE(client.Await([&] { return !client.goaways().empty(); }));

  held.Finish({}, {});
}

TEST_F(ConnectionTest, WhoHangsUpWhenToldOfTheEndIsCountedAsAged) {
  limits_.age = milliseconds(1);
  Start();
  {
    RawPeer client(port_);
    client.Send(std::string(h2::kPreface) + h2::Settings());
    std::string heard;
    const std::string last_stream_of_all = "\x7f\xff\xff\xff";
    ASSERT_TRUE(Eventually([&] {
      heard += client.Receive();
      return heard.find(last_stream_of_all) != std::string::npos;
    }));
  }

  EXPECT_TRUE(Eventually([&] { return server_->stats().connections_open == 0; }));
  EXPECT_EQ(Ended(*server_, ConnectionEnd::kAge), 1u);
}

// Such as one that gets no processor for a while, or that does not read while it has no call.
TEST_F(ConnectionTest, WhoIsSlowToHearOfTheEndOfAnAgeLosesNoCall) {
  limits_.age = milliseconds(1);
  Start();
  RawPeer slow(port_);
  slow.Send(std::string(h2::kPreface) + h2::Settings());
  std::string heard;
  const std::string last_stream_of_all = "\x7f\xff\xff\xff";
  ASSERT_TRUE(Eventually([&] {
    heard += slow.Receive();
    return heard.find(last_stream_of_all) != std::string::npos;
  }));

  // Ages are seen to once a second.
  std::this_thread::sleep_for(milliseconds(1500));
  slow.Send(h2::WholeCall(1, "/t.T/Echo", "late"));

  EXPECT_TRUE(Eventually([&] {
    heard += slow.Receive();
    return heard.find("late") != std::string::npos;
  }));
}

TEST_F(ConnectionTest, CallsThatOutstayTheGraceAreCutOff) {
  limits_.age = milliseconds(50);
  limits_.grace = milliseconds(100);
  Start();
  H2Client client(port_);
  client.Call("/t.T/Hold", "");
  Call& held = TakeHeld();

  EXPECT_TRUE(client.AwaitClose());

  EXPECT_TRUE(Eventually([&] { return held_.callers_left() == 1; }));
  held.Finish({}, {});
}

TEST_F(ConnectionTest, WhoDoesNotSayHelloIsHungUpOn) {
  limits_.hello = milliseconds(50);
  Start();
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket silent(io);
  silent.connect({boost::asio::ip::address_v4::loopback(), port_});

  char byte = 0;
  boost::system::error_code error;
  boost::asio::read(silent, boost::asio::buffer(&byte, 1), error);

  EXPECT_EQ(error, boost::asio::error::eof);
  EXPECT_TRUE(Eventually([&] { return Ended(*server_, ConnectionEnd::kHelloTimeout) == 1; }));
}

TEST_F(ConnectionTest, SomebodyWhoSpeaksHttp1IsAnsweredInWords) {
  Start();
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket browser(io);
  browser.connect({boost::asio::ip::address_v4::loopback(), port_});
  boost::asio::write(browser, boost::asio::buffer(std::string_view("GET / HTTP/1.1\r\n\r\n")));

  std::string answer;
  boost::system::error_code error;
  boost::asio::read(browser, boost::asio::dynamic_buffer(answer), error);

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_NE(answer.find("gRPC"), std::string::npos);
}

TEST_F(ConnectionTest, PingsAreAnsweredAndTooManyEndTheConnection) {
  Start();
  H2Client client(port_);
  ASSERT_TRUE(client.Await([&] {
    client.Ping();
    return !client.goaways().empty();
  }));

  EXPECT_EQ(client.goaways()[0].second, std::uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
  EXPECT_GE(client.pongs(), limits_.ping_strikes);
  EXPECT_TRUE(client.AwaitClose());
}

TEST_F(ConnectionTest, WhoGoesOnPingingWhenToldToEndGainsNoTime) {
  limits_.grace = milliseconds(100);
  Start();
  H2Client client(port_);
  client.Call("/t.T/Hold", "");
  Call& held = TakeHeld();

  EXPECT_FALSE(client.Await([&] {
    client.Ping();
    return false;
  }));

  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(client.goaways().size(), 1u);
  EXPECT_EQ(Ended(*server_, ConnectionEnd::kAbuse), 1u);
  held.Finish({}, {});
}

TEST_F(ConnectionTest, PingsBetweenCallsAreNoStrikes) {
  Start();
  H2Client client(port_);

  for (int i = 0; i < 20; ++i) {
    client.Ping();
    ASSERT_EQ(client.Ask("/t.T/Echo", "x").grpc_status(), "0");
  }

  EXPECT_TRUE(client.goaways().empty());
}

TEST_F(ConnectionTest, CallersCancelAThousandCallsAndTheConnectionLivesOn) {
  Start();
  H2Client client(port_);

  for (int i = 0; i < 1000; ++i) client.Cancel(client.Call("/t.T/Hold", ""));

  EXPECT_EQ(client.Ask("/t.T/Echo", "still here").grpc_status(), "0");
  ASSERT_TRUE(Eventually([&] { return server_->stats().calls_open == 0; }));
  while (Call* held = held_.Take()) held->Finish({}, {});
}

TEST_F(ConnectionTest, AnswersThatNobodyTakesAreBoundedForEachConnection) {
  limits_.untaken_answer_bytes = 2U << 20U;
  Start();
  H2Client greedy(port_, {.window = 0});
  for (int i = 0; i < 10; ++i) greedy.Call("/t.T/Large", "");

  std::multiset<std::string> statuses;
  greedy.Await([&] {
    statuses.clear();
    for (int i = 0; i < 10; ++i) statuses.insert(greedy.reply(2 * i + 1).grpc_status());
    return statuses.count("8") == 7;
  });

  // Three are more than two, and that is noticed when the fourth comes.
  EXPECT_EQ(statuses.count("8"), 7u);
  EXPECT_LE(server_->stats().buffered_bytes, 4U << 20U);
  H2Client other(port_);
  EXPECT_EQ(other.Ask("/t.T/Echo", "mine").grpc_status(), "0");
}

TEST_F(ConnectionTest, UnfinishedRequestsOfAConnectionAreBounded) {
  Start();
  H2Client client(port_);
  const std::string half(60000, 'x');
  for (int i = 0; i < 20; ++i) {
    const auto stream = client.Start("/t.T/Echo");
    const auto prefix = MessagePrefix(limits_.request_bytes);
    client.SendRaw(stream, std::string(prefix.begin(), prefix.end()) + half, false);
  }
  client.Ping();
  ASSERT_TRUE(client.Await([&] { return client.pongs() == 1; }));

  // What the window still let through is a connection's initial one.
  EXPECT_LE(server_->stats().buffered_bytes, limits_.unfinished_request_bytes + 65535 + 16384);
  H2Client other(port_);
  EXPECT_EQ(other.Ask("/t.T/Echo", "mine").grpc_status(), "0");
}

TEST_F(ConnectionTest, LargeRequestsThatComeInPiecesDoNotWaitForEachOther) {
  Start();
  H2Client client(port_);
  const std::string half(30000, 'x');
  const auto prefix = MessagePrefix(2 * half.size());
  std::vector<std::int32_t> streams;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(client.Start("/t.T/Echo"));
    client.SendRaw(streams.back(), std::string(prefix.begin(), prefix.end()) + half, false);
  }
  for (const auto stream : streams) client.SendRaw(stream, half, true);

  for (const auto stream : streams) {
    EXPECT_EQ(client.AwaitEnd(stream).Messages(), std::vector<std::string>{half + half});
  }
}

TEST_F(ConnectionTest, ACallerWhoStopsInTheMiddleHoldsUpNoSmallRequest) {
  Start();
  H2Client client(port_);
  const std::string most(60000, 'x');
  const auto prefix = MessagePrefix(limits_.request_bytes);
  std::vector<std::int32_t> stuck;
  for (int i = 0; i < 20; ++i) {
    stuck.push_back(client.Start("/t.T/Echo"));
    client.SendRaw(stuck.back(), std::string(prefix.begin(), prefix.end()) + most, false);
  }

  EXPECT_EQ(client.Ask("/t.T/Echo", "small").grpc_status(), "0");
  for (const auto stream : stuck) client.Cancel(stream);
  EXPECT_EQ(client.Ask("/t.T/Echo", most).grpc_status(), "0");
}

TEST_F(ConnectionTest, TheConnectionsAreListed) {
  Start();
  H2Client client(port_);
  client.Ask("/t.T/Echo", "x");
  client.Call("/t.T/Hold", "");
  Call& held = TakeHeld();

  const auto all = server_->Connections(std::chrono::seconds(10));

  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(all[0].peer.starts_with("127.0.0.1:")) << all[0].peer;
  EXPECT_EQ(all[0].calls_open, 1u);
  EXPECT_EQ(all[0].calls_total, 2u);
  EXPECT_FALSE(all[0].is_tls);
  held.Finish({}, {});
}

}  // namespace
}  // namespace balance
