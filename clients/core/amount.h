#pragma once

// An amount of money as an upstream reports it. Plain values.

#include <cstdint>
#include <memory>
#include <optional>

#include "clients/core/decimal.h"
#include "clients/core/literal.h"

namespace balance {

enum class AmountOrigin : std::uint8_t { kReported, kDerived };

// 40 bytes, for an account has dozens.
struct Amount {
  Decimal value;
  AmountOrigin origin = AmountOrigin::kReported;
  // The upstream field or the rule, such as "total_value-balance".
  Literal basis;

  friend bool operator==(const Amount&, const Amount&) = default;
};

// Does what std::optional<Amount> does, but is only a pointer while it is unset: most venues report
// few of the amounts that there are, and every account keeps all of them for its life.
class OptionalAmount {
 public:
  OptionalAmount() = default;
  // As std::optional can be made. NOLINTNEXTLINE(google-explicit-constructor)
  OptionalAmount(std::nullopt_t) {}
  // NOLINTNEXTLINE(google-explicit-constructor): the same.
  OptionalAmount(const Amount& amount) : amount_(std::make_unique<Amount>(amount)) {}
  OptionalAmount(const OptionalAmount& other)
      : amount_(other ? std::make_unique<Amount>(*other) : nullptr) {}
  OptionalAmount(OptionalAmount&&) noexcept = default;
  OptionalAmount& operator=(const OptionalAmount& other) { return *this = OptionalAmount(other); }
  OptionalAmount& operator=(OptionalAmount&&) noexcept = default;
  ~OptionalAmount() = default;

  bool has_value() const { return amount_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  // REQUIRES: it is set.
  const Amount& operator*() const { return *amount_; }
  const Amount* operator->() const { return amount_.get(); }
  Amount& operator*() { return *amount_; }
  Amount* operator->() { return amount_.get(); }
  void reset() { amount_.reset(); }

  friend bool operator==(const OptionalAmount& a, const OptionalAmount& b) {
    return a && b ? *a == *b : !a && !b;
  }

 private:
  std::unique_ptr<Amount> amount_;
};

}  // namespace balance
