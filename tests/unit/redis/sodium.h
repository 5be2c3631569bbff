#pragma once

#include <gtest/gtest.h>
#include <sodium.h>

#include <memory>
#include <string>

#include "clients/core/secret.h"

namespace balance {

// What uses libsodium.
class SodiumTest : public testing::Test {
 protected:
  SodiumTest() { EXPECT_GE(sodium_init(), 0); }

  static std::shared_ptr<const Secret> Key(char filler) {
    return std::make_shared<const Secret>(std::string(32, filler));
  }
};

}  // namespace balance
