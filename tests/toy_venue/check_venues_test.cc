#include "service/server/check_venues.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sysexits.h>

#include <type_traits>
#include <utility>

#include "clients/polymarket_us/venue.h"
#include "clients/polysimulator/venue.h"
#include "service/server/run_service.h"
#include "service/server/venues.h"
#include "tests/toy_venue/venue.h"
#include "tests/toy_venue/venues.h"

namespace balance::toy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A venue with other facts than the toy.
class FakeVenue final : public Venue {
 public:
  explicit FakeVenue(VenueFacts facts) : Venue(std::move(facts)) {}
  LoginParts ReadLogin(std::span<const std::string_view>) const override { return {}; }
  std::unique_ptr<BalanceSource> MakeClient(std::shared_ptr<const Login>, ClientSettings,
                                            HttpTransport&, Clock&,
                                            std::shared_ptr<UpstreamClock>) const override {
    return nullptr;
  }
};

// The required methods, one left out at a time: such a venue cannot be made, so a list with it does
// not compile.
class WithoutLogin : public Venue {
  std::unique_ptr<BalanceSource> MakeClient(std::shared_ptr<const Login>, ClientSettings,
                                            HttpTransport&, Clock&,
                                            std::shared_ptr<UpstreamClock>) const override;
};
class WithoutClient : public Venue {
  LoginParts ReadLogin(std::span<const std::string_view>) const override;
};
class WithoutFacts : public Venue {
  LoginParts ReadLogin(std::span<const std::string_view>) const override;
  std::unique_ptr<BalanceSource> MakeClient(std::shared_ptr<const Login>, ClientSettings,
                                            HttpTransport&, Clock&,
                                            std::shared_ptr<UpstreamClock>) const override;
};
static_assert(std::is_abstract_v<WithoutLogin>);
static_assert(std::is_abstract_v<WithoutClient>);
static_assert(!std::is_abstract_v<WithoutFacts> && !std::is_default_constructible_v<WithoutFacts>);

// The faults of all venues and a toy whose facts `change` has changed.
template <typename Change>
std::vector<std::string> FaultsWith(Change change) {
  VenueFacts facts = TheVenue().facts();
  change(facts);
  const FakeVenue venue(std::move(facts));
  Venues venues = AllVenues();
  venues.push_back(&venue);
  return FaultsOf(venues);
}

TEST(CheckVenuesTest, TheListOfTheServiceIsGood) {
  EXPECT_THAT(FaultsOf(AllVenues()), IsEmpty());
  EXPECT_THAT(FaultsOf(VenuesWithToy()), IsEmpty());
}

TEST(CheckVenuesTest, TwoVenuesOfOneKindAreRefused) {
  EXPECT_THAT(FaultsWith([](VenueFacts& facts) { facts.kind = polysimulator::kKind; }),
              Contains("Toy Exchange has the kind 2, which is that of PolySimulator; give it its "
                       "own"));
}

TEST(CheckVenuesTest, AKindWithoutAVenueIsRefused) {
  EXPECT_THAT(FaultsOf({&polysimulator::TheVenue()}),
              ElementsAre("no venue is of the kind POLYMARKET_US of balance.v1; list its folder in "
                          "service/server/venues.cmake"));
}

TEST(CheckVenuesTest, AVenueWithoutAKindIsRefused) {
  const auto with_kind = [](int number) {
    return FaultsWith([number](VenueFacts& facts) { facts.kind = SourceKind{number}; });
  };
  for (const int number : {0, 3, 999}) {
    EXPECT_THAT(with_kind(number),
                ElementsAre("Toy Exchange has the kind " + std::to_string(number) +
                            ", which is not TOY in balance.v1; give that enum value this number"));
  }
}

TEST(CheckVenuesTest, WhatTwoVenuesHaveInCommonIsRefused) {
  EXPECT_THAT(FaultsWith([](VenueFacts& facts) { facts.key = "polysimulator"; }),
              ElementsAre("Toy Exchange has the key polysimulator, which is that of PolySimulator; "
                          "give it its own"));
  EXPECT_THAT(FaultsWith([](VenueFacts& facts) { facts.base_url_variable = "POLYSIM_API_KEY"; }),
              ElementsAre("Toy Exchange has the variable POLYSIM_API_KEY, which is that of "
                          "PolySimulator; give it its own"));
}

TEST(CheckVenuesTest, FactsThatAreMissingOrMakeNoSenseAreRefused) {
  const auto expect = [](auto change, const char* fault) {
    EXPECT_THAT(FaultsWith(change), Contains(HasSubstr(fault)));
  };
  expect([](VenueFacts& facts) { facts.key = "cache"; }, "a setting of every source");
  expect([](VenueFacts& facts) { facts.key = "Toy-Venue"; }, "a key that is no lower-case words");
  expect([](VenueFacts& facts) { facts.name = {}; }, "a venue has no name");
  expect([](VenueFacts& facts) { facts.base_url = "toy"; }, "a base URL that cannot be read");
  expect([](VenueFacts& facts) { facts.route = "api"; }, "does not begin with a slash");
  expect([](VenueFacts& facts) { facts.measures = {}; }, "reports no measure");
  expect(
      [](VenueFacts& facts) {
        facts.measures = {Measure::kCash, Measure::kCash};
      },
      "lists a measure twice");
  expect([](VenueFacts& facts) { facts.login.resize(1); }, "has no secret in its login");
  expect([](VenueFacts& facts) { facts.login[1].key = "account"; }, "has the key account in its");
  expect([](VenueFacts& facts) { facts.login[1].key = "base_url"; }, "has the key base_url in its");
  expect([](VenueFacts& facts) { facts.login[1].variable = {}; }, "has no environment variable");
  expect([](VenueFacts& facts) { facts.money.is_fixed = false; }, "exactly if its money is not");
  expect([](VenueFacts& facts) { facts.rate = {}; }, "has no rate");
}

TEST(CheckVenuesTest, TheStartSaysIt) {
  testing::internal::CaptureStderr();
  const int code = RunService({"--version"}, {&polymarket_us::TheVenue()});

  EXPECT_EQ(code, EX_SOFTWARE);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "balance-service: no venue is of the kind POLYSIMULATOR of balance.v1; list its folder "
            "in service/server/venues.cmake\n");
}

}  // namespace
}  // namespace balance::toy
