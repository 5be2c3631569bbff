// What hostile peers do to the server of a process: its memory stays within bounds, and others are
// served meanwhile.

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "service/transport/grpc_wire.h"
#include "service/transport/reflection_service.h"
#include "tests/support/h2_frames.h"
#include "tests/support/raw_peer.h"
#include "tests/unit/transport/transport_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kAttackers = 24;
// What an attack may cost above rest, clients included: bytes that the allocator has given out, so
// neither fragments nor what the kernel buffers count. (A sanitizer's allocator tells of none.)
constexpr std::size_t kMostMemory = std::size_t{16} << 20U;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif
// What an attacker sends: less where memory is not judged, and everything is slow.
constexpr std::size_t kFlood = std::size_t{1} << (kIsSanitized ? 16U : 20U);
// What an attacker writes at once.
constexpr std::size_t kWrite = 4096;

// Memory that is in use at all: nghttp2 allocates buffers that a silent connection never touches.
// A sanitizer's own would count too, so there it is 0.
std::size_t ResidentBytes() {
  if (kIsSanitized) return 0;
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t AllocatedBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

const std::string& Hello() {
  static const std::string kHello = std::string(h2::kPreface) + h2::Settings();
  return kHello;
}

class AbuseTest : public TransportTest {
 protected:
  void Start() {
    TransportTest::Start();
    bystander_.emplace(port_);
    // What is allocated once.
    ASSERT_EQ(bystander_->Ask("/t.T/Echo", "first").grpc_status(), "0");
    rest_ = AllocatedBytes();
  }

  // What memory the attack has cost so far.
  void Measure() { peak_ = std::max(peak_, AllocatedBytes()); }
  std::size_t cost() const { return peak_ > rest_ ? peak_ - rest_ : 0; }

  // A caller who was there before, and one who comes now, are served.
  void ExpectOthersAreServed() {
    EXPECT_EQ(bystander_->Ask("/t.T/Echo", "mine").grpc_status(), "0");
    H2Client other(port_);
    EXPECT_EQ(other.Ask("/t.T/Echo", "mine").grpc_status(), "0");
  }

  // Until it is all sent or the server hangs up; false if the server takes no more before.
  bool SendAll(RawPeer& peer, std::string_view bytes) {
    const auto end = std::chrono::steady_clock::now() + seconds(10);
    while (!bytes.empty() && !peer.is_closed()) {
      bytes.remove_prefix(peer.Send(bytes));
      if (std::chrono::steady_clock::now() > end) return false;
    }
    return true;
  }

  std::optional<H2Client> bystander_;
  std::size_t rest_ = 0;
  std::size_t peak_ = 0;
};

// --- Floods -------------------------------------------------------------------------------------

struct Flood {
  const char* name;
  // The attacker's next frames. `turn` counts from 0.
  std::function<std::string(std::uint32_t turn)> next;
  std::string hello = Hello();

  friend void PrintTo(const Flood& it, std::ostream* out) { *out << it.name; }
};

std::uint32_t Stream(std::uint32_t turn) { return 2 * turn + 1; }

std::string Repeated(std::string_view frame, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += frame;
  return all;
}

// Of a call to a handler that never finishes it.
std::string HeldCall(std::uint32_t turn) { return h2::WholeCall(Stream(turn), "/t.T/Hold", "x"); }

const std::vector<Flood>& Floods() {
  using namespace h2;  // NOLINT(google-build-using-namespace)
  static const std::string kOpenCall = Hello() + CallHeaders(1, "/t.T/Echo");
  static const std::vector<Flood> kFloods = {
      {"CallsResetAtOnce",
       [](auto turn) { return HeldCall(turn) + Frame(kRstStream, 0, Stream(turn), Number(8)); }},
      {"CallsThatTheServerIsMadeToReset",
       [](auto turn) {
         return HeldCall(turn) + Frame(kWindowUpdate, 0, Stream(turn), Number(0x7fffffff));
       }},
      {"HeadersResetAtOnce",
       [](auto turn) {
         return CallHeaders(Stream(turn), "/t.T/Echo") +
                Frame(kRstStream, 0, Stream(turn), Number(8));
       }},
      {"MoreStreamsThanThereMayBe",
       [](auto turn) {
         return Frame(kHeaders, kEndHeaders, Stream(turn), std::string("\x83\x86\x84", 3));
       }},
      {"CallsWithoutAPath",
       [](auto turn) { return Frame(kHeaders, kEndHeaders | kEndStream, Stream(turn), "\x83"); }},
      {"HeadersWithoutEnd",
       [](auto turn) {
         const std::string field = Field("x-more", std::string(1000, 'x'));
         return turn == 0 ? Frame(kHeaders, 0, 1, CallFields("/t.T/Echo"))
                          : Frame(kContinuation, 0, 1, field);
       }},
      {"EmptyContinuations",
       [](auto turn) {
         return turn == 0 ? Frame(kHeaders, 0, 1, "") : Frame(kContinuation, 0, 1, "");
       }},
      {"HugeHeaderLists",
       [](auto turn) {
         const std::string fields = Repeated(Field("x-more", std::string(1000, 'x')), 15);
         return Frame(kHeaders, 0, Stream(turn), CallFields("/t.T/Echo")) +
                Repeated(Frame(kContinuation, 0, Stream(turn), fields), 3) +
                Frame(kContinuation, kEndHeaders, Stream(turn), fields);
       }},
      // Each byte stands for a field of 3 KiB.
      {"CompressedHeaderLists",
       [](auto turn) {
         return Frame(kHeaders, kEndHeaders | kEndStream, Stream(turn),
                      CallFields("/t.T/Echo") + IndexedField("x-long", std::string(3000, 'x')) +
                          std::string(10000, '\xbe'));
       }},
      {"Pings", [](auto) { return Frame(kPing, 0, 0, "12345678"); }},
      {"PingsBetweenData",
       [](auto) { return Frame(kPing, 0, 0, "12345678") + Frame(kData, 0, 1, ""); }, kOpenCall},
      {"Settings", [](auto) { return Settings(); }},
      {"SettingsThatChangeWindows",
       [](auto turn) {
         return Settings({{4, turn % 2 == 0 ? 0U : 0x7fffffffU}});
       },
       kOpenCall},
      {"AcksOfNothing", [](auto) { return Frame(kSettings, kAck, 0, ""); }},
      {"WindowUpdates", [](auto) { return Frame(kWindowUpdate, 0, 0, Number(1)); }},
      {"WindowUpdatesOfAStream", [](auto) { return Frame(kWindowUpdate, 0, 1, Number(1)); },
       kOpenCall},
      {"Priorities",
       [](auto turn) { return Frame(kPriority, 0, Stream(turn), Number(0) + "\x10"); }},
      {"UnknownFrames", [](auto) { return Frame(kUnknown, 0xff, 7, std::string(1000, 'x')); }},
      {"EmptyData", [](auto) { return Frame(kData, 0, 1, ""); }, kOpenCall},
      {"Goaways", [](auto) { return Frame(kGoaway, 0, 0, Number(0) + Number(0) + "bye"); },
       kOpenCall},
      {"CallsAnsweredWithoutAWindow",
       [](auto turn) { return WholeCall(Stream(turn), "/t.T/Large", ""); },
       std::string(kPreface) + Settings({{4, 0}})},
      {"CallsAnsweredByteByByte",
       [](auto turn) {
         return WholeCall(Stream(turn), "/t.T/Large", "") +
                Frame(kWindowUpdate, 0, Stream(turn % 100), Number(1));
       },
       std::string(kPreface) + Settings({{4, 1}})},
      {"CallsWhoseAnswersAreNotRead",
       [](auto turn) { return WholeCall(Stream(turn), "/t.T/Large", ""); },
       std::string(kPreface) + Settings({{4, 0x7fffffff}}) +
           Frame(kWindowUpdate, 0, 0, Number(0x7fff0000))},
      {"RefusedCallsWhoseAnswersAreNotRead",
       [](auto turn) { return WholeCall(Stream(turn), "/t.T/Nothing", ""); }},
      {"RequestsThatDoNotEnd",
       [](auto turn) {
         const auto prefix = MessagePrefix(60000);
         return CallHeaders(Stream(turn), "/t.T/Echo") +
                Frame(kData, 0, Stream(turn), std::string(prefix.begin(), prefix.end())) +
                Repeated(Frame(kData, 0, Stream(turn), std::string(16000, 'x')), 3);
       }},
      {"LargeRequestsThatAreHeld",
       [](auto turn) { return h2::WholeCall(Stream(turn), "/t.T/Hold", std::string(10000, 'x')); }},
      {"QuestionsToReflectionWhoseAnswersAreNotRead",
       [](auto turn) {
         const std::string ask(
             "\x22\x1c"
             "grpc.reflection.v1.ServerRef",
             30);
         const auto prefix = MessagePrefix(ask.size());
         const std::string message = std::string(prefix.begin(), prefix.end()) + ask;
         return (turn < 100 ? CallHeaders(Stream(turn),
                                          "/grpc.reflection.v1.ServerReflection/"
                                          "ServerReflectionInfo")
                            : std::string()) +
                Frame(kData, 0, Stream(turn % 100), message);
       },
       std::string(kPreface) + Settings({{4, 0}})},
  };
  return kFloods;
}

class FloodedTransportTest : public AbuseTest, public ::testing::WithParamInterface<Flood> {
 protected:
  FloodedTransportTest() { AddReflectionService(methods_, {}); }

  struct Attacker {
    RawPeer peer;
    std::uint32_t turn = 0;
    std::size_t sent = 0;
    // Made and not taken by the socket yet.
    std::string bytes;
  };

  // Sends what the socket takes; false if that is nothing, or all is sent.
  bool Attack(Attacker& attacker) {
    std::size_t now = 0;
    while (attacker.sent + now < kFlood) {
      // A call of the kernel for each frame would be most of what this costs.
      while (attacker.bytes.size() < kWrite) attacker.bytes += GetParam().next(attacker.turn++);
      const std::size_t taken = attacker.peer.Send(attacker.bytes);
      attacker.bytes.erase(0, taken);
      now += taken;
      if (taken == 0 || now > 20000) break;
    }
    attacker.sent += now;
    return now > 0;
  }
};

TEST_P(FloodedTransportTest, M140_CostsLittleAndOthersAreServed) {
  Start();
  std::vector<Attacker> attackers;
  for (int i = 0; i < kAttackers; ++i) {
    attackers.push_back({.peer = RawPeer(port_), .bytes = {}});
    ASSERT_EQ(attackers.back().peer.Send(GetParam().hello), GetParam().hello.size());
  }
  ExpectOthersAreServed();

  // Until nobody can send any more: all is sent, or not taken for a while.
  for (int quiet_rounds = 0; quiet_rounds < 3;) {
    bool has_sent = false;
    for (Attacker& attacker : attackers) has_sent = Attack(attacker) || has_sent;
    Measure();
    if (has_sent) {
      quiet_rounds = 0;
    } else {
      ++quiet_rounds;
      ExpectOthersAreServed();
    }
  }
  ExpectOthersAreServed();
  Measure();

  EXPECT_LE(cost(), kMostMemory);
  EXPECT_LE(server_->stats().buffered_bytes, limits_.connection_memory + (std::size_t{32} << 20U));
  RecordProperty("cost", static_cast<int>(cost()));
  attackers.clear();
  EXPECT_TRUE(Eventually([&] { return server_->stats().connections_open == 1; }));
  while (Call* held = held_.Take()) held->Finish({}, {});
  EXPECT_TRUE(Eventually([&] { return server_->stats().calls_open == 0; }));
  EXPECT_TRUE(Eventually([&] { return server_->stats().calls_abandoned == 0; }));
  EXPECT_TRUE(Eventually([&] { return server_->stats().buffered_bytes == 0; }));
  ExpectOthersAreServed();
}

INSTANTIATE_TEST_SUITE_P(Every, FloodedTransportTest, ::testing::ValuesIn(Floods()),
                         [](const auto& param) { return std::string(param.param.name); });

// --- The rest -----------------------------------------------------------------------------------

class SilentPeersTest : public AbuseTest {
 protected:
  // Both ends of a thousand connections are in this process.
  static constexpr rlim_t kDescriptors = 2200;

  void SetUp() override {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < kDescriptors) {
      GTEST_SKIP() << "SKIPPED: the hard limit of open files is " << limit.rlim_max << ", and this "
                   << "needs " << kDescriptors;
    }
    limit.rlim_cur = std::max(limit.rlim_cur, kDescriptors);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    AbuseTest::SetUp();
  }

  void Connect(std::string_view hello, std::size_t most) {
    const std::size_t rest = ResidentBytes();
    for (int i = 0; i < 1000; ++i) {
      silent_.emplace_back(port_);
      silent_.back().Send(hello);
    }
    ASSERT_TRUE(Eventually([&] { return server_->stats().connections_open == 1001; }));
    ExpectOthersAreServed();
    const std::size_t now = ResidentBytes();
    RecordProperty("cost", std::to_string(now - std::min(now, rest)));
    EXPECT_LE(now - std::min(now, rest), most);
  }

  std::vector<RawPeer> silent_;
};

