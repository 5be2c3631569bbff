#include "tests/sandbox/order_book.h"

#include <charconv>

#include "clients/core/decimal.h"

namespace balance::sandbox {
namespace {

bool Positive(const std::string& amount) {
  const auto value = Decimal::Parse(amount);
  return value && Decimal::Compare(*value, Decimal()) > 0;
}

bool Negative(const std::string& amount) { return amount.starts_with('-'); }

}  // namespace

Result<std::string> OrderBook::Place(const std::string& wallet, const std::string& cost) {
  if (auto good = CheckAmount("cost", cost); !good) return tl::unexpected(good.error());
  if (!Positive(cost)) return Fail(ErrorKind::kInvalidInput, "cost must be positive");
  PolysimLedger ledger = wallets_.Get(wallet);
  ledger.balance = Minus(ledger.balance, cost);
  if (Negative(ledger.balance)) {
    return Fail(ErrorKind::kInvalidInput, "cost is more than the wallet's balance");
  }
  wallets_.Set(wallet, std::move(ledger));
  orders_[next_id_] = {wallet, cost};
  return std::to_string(next_id_++);
}

Result<void> OrderBook::Cancel(const std::string& id) {
  const auto order = Remove(id);
  if (!order) return tl::unexpected(order.error());
  PolysimLedger ledger = wallets_.Get(order->wallet);
  ledger.balance = Plus(ledger.balance, order->cost);
  wallets_.Set(order->wallet, std::move(ledger));
  return {};
}

Result<void> OrderBook::Fill(const std::string& id) {
  const auto order = Remove(id);
  if (!order) return tl::unexpected(order.error());
  PolysimLedger ledger = wallets_.Get(order->wallet);
  ledger.position_value = Plus(ledger.position_value, order->cost);
  wallets_.Set(order->wallet, std::move(ledger));
  if (observer_) observer_({std::stoull(id), order->wallet, order->cost});
  return {};
}

void OrderBook::Drop(const std::string& wallet) {
  std::erase_if(orders_, [&wallet](const auto& entry) { return entry.second.wallet == wallet; });
}

std::vector<std::string> OrderBook::Resting(const std::string& wallet) const {
  std::vector<std::string> ids;
  for (const auto& [id, order] : orders_) {
    if (order.wallet == wallet) ids.push_back(std::to_string(id));
  }
  return ids;
}

Result<OrderBook::Order> OrderBook::Remove(const std::string& id) {
  std::uint64_t number = 0;
  const char* end = id.data() + id.size();
  const auto [stop, error] = std::from_chars(id.data(), end, number);
  const auto found = error == std::errc{} && stop == end ? orders_.find(number) : orders_.end();
  if (found == orders_.end()) return Fail(ErrorKind::kInvalidInput, "no resting order has this id");
  Order order = std::move(found->second);
  orders_.erase(found);
  return order;
}

}  // namespace balance::sandbox
