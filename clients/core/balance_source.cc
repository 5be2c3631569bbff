#include "clients/core/balance_source.h"

namespace balance {

boost::asio::awaitable<ConnectionPermit> BalanceSource::AwaitConnection(FetchContext /*context*/) {
  co_return ConnectionPermit(ConnectionPermit(), this);
}

}  // namespace balance