TEST_F(SilentPeersTest, M141_AThousandThatSayNothingCostLittleAndAreHungUpOn) {
  limits_.hello = seconds(3);
  Start();

  Connect("", kMostMemory / 2);

  EXPECT_TRUE(Eventually([&] { return server_->stats().connections_open == 1; }));
}

TEST_F(SilentPeersTest, M141_AThousandThatSaidHelloCostLittle) {
  Start();

  // Mostly nghttp2's.
  Connect(Hello(), kMostMemory * 3 / 2);
}

using ReturningPeersTest = AbuseTest;

TEST_F(ReturningPeersTest, M140_WhoIsShownOutAndComesBackAtOnceIsNotKeptEachTime) {
  constexpr std::size_t kTimes = 400;
  std::string flood = Hello();
  for (int ping = 0; ping < 10; ++ping) flood += h2::Frame(h2::kPing, 0, 0, "12345678");
  Start();

  // None of them hangs up by itself.
  std::vector<RawPeer> shown_out;
  std::size_t most_open = 0;
  for (std::size_t i = 0; i < kTimes; ++i) {
    RawPeer& peer = shown_out.emplace_back(port_);
    ASSERT_TRUE(SendAll(peer, flood));
    std::string heard;
    ASSERT_TRUE(Eventually([&] {
      heard += peer.Receive();
      return heard.find("too_many_pings") != std::string::npos;
    }));
    most_open = std::max<std::size_t>(most_open, server_->stats().connections_open);
    Measure();
  }

  EXPECT_LT(most_open, kTimes / 4);
  EXPECT_LE(cost(), kMostMemory);
  ExpectOthersAreServed();
}

