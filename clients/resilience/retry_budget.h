#pragma once

// Keeps retries a small share of all attempts of a login, so that they cannot feed an outage. One
// for each login: the retries of one that keeps failing are not taken from the others.

namespace balance {

// The throttle of gRPC's client retries (proposal A6): a failed attempt costs a token, a good one
// earns a part of one, and nothing is retried while half of the tokens are gone. Used on one
// thread.
class RetryBudget {
 public:
  void OnSuccess();
  void OnFailure();
  bool MayRetry() const { return tokens_ > kMaxTokens / 2; }

 private:
  static constexpr double kMaxTokens = 10;
  static constexpr double kTokensPerSuccess = 0.1;

  double tokens_ = kMaxTokens;
};

}  // namespace balance
