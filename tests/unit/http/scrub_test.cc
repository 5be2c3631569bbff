#include "clients/http/scrub.h"

#include <gmock/gmock.h>

#include <array>
#include <string>

namespace balance {
namespace {

using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::string Scrubbed(std::string_view text) { return ScrubForLog(text, {}); }

TEST(ScrubTest, OrdinaryTextStays) {
  EXPECT_EQ(Scrubbed("API key not found"), "API key not found");
  EXPECT_EQ(Scrubbed(R"({"error":"KEY_EXPIRED","message":"renew it"})"),
            R"({"error":"KEY_EXPIRED","message":"renew it"})");
}

TEST(ScrubTest, ControlAndForeignCharactersBecomeQuestionMarks) {
  EXPECT_EQ(Scrubbed("a\nb\tc\x1b[31m\xc3\xa9"), "a?b?c?[31m??");
}

TEST(ScrubTest, GivenSecretsAreMaskedEvenShortOnes) {
  const std::array<std::string_view, 2> secrets = {"hunter2", ""};

  EXPECT_EQ(ScrubForLog("key hunter2, hunter2!", secrets), "key ***, ***!");
}

TEST(ScrubTest, WhatLooksLikeACredentialIsMasked) {
  EXPECT_EQ(Scrubbed("bad ps_live_12"), "bad ***");
  EXPECT_EQ(Scrubbed("x ps_test_a!"), "x ***!");
  EXPECT_EQ(Scrubbed("sig AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= end"), "sig *** end");
  EXPECT_EQ(Scrubbed("id 0123456789abcdef01234567"), "id ***");
}

TEST(ScrubTest, LongTextIsCutAfterMasking) {
  const std::string cut = Scrubbed(std::string(150, ' ') + std::string(5000, '.'));

  EXPECT_EQ(cut.size(), kMaxLogText + 3);
  EXPECT_THAT(cut, EndsWith("..."));
}

TEST(ScrubTest, ASecretAcrossTheCutDoesNotLeak) {
  const std::string secret = "s3cr3t-word";
  const std::array<std::string_view, 1> secrets = {secret};

  const std::string cut = ScrubForLog(std::string(kMaxLogText - 4, ' ') + secret, secrets);

  EXPECT_THAT(cut, Not(HasSubstr("s3c")));
}

TEST(ScrubTest, ASecretThatHoldsAnotherIsMaskedWhole) {
  const std::array<std::string_view, 2> secrets = {"hunter", "hunter2 and more"};

  EXPECT_EQ(ScrubForLog("key hunter2 and more.", secrets), "key ***.");
}

TEST(ScrubTest, ASecretFarInsideALongRunDoesNotLeakInPart) {
  const std::string secret = "s3cr3t word";
  const std::array<std::string_view, 1> secrets = {secret};

  for (std::size_t length = 16 * 1024 - 20; length < 16 * 1024 + 20; ++length) {
    const std::string scrubbed = ScrubForLog(std::string(length, 'a') + " " + secret, secrets);
    EXPECT_THAT(scrubbed, Not(HasSubstr("s3c"))) << length;
  }
}

TEST(ScrubTest, OfALongBodyOnlyTheBeginningIsRead) {
  // Masked to nothing much, so that the limit on the output is not what ends it.
  const std::string run(kMaxScrubbedText - 1, 'a');

  EXPECT_EQ(Scrubbed(run + " tail"), "*** ...");
  EXPECT_EQ(Scrubbed(run + " "), "*** ");
}

TEST(ScrubTest, ASecretAcrossTheEndOfWhatIsReadDoesNotLeakInPart) {
  const std::string secret = "s3cr3t.w0rd!";
  const std::array<std::string_view, 3> secrets = {"s3c", secret, "w0rd! w0rd!"};

  for (std::size_t length = kMaxScrubbedText - 30; length < kMaxScrubbedText + 30; ++length) {
    const std::string scrubbed =
        ScrubForLog(std::string(length, 'a') + " x" + secret + " w0rd!", secrets);
    EXPECT_THAT(scrubbed, Not(AnyOf(HasSubstr("s3"), HasSubstr("w0"), HasSubstr("rd")))) << length;
  }
}

TEST(ScrubTest, AnUnknownCredentialAcrossTheEndOfWhatIsReadDoesNotLeakInPart) {
  for (std::size_t length = kMaxScrubbedText - 40; length < kMaxScrubbedText; ++length) {
    const std::string scrubbed =
        Scrubbed(std::string(length, 'a') + " " + "0123456789abcdef0123456789abcdef");
    EXPECT_THAT(scrubbed, Not(HasSubstr("0"))) << length;
  }
}

TEST(ScrubTest, SecretsThatOverlapAreMaskedWhole) {
  const std::array<std::string_view, 2> secrets = {"one two", "two three"};

  EXPECT_EQ(ScrubForLog("key one two three.", secrets), "key ***.");
}

TEST(HoldsSecretTest, ASecretIsFoundWhereverItStandsAndInEitherCase) {
  const std::array<std::string_view, 2> secrets = {"Key-Id-1", ""};

  EXPECT_TRUE(HoldsSecret("Key-Id-1", secrets));
  EXPECT_TRUE(HoldsSecret("for key-id-1.", secrets));
  EXPECT_TRUE(HoldsSecret("KEY-ID-12", secrets));
  EXPECT_FALSE(HoldsSecret("key-id-", secrets));
  EXPECT_FALSE(HoldsSecret("", secrets));
}

TEST(HoldsSecretTest, AKeyOfPolySimulatorIsKnownByItsForm) {
  EXPECT_TRUE(HoldsSecret("sent ps_live_x", {}));
  EXPECT_TRUE(HoldsSecret("ps_test_", {}));
  EXPECT_FALSE(HoldsSecret("ps_lives", {}));
}

TEST(HoldsSecretTest, LengthAloneIsNoSecret) {
  EXPECT_FALSE(HoldsSecret("4bf92f3577b34da6a3ce929d0e0e4736", {}));
}

TEST(HoldsSecretTest, ASecretTooShortToBeOneIsNotSearchedForInWords) {
  const std::array<std::string_view, 1> secrets = {"bal"};

  EXPECT_TRUE(HoldsSecret("BAL", secrets));
  EXPECT_FALSE(HoldsSecret("currentBalance", secrets));
}

TEST(RequestIdTest, OnlyPrintableWordsOfReasonableLengthPass) {
  EXPECT_EQ(CleanRequestId("req-1_2:3/4"), "req-1_2:3/4");
  EXPECT_EQ(CleanRequestId("a b"), "");
  EXPECT_EQ(CleanRequestId("a\nb"), "");
  EXPECT_EQ(CleanRequestId(std::string(kMaxRequestId, 'a')).size(), kMaxRequestId);
  EXPECT_EQ(CleanRequestId(std::string(kMaxRequestId + 1, 'a')), "");
}

}  // namespace
}  // namespace balance