using SlowPeersTest = AbuseTest;

TEST_F(SlowPeersTest, M142_AHelloInDripsIsCutOffInTime) {
  limits_.hello = milliseconds(500);
  Start();
  RawPeer slow(port_);

  std::string_view hello = h2::kPreface;
  const bool is_cut_off = Eventually([&] {
    // One byte each time the server has dealt with the last one, but never the whole.
    if (hello.size() > 1) hello.remove_prefix(slow.Send(hello.substr(0, 1)));
    EXPECT_EQ(bystander_->Ask("/t.T/Echo", "mine").grpc_status(), "0");
    slow.Receive();
    return slow.is_closed();
  });

  EXPECT_TRUE(is_cut_off);
}

TEST_F(SlowPeersTest, M142_ACallInBytesIsACall) {
  Start();
  RawPeer slow(port_);
  const std::string all = Hello() + h2::WholeCall(1, "/t.T/Echo", "slowly");

  for (const char byte : all) {
    ASSERT_TRUE(SendAll(slow, {&byte, 1}));
    if (&byte != &all.back()) continue;
  }
  std::string answer;
  EXPECT_TRUE(Eventually([&] {
    answer += slow.Receive();
    return answer.find("slowly") != std::string::npos;
  }));
}

using CancelledCallsTest = AbuseTest;

