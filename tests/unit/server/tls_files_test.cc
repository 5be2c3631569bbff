#include "service/server/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "tests/support/fake_clock.h"
#include "tests/support/test_ca.h"

namespace balance {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;

constexpr const char* kTakenOver = "balance_tls_reloads_total{result=\"OK\"} ";
constexpr const char* kRejected = "balance_tls_reloads_total{result=\"REJECTED\"} ";
constexpr const char* kRefused = "\nbalance_tls_files_refused ";
constexpr const char* kExpiry = "\nbalance_tls_certificate_expiry_timestamp_seconds ";

class TlsFilesTest : public testing::Test {
 protected:
  TlsFilesTest() {
    EXPECT_GE(sodium_init(), 0);
    std::string pattern = (std::filesystem::temp_directory_path() / "tls-files-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    clock_.JumpWall(std::chrono::system_clock::now() - clock_.WallNow());
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(log_);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("", std::move(sink)));
  }
  ~TlsFilesTest() override {
    spdlog::set_default_logger(before_);
    std::filesystem::remove_all(directory_);
  }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ + "/" + name) << text;
    chmod((directory_ + "/" + name).c_str(), 0600);
    return directory_ + "/" + name;
  }

  TlsFiles Files(const TestCertificate& pair) {
    return {{Write("crt", pair.cert_pem), Write("key", pair.key_pem), "", true}, clock_, metrics_};
  }

  void Replace(const TestCertificate& pair) const {
    Write("crt", pair.cert_pem);
    Write("key", pair.key_pem);
  }

  bool Counts(const std::string& series, int count) {
    return metrics_.Render({}, {}).find(series + std::to_string(count) + "\n") != std::string::npos;
  }
  int Logged(const std::string& level) const {
    const std::string text = log_.str();
    const std::string mark = "[" + level + "]";
    int lines = 0;
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) ++lines;
    return lines;
  }

  const TestCa ca_;
  FakeClock clock_;
  Metrics metrics_{{}};
  std::ostringstream log_;
  std::string directory_;

 private:
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(TlsFilesTest, TheFirstLoadIsNoReload) {
  EXPECT_THAT(metrics_.Render({}, {}), testing::Not(HasSubstr(kExpiry)));
  TlsFiles files = Files(ca_.Issue({}));

  ASSERT_TRUE(files.Load());

  EXPECT_TRUE(files.material().Get());
  EXPECT_TRUE(Counts(kTakenOver, 0) && Counts(kRejected, 0));
  EXPECT_THAT(metrics_.Render({}, {}), HasSubstr(kExpiry));
  EXPECT_EQ(log_.str(), "");
}

TEST_F(TlsFilesTest, AFirstLoadThatFailsSaysWhy) {
  TlsFiles files = Files({"", ""});

  const auto loaded = files.Load();

  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("tls.certificate_file: the file "));
}

TEST_F(TlsFilesTest, WhatStaysAsItIsStaysUnsaid) {
  TlsFiles files = Files(ca_.Issue({}));
  ASSERT_TRUE(files.Load());
  const auto before = files.material().Get();

  files.Reload();

  EXPECT_EQ(files.material().Get(), before);
  EXPECT_TRUE(Counts(kTakenOver, 0) && Counts(kRejected, 0));
  EXPECT_EQ(log_.str(), "");
}

TEST_F(TlsFilesTest, ARefusalIsSaidAndCountedOnce) {
  TlsFiles files = Files(ca_.Issue({}));
  ASSERT_TRUE(files.Load());
  const auto before = files.material().Get();
  Write("key", ca_.Issue({}).key_pem);

  files.Reload();
  files.Reload();

  EXPECT_EQ(files.material().Get(), before);
  EXPECT_TRUE(Counts(kRejected, 1));
  EXPECT_EQ(Logged("error"), 1);
  EXPECT_THAT(log_.str(), HasSubstr("stays in force: tls.private_key_file: the key in the file"));
}

