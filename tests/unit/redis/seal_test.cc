#include "clients/redis/seal.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/redis/sodium.h"

namespace balance {
namespace {

class SealTest : public SodiumTest {
 protected:
  const Seal seal_{Key('k')};
};

TEST_F(SealTest, WhatWasClosedOpensUnderItsName) {
  for (const std::string& plain : {std::string(), std::string("12.50"), std::string(5000, '\0')}) {
    EXPECT_EQ(seal_.Open("bal:{1}:reading", seal_.Close("bal:{1}:reading", plain)).plain, plain);
  }
}

TEST_F(SealTest, NothingOfTheTextIsSeenAndNoTwoAreAlike) {
  const std::string plain = "balance 12345.67";

  const std::string first = seal_.Close("name", plain);
  const std::string second = seal_.Close("name", plain);

  EXPECT_EQ(first.find("12345"), std::string::npos);
  EXPECT_NE(first, second);
}

TEST_F(SealTest, M37_AValueUnderAnotherNameDoesNotOpen) {
  const std::string sealed = seal_.Close("bal:{1}:reading", "12.50");

  const Opened opened = seal_.Open("bal:{2}:reading", sealed);

  EXPECT_FALSE(opened.plain);
  EXPECT_EQ(opened.fault, SealFault::kNotOpened);
}

TEST_F(SealTest, M37_NoByteCanBeChanged) {
  const std::string sealed = seal_.Close("name", "12.50");

  for (std::size_t i = 0; i < sealed.size(); ++i) {
    for (const char bit : {'\x01', '\x80'}) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      EXPECT_FALSE(seal_.Open("name", changed).plain) << "byte " << i;
    }
  }
}

TEST_F(SealTest, M37_NoPartOpens) {
  const std::string sealed = seal_.Close("name", "12.50");

  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(seal_.Open("name", sealed.substr(0, size)).plain) << size;
    EXPECT_FALSE(seal_.Open("name", sealed.substr(sealed.size() - size)).plain) << size;
  }
  EXPECT_FALSE(seal_.Open("name", sealed + '\0').plain);
}

TEST_F(SealTest, AnotherFormatIsToldApart) {
  std::string sealed = seal_.Close("name", "12.50");
  sealed[0] = 2;

  EXPECT_EQ(seal_.Open("name", sealed).fault, SealFault::kUnknownFormat);
  EXPECT_EQ(seal_.Open("name", "").fault, SealFault::kUnknownFormat);
}

TEST_F(SealTest, M37_AnOlderKeyOpensOnlyWhileItIsThePreviousOne) {
  const std::string sealed = Seal(Key('o')).Close("name", "12.50");

  EXPECT_EQ(seal_.Open("name", sealed).fault, SealFault::kNotOpened);
  EXPECT_EQ(Seal(Key('k'), Key('o')).Open("name", sealed).plain, "12.50");
}

TEST_F(SealTest, ThePreviousKeyOnlyOpens) {
  const std::string sealed = Seal(Key('k'), Key('o')).Close("name", "12.50");

  EXPECT_FALSE(Seal(Key('o')).Open("name", sealed).plain);
  EXPECT_EQ(seal_.Open("name", sealed).plain, "12.50");
}

}  // namespace
}  // namespace balance
