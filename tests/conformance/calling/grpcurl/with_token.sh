# How grpcurl shows a token, without showing it to the list of processes. docs/calling.md quotes it.
grpcurl -cacert "$CA" -expand-headers -H 'authorization: Bearer ${TOKEN}' -max-time 5 \
  -import-path proto -proto balance/v1/balance_service.proto \
  "$ADDRESS" balance.v1.BalanceService/GetAccountSnapshot