TEST_F(TlsFilesTest, TheSameMistakeAfterAGoodReloadIsSaidAgain) {
  const TestCertificate first = ca_.Issue({});
  TlsFiles files = Files(first);
  ASSERT_TRUE(files.Load());
  Write("key", "");
  files.Reload();

  Replace(first);
  files.Reload();
  Write("key", "");
  files.Reload();

  EXPECT_TRUE(Counts(kRejected, 2) && Counts(kTakenOver, 0));
  EXPECT_THAT(log_.str(), HasSubstr("TLS files are again those in force"));
}

TEST_F(TlsFilesTest, AreRefusedForAsLongAsTheyAreBad) {
  const TestCertificate first = ca_.Issue({});
  TlsFiles files = Files(first);
  ASSERT_TRUE(files.Load());
  EXPECT_TRUE(Counts(kRefused, 0));

  Write("key", "");
  files.Reload();
  files.Reload();
  EXPECT_TRUE(Counts(kRefused, 1));
  Replace(first);
  files.Reload();
  EXPECT_TRUE(Counts(kRefused, 0));

  Write("key", "");
  files.Reload();
  Replace(ca_.Issue({}));
  files.Reload();
  EXPECT_TRUE(Counts(kRefused, 0));
}

TEST_F(TlsFilesTest, ACertificateOfTheFutureComesIntoForceWithTime) {
  TlsFiles files = Files(ca_.Issue({}));
  ASSERT_TRUE(files.Load());
  const TestCertificate next = ca_.Issue({.not_before = minutes(5)});
  Replace(next);
  files.Reload();
  ASSERT_TRUE(Counts(kRejected, 1));

  clock_.Advance(minutes(6));
  files.Reload();

  EXPECT_EQ(files.material().Get()->certificates, next.cert_pem);
  EXPECT_TRUE(Counts(kTakenOver, 1));
}

TEST_F(TlsFilesTest, AnEndWithinSevenDaysIsWarnedOfOnceADay) {
  TlsFiles files = Files(ca_.Issue({.not_after = days(8)}));
  ASSERT_TRUE(files.Load());
  ASSERT_EQ(Logged("warning"), 0);

  clock_.Advance(hours(25));
  files.Reload();
  files.Reload();
  EXPECT_EQ(Logged("warning"), 1);
  EXPECT_THAT(log_.str(), HasSubstr("the TLS certificate ends at "));
  clock_.Advance(days(1));
  files.Reload();
  EXPECT_EQ(Logged("warning"), 2);

  Replace(ca_.Issue({.not_after = days(90)}));
  files.Reload();
  EXPECT_EQ(Logged("warning"), 2);
}

TEST_F(TlsFilesTest, AStartWithLittleTimeLeftIsWarnedOfAtOnce) {
  TlsFiles files = Files(ca_.Issue({.not_after = days(6)}));

  ASSERT_TRUE(files.Load());

  EXPECT_EQ(Logged("warning"), 1);
}

TEST_F(TlsFilesTest, WhatEndsInForceStaysInForce) {
  TlsFiles files = Files(ca_.Issue({.not_after = days(1)}));
  ASSERT_TRUE(files.Load());
  const auto before = files.material().Get();

  clock_.Advance(days(2));
  files.Reload();

  EXPECT_EQ(files.material().Get(), before);
  EXPECT_EQ(Logged("error"), 1);
}

TEST_F(TlsFilesTest, WatchesTheFilesThatThereAre) {
  const TlsFiles two({"a", "b", "", true}, clock_, metrics_);
  const TlsFiles three({"a", "b", "c", true}, clock_, metrics_);

  EXPECT_THAT(two.paths(), testing::ElementsAre("a", "b"));
  EXPECT_THAT(three.paths(), testing::ElementsAre("a", "b", "c"));
}

}  // namespace
}  // namespace balance