TEST_F(CancelledCallsTest, M143_TwoThousandInTwoSecondsAreHonest) {
  Start();
  H2Client proxy(port_);

  for (int i = 0; i < 2000; ++i) {
    proxy.Cancel(proxy.Call("/t.T/Hold", ""));
    if (i % 100 == 0) Measure();
  }
  EXPECT_EQ(proxy.Ask("/t.T/Echo", "still here").grpc_status(), "0");

  EXPECT_TRUE(proxy.goaways().empty());
  ASSERT_TRUE(Eventually([&] { return server_->stats().calls_open == 0; }));
  while (Call* held = held_.Take()) held->Finish({}, {});
  ExpectOthersAreServed();
}

TEST_F(CancelledCallsTest, M143_CallsThatWereLeftAndAreStillWorkedOnAreBounded) {
  limits_.abandoned_calls = 10;
  Start();
  H2Client client(port_);

  for (int i = 0; i < 11; ++i) client.Cancel(client.Call("/t.T/Hold", ""));
  EXPECT_EQ(client.Ask("/t.T/Echo", "one too many").grpc_status(), "8");
  ExpectOthersAreServed();

  while (Call* held = held_.Take()) held->Finish({}, {});
  EXPECT_TRUE(client.Await([&] { return client.Ask("/t.T/Echo", "again").grpc_status() == "0"; }));
}

