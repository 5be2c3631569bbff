#include "clients/redis/reading_codec.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "balance/store/v1/stored_value.pb.h"

namespace balance {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

Amount Reported(const std::string& value, Literal basis = "upstream") {
  return {*Decimal::Parse(value), AmountOrigin::kReported, basis};
}

StoredReading Sample() {
  StoredReading stored;
  stored.observed = RedisTime(microseconds(1'790'000'000'123'456));
  stored.received = stored.observed + microseconds(80'001);
  Reading& reading = stored.reading;
  CurrencyBalance& usd = reading.balances.emplace_back();
  usd.currency_code = "USD";
  usd.cash = Reported("-1234567890123456789012345678901234567890.00000000001000");
  usd.equity = Amount{*Decimal::Parse("0.00"), AmountOrigin::kDerived, "total_value-balance"};
  usd.change_time = WallTime(nanoseconds(1'700'000'000'000'000'001));
  usd.other_fields = {{"b", "2"}, {"a", "1"}, {"b", ""}};
  usd.are_withdrawals_reported = true;
  PendingWithdrawal& withdrawal = usd.pending_withdrawals.emplace_back();
  withdrawal.id = "w-1";
  withdrawal.account_name = "account";
  withdrawal.amount = Reported("3.10");
  withdrawal.description = "to the bank";
  withdrawal.acknowledged = false;
  withdrawal.bank_id = "bank";
  withdrawal.create_time = WallTime(nanoseconds(1));
  withdrawal.destination_account_name = "destination";
  withdrawal.status = "PENDING";
  usd.pending_withdrawals.emplace_back();
  CurrencyBalance& odd = reading.balances.emplace_back();
  odd.currency_code = "?";
  odd.is_currency_unrecognized = true;
  for (int kind = 0; kind < kWarningKindCount; ++kind) {
    reading.warnings.push_back({WarningKind(kind), "detail " + std::to_string(kind)});
  }
  reading.cache_age = std::chrono::seconds(7);
  reading.request_id = "request-1";
  return stored;
}

const StoredReading& ReadingIn(const DecodedValue& decoded) {
  return std::get<StoredReading>(decoded.value.value());
}

std::string Changed(const std::string& plain, void (*change)(store::v1::StoredValue&)) {
  store::v1::StoredValue message;
  EXPECT_TRUE(message.ParseFromString(plain));
  change(message);
  return message.SerializeAsString();
}

StoredFault FaultAfter(void (*change)(store::v1::StoredValue&)) {
  const DecodedValue decoded = DecodeStored(Changed(EncodeStored(Sample()), change));
  EXPECT_EQ(decoded.value.has_value(), decoded.fault == StoredFault::kNone);
  return decoded.fault;
}

TEST(ReadingCodecTest, AReadingComesBackExactly) {
  const StoredReading sample = Sample();

  const DecodedValue decoded = DecodeStored(EncodeStored(sample));

  ASSERT_TRUE(decoded.value);
  const StoredReading& back = ReadingIn(decoded);
  EXPECT_EQ(back.observed, sample.observed);
  EXPECT_EQ(back.received, sample.received);
  EXPECT_EQ(back.reading.balances, sample.reading.balances);
  EXPECT_EQ(back.reading.warnings, sample.reading.warnings);
  EXPECT_EQ(back.reading.cache_age, sample.reading.cache_age);
  EXPECT_EQ(back.reading.request_id, sample.reading.request_id);
  EXPECT_EQ(back.reading.origin, ReadingOrigin::kSharedCache);
  EXPECT_EQ(back.reading.observe_time, ToWallTime(sample.observed));
  EXPECT_EQ(back.reading.receive_time, ToWallTime(sample.received));
}

TEST(ReadingCodecTest, WhoHasStoredItComesBack) {
  const StoredBy by{"replica/7", true, "0123456789abcdef"};

  EXPECT_EQ(DecodeStored(EncodeStored(Sample(), by)).by, by);
  EXPECT_EQ(DecodeStored(EncodeStored(Sample())).by, StoredBy());
}

TEST(ReadingCodecTest, ASourceThatHoldsNothingComesBack) {
  const DecodedValue decoded = DecodeStored(EncodeStored(StoredReading{}));

  ASSERT_TRUE(decoded.value);
  EXPECT_TRUE(ReadingIn(decoded).reading.balances.empty());
}

// A field of either that the other one lacks is money that is lost between two replicas.
TEST(ReadingCodecTest, TheMessageHasAllAmountsInTheirOrder) {
  std::vector<std::string> listed;
  for (const MoneyField& field : kMoneyFields) listed.emplace_back(field.name);
  std::vector<std::string> described;
  const auto& descriptor = *store::v1::CurrencyBalance::descriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    if (descriptor.field(i)->message_type() == store::v1::Amount::descriptor()) {
      described.push_back(descriptor.field(i)->name());
    }
  }

  EXPECT_EQ(listed, described);
}

TEST(ReadingCodecTest, EachAmountComesBackInItsPlace) {
  for (const MoneyField& field : kMoneyFields) {
    StoredReading stored;
    stored.reading.balances.emplace_back().*(field.place) = Reported("7.50");

    const DecodedValue decoded = DecodeStored(EncodeStored(stored));

    ASSERT_TRUE(decoded.value) << field.name;
    EXPECT_EQ(ReadingIn(decoded).reading.balances, stored.reading.balances) << field.name;
    store::v1::StoredValue message;
    ASSERT_TRUE(message.ParseFromString(EncodeStored(stored)));
    const auto& row = message.reading().balances(0);
    std::vector<const google::protobuf::FieldDescriptor*> set;
    row.GetReflection()->ListFields(row, &set);
    ASSERT_EQ(set.size(), 1U) << field.name;
    EXPECT_EQ(set.front()->name(), field.name);
  }
}

TEST(ReadingCodecTest, AFailureComesBackWithoutWhatIsThisProcessesOwn) {
  for (int kind = 0; kind < kErrorKindCount; ++kind) {
    StoredFailure stored{RedisTime(microseconds(5)), {}, RedisTime(microseconds(9))};
    stored.error.kind = ErrorKind(kind);
    stored.error.message = "The venue said no.";
    stored.error.log_detail = "upstream text";
    stored.error.request_id = "request-2";
    stored.error.is_transient = kind % 2 == 0;
    stored.error.is_connect_failure = kind % 3 == 0;
    stored.error.is_out_of_cache = kind % 5 == 0;

    const DecodedValue decoded = DecodeStored(EncodeStored(stored));

    ASSERT_TRUE(decoded.value);
    const auto& back = std::get<StoredFailure>(*decoded.value);
    EXPECT_EQ(back.observed, stored.observed);
    EXPECT_EQ(back.retry_at, stored.retry_at);
    EXPECT_EQ(back.error.kind, stored.error.kind);
    EXPECT_EQ(back.error.message, stored.error.message);
    EXPECT_EQ(back.error.request_id, stored.error.request_id);
    EXPECT_EQ(back.error.is_transient, stored.error.is_transient);
    EXPECT_EQ(back.error.is_connect_failure, stored.error.is_connect_failure);
    EXPECT_EQ(back.error.is_out_of_cache, stored.error.is_out_of_cache);
    EXPECT_EQ(back.error.log_detail, "");
  }
}

TEST(ReadingCodecTest, M37_AnotherSchemaIsToldApart) {
  EXPECT_EQ(FaultAfter([](store::v1::StoredValue& value) { value.set_schema_version(2); }),
            StoredFault::kOtherSchema);
  EXPECT_EQ(DecodeStored("").fault, StoredFault::kOtherSchema);
}

TEST(ReadingCodecTest, M37_WhatNoWriterWritesIsMalformed) {
  using Value = store::v1::StoredValue;
  const std::vector<void (*)(Value&)> changes = {
      [](Value& value) { value.clear_content(); },
      [](Value& value) { value.set_observed_us(-1); },
      [](Value& value) { value.set_observed_us(INT64_MAX); },
      [](Value& value) { value.mutable_reading()->set_received_us(-1); },
      [](Value& value) { value.mutable_reading()->set_cache_age_ns(-1); },
      [](Value& value) { value.mutable_reading()->mutable_warnings(0)->set_reason("NEW"); },
      [](Value& value) {
        value.mutable_reading()->mutable_balances(0)->mutable_cash()->set_value("1e3");
      },
      [](Value& value) {
        value.mutable_reading()->mutable_balances(0)->mutable_cash()->set_value("");
      },
      [](Value& value) {
        value.mutable_reading()->mutable_balances(0)->mutable_cash()->set_value("-0");
      },
      [](Value& value) {
        value.mutable_reading()->mutable_balances(0)->mutable_cash()->set_basis(
            std::string("a\0b", 3));
      },
      [](Value& value) { value.mutable_failure()->set_reason("NEW"); },
  };

  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(FaultAfter(changes[i]), StoredFault::kMalformed) << i;
  }
  EXPECT_EQ(DecodeStored("\xff\xff").fault, StoredFault::kMalformed);
}

}  // namespace
}  // namespace balance
