# How grpcurl calls a service that knows its callers by their certificates. docs/calling.md quotes it.
grpcurl -cacert "$CA" -cert "$CERTIFICATE" -key "$KEY" -max-time 5 \
  -import-path proto -proto balance/v1/balance_service.proto \
  -d '{"policy": {"max_age": "1s", "require": "ALL"}, "sources": ["polysimulator"]}' \
  "$ADDRESS" balance.v1.BalanceService/GetAccountSnapshot
