#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "tests/integration/service/running_service.h"

namespace balance::toy {
namespace {

using testing::HasSubstr;

// Exit code and all that it wrote.
struct Ended {
  int code = -1;
  std::string output;
};

Ended EndOf(const std::string& arguments) {
  FILE* const pipe = popen((TOY_SERVICE " " + arguments + " 2>&1").c_str(), "r");
  if (!pipe) throw std::runtime_error("popen");
  Ended ended;
  std::array<char, 4096> part;
  for (std::size_t size; (size = fread(part.data(), 1, part.size(), pipe)) > 0;) {
    ended.output.append(part.data(), size);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  return ended;
}

class ToyCommandLineTest : public testing::Test {
 protected:
  // Arguments that name a configuration whose toy source has this token.
  std::string ConfigWith(const std::string& token) const {
    return "--config " + files_.Write("c.yaml",
                                      "accounts:\n- id: desk\n  sources:\n  - id: t\n"
                                      "    toy: {account: {value: me}, token: {value: " +
                                          token + "}, passphrase: {value: open-sesame}}\n");
  }

  const TemporaryDirectory files_;
};

TEST_F(ToyCommandLineTest, CheckConfig) {
  const Ended good = EndOf("--check-config " + ConfigWith("toy_1"));
  EXPECT_EQ(good.code, 0) << good.output;
  EXPECT_EQ(good.output, "the configuration is good\n");

  const Ended bad = EndOf("--check-config " + ConfigWith("mistaken"));
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.output, HasSubstr("c.yaml:5: accounts[0].sources[0].toy.token: does not begin "
                                    "with toy_; store the token as Toy Exchange shows it\n"));
}

TEST_F(ToyCommandLineTest, PrintConfig) {
  const Ended printed = EndOf("--print-config " + ConfigWith("toy_1"));

  EXPECT_EQ(printed.code, 0);
  EXPECT_THAT(printed.output, HasSubstr("      passphrase: {value: \"***\"}\n"));
  EXPECT_THAT(printed.output, HasSubstr("requests_per_second: 5\n      burst: 3\n"));
}

TEST_F(ToyCommandLineTest, HelpNamesItsVariables) {
  const std::string help = EndOf("--help").output;

  EXPECT_THAT(help, HasSubstr("account balances of Polymarket US, PolySimulator and Toy Exchange"));
  EXPECT_THAT(help, HasSubstr("TOY_PASSPHRASE"));
  EXPECT_THAT(help, HasSubstr("TOY_BASE_URL"));
}

}  // namespace
}  // namespace balance::toy
