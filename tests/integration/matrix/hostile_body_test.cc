// M29, M30: bodies that are meant to exhaust or to confuse their reader.

#include <zlib.h>

#include <cstddef>
#include <ostream>
#include <string>

#include "tests/integration/matrix/matrix_fixture.h"
#include "tests/integration/matrix/raw_upstream.h"

namespace balance {
namespace {

using sandbox::Side;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;
constexpr std::size_t kFlood = 100 * kMiB;
constexpr std::size_t kBlock = 64 * 1024;
// The cap is 4 MiB of body; the rest is buffers on both sides.
constexpr std::size_t kTakenAtMost = 16 * kMiB;
constexpr std::size_t kMostGrowthByBody = 24 * kMiB;

constexpr const char* kBegin = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

class FloodTest : public MatrixTest {
 protected:
  void StartBefore(const RawUpstream& upstream) {
    MatrixSetup setup;
    setup.polysim_url = LoopbackUrl("http", upstream.port());
    setup.attempt_timeout = setup.refresh_budget = "3s";
    Start(setup);
    ASSERT_TRUE(ReadAnew(kPolymarketId).ok());
  }

  void ExpectRefusedWithoutGrowing(const RawUpstream& upstream) {
    const std::size_t before = service().PeakResidentBytes();
    ASSERT_GT(before, 0U);

    const auto status = ReadAnew(kPolysimId);

    EXPECT_EQ(ReasonOf(status), "SOURCE_REPLY_INVALID") << status.error_message();
    EXPECT_LT(service().PeakResidentBytes(), before + kMostGrowthByBody);
    EXPECT_GE(upstream.requests(), 1);
    EXPECT_LT(upstream.bytes_sent() / static_cast<std::size_t>(upstream.requests()), kTakenAtMost);
    EXPECT_TRUE(ReadAnew(kPolymarketId).ok());
  }
};

// As much as the peer takes of 100 MiB of blanks, each block framed.
void SendFlood(const RawUpstream::Send& send, const std::string& before, const std::string& after) {
  const std::string block = before + std::string(kBlock, ' ') + after;
  for (std::size_t sent = 0; sent < kFlood; sent += kBlock) {
    if (!send(block)) return;
  }
}

TEST_F(FloodTest, M29_AHundredMebibytesInChunksAreCutOffAtTheCap) {
  const RawUpstream upstream([](const RawUpstream::Send& send) {
    send(std::string(kBegin) + "Transfer-Encoding: chunked\r\n\r\n");
    send("f\r\n{\"balance\":\"1\",\r\n");
    SendFlood(send, "10000\r\n", "\r\n");
    send("5\r\n\"a\":1\r\n1\r\n}\r\n0\r\n\r\n");
  });
  StartBefore(upstream);
  ExpectRefusedWithoutGrowing(upstream);
}

TEST_F(FloodTest, M29_AHundredMebibytesAnnouncedAreCutOffAtTheCap) {
  const RawUpstream upstream([](const RawUpstream::Send& send) {
    send(std::string(kBegin) + "Content-Length: " + std::to_string(kFlood) + "\r\n\r\n");
    SendFlood(send, "", "");
  });
  StartBefore(upstream);
  ExpectRefusedWithoutGrowing(upstream);
}

TEST_F(FloodTest, M29_HeadersWithoutEndAreCutOff) {
  const RawUpstream upstream([](const RawUpstream::Send& send) {
    send(kBegin);
    SendFlood(send, "X-Filler: ", "\r\n");
  });
  StartBefore(upstream);
  ExpectRefusedWithoutGrowing(upstream);
}

// A whole balance behind 100 MiB of blanks, packed.
std::string Bomb() {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string packed(kMiB, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const auto add = [&stream](std::string text, int flush) {
    stream.next_in = reinterpret_cast<Bytef*>(text.data());
    stream.avail_in = static_cast<uInt>(text.size());
    return deflate(&stream, flush);
  };
  for (std::size_t added = 0; added < kFlood; added += kMiB) {
    add(std::string(kMiB, ' '), Z_NO_FLUSH);
  }
  add(R"({"balance":"1"})", Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST_F(FloodTest, M29_AGzipBombIsNotAskedForAndNotUnpacked) {
  const std::string bomb = Bomb();
  ASSERT_LT(bomb.size(), kMiB);
  ASSERT_GT(bomb.size(), 1000U);
  const RawUpstream upstream([&bomb](const RawUpstream::Send& send) {
    send(std::string(kBegin) + "Content-Encoding: gzip\r\nContent-Length: " +
         std::to_string(bomb.size()) + "\r\n\r\n" + bomb);
  });
  StartBefore(upstream);
  ExpectRefusedWithoutGrowing(upstream);

  EXPECT_THAT(upstream.request_head(), testing::Not(testing::HasSubstr("ccept-Encoding")));
}

struct JsonCase {
  const char* name;
  // The text in place of the cash of either venue.
  const char* cash;
  // Null: the reply is malformed.
  const char* figure;
};

std::ostream& operator<<(std::ostream& out, const JsonCase& tested) { return out << tested.name; }

class HostileJsonTest : public MatrixTest, public testing::WithParamInterface<JsonCase> {
 protected:
  static std::string PolymarketBody(const std::string& cash) {
    return R"({"balances":[{"currency":"USD","currentBalance":)" + cash + "}]}";
  }
  static std::string PolysimBody(const std::string& cash) {
    return R"({"currency":"USD","balance":)" + cash + "}";
  }

  void Answer(Side side, const std::string& body, int status = 200) {
    sandbox::Fault fault;
    fault.status = status;
    fault.headers = {{"Content-Type", "application/json"}};
    fault.body = body;
    Always(side, fault);
  }

  void Expect(Side side, const char* figure) {
    v1::SourceBalance source;
    const auto status = ReadAnew(IdOf(side), source);
    if (figure) {
      EXPECT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(CashOf(source), figure);
    } else {
      EXPECT_EQ(ReasonOf(status), "SOURCE_REPLY_INVALID") << CashOf(source);
    }
  }
};

TEST_P(HostileJsonTest, M30_IsMalformedOrExact) {
  Start();
  Answer(Side::kPolymarket, PolymarketBody(GetParam().cash));
  Answer(Side::kPolysimulator, PolysimBody(GetParam().cash));

  Expect(Side::kPolymarket, GetParam().figure);
  Expect(Side::kPolysimulator, GetParam().figure);
}

constexpr const char* kMalformed = nullptr;

INSTANTIATE_TEST_SUITE_P(
    Json, HostileJsonTest,
    testing::Values(JsonCase{"HugeExponent", "1E400", kMalformed},
                    JsonCase{"HugeExponentAsText", R"("1E400")", kMalformed},
                    JsonCase{"TinyExponent", "1E-400", kMalformed},
                    JsonCase{"ExponentBeyondIntegers", "1E99999999999999999999", kMalformed},
                    JsonCase{"NotANumber", "NaN", kMalformed},
                    JsonCase{"NotANumberAsText", R"("NaN")", kMalformed},
                    JsonCase{"Infinite", "-Infinity", kMalformed},
                    JsonCase{"InfiniteAsText", R"("-Infinity")", kMalformed},
                    JsonCase{"Hexadecimal", "0x10", kMalformed},
                    JsonCase{"FortyDigits", "1234567890123456789012345678901234567890",
                             "1234567890123456789012345678901234567890"},
                    JsonCase{"FortyDigitsAsText", R"("-1234567890123456789012345678901234567890")",
                             "-1234567890123456789012345678901234567890"},
                    JsonCase{"FortyDigitsBehindThePoint",
                             "0.1234567890123456789012345678901234567891",
                             "0.1234567890123456789012345678901234567891"},
                    JsonCase{"BeyondDoubles", "9007199254740993.10", "9007199254740993.10"},
                    JsonCase{"DuplicateKeys", R"(1,"currentBalance":2,"balance":2)", kMalformed},
                    JsonCase{"BadUtf8", "1,\"currency2\":\"\xC3\x28\"", kMalformed},
                    JsonCase{"OverlongUtf8", "1,\"currency2\":\"\xC0\xAF\"", kMalformed},
                    JsonCase{"LoneSurrogate", R"(1,"currency2":"\ud800")", kMalformed},
                    JsonCase{"BadUtf8InAName", "1,\"\xFF\":1", kMalformed}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(HostileJsonTest, M30_AMillionLevelsAreMalformed) {
  constexpr std::size_t kDepth = 1'000'000;
  const std::string brackets(kDepth, '[');
  const std::string closed = brackets + std::string(kDepth, ']');
  std::string objects;
  for (std::size_t i = 0; i < kDepth / 2; ++i) objects += R"({"a":)";
  for (const std::string& deep : {brackets, closed, objects}) {
    Start();
    // In place of the whole reply, and in a field that is not read.
    Answer(Side::kPolymarket, deep);
    Answer(Side::kPolysimulator, PolysimBody("1,\"new\":" + deep));

    Expect(Side::kPolymarket, kMalformed);
    Expect(Side::kPolysimulator, kMalformed);
    TearDown();
  }
}

TEST_F(HostileJsonTest, M30_DeepErrorBodiesAreTheirStatus) {
  Start();
  Answer(Side::kPolymarket, std::string(60'000, '['), 401);
  Answer(Side::kPolysimulator, std::string(1'000'000, '['), 403);

  EXPECT_EQ(ReasonOf(ReadAnew(kPolymarketId)), "SOURCE_CREDENTIALS_REJECTED");
  EXPECT_EQ(ReasonOf(ReadAnew(kPolysimId)), "SOURCE_FORBIDDEN");
}

}  // namespace
}  // namespace balance