TEST_F(CancelledCallsTest, M143_OfAllConnectionsTheyAreBoundedWhereThereAreMost) {
  limits_.abandoned_calls = 32;
  limits_.abandoned_calls_in_all = 10;
  Start();
  H2Client first(port_);
  H2Client second(port_);

  for (int i = 0; i < 6; ++i) first.Cancel(first.Call("/t.T/Hold", ""));
  // The last one is too many already.
  for (int i = 0; i < 6; ++i) second.Cancel(second.Call("/t.T/Hold", ""));
  ASSERT_TRUE(Eventually([&] { return server_->stats().calls_abandoned == 11; }));

  EXPECT_EQ(first.Ask("/t.T/Echo", "too many").grpc_status(), "8");
  EXPECT_EQ(second.Ask("/t.T/Echo", "too many").grpc_status(), "8");
  ExpectOthersAreServed();
  while (Call* held = held_.Take()) held->Finish({}, {});
  EXPECT_TRUE(Eventually([&] { return server_->stats().calls_abandoned == 0; }));
}

using UntakenAnswersTest = AbuseTest;

TEST_F(UntakenAnswersTest, M144_OfAllConnectionsStayWithinTheMemoryOfAllAndNewcomersFindRoom) {
  limits_.connection_memory = std::size_t{4} << 20U;
  Start();
  std::vector<RawPeer> greedy;
  for (int i = 0; i < 10; ++i) {
    greedy.emplace_back(port_);
    std::string bytes = std::string(h2::kPreface) + h2::Settings({{4, 0}});
    for (std::uint32_t turn = 0; turn < 50; ++turn) {
      bytes += h2::WholeCall(Stream(turn), "/t.T/Echo", std::string(60000, 'x'));
    }
    SendAll(greedy.back(), std::string_view(bytes).substr(0, 60000));
    for (std::size_t at = 60000; at < bytes.size() && !greedy.back().is_closed();) {
      const std::size_t sent = greedy.back().Send(std::string_view(bytes).substr(at));
      if (sent == 0) break;
      at += sent;
    }
    Measure();
  }

  ExpectOthersAreServed();
  EXPECT_LE(server_->stats().buffered_bytes,
            limits_.connection_memory + 10 * (limits_.unfinished_request_bytes + 200000));
}

}  // namespace
}  // namespace balance
