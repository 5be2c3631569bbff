// What a caller is told of a key that its account shares with one that it may not see.

#include <gmock/gmock.h>
#include <sodium.h>

#include "tests/integration/service/running_service.h"

namespace balance {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Both accounts' PolySimulator sources use one key. The caller may see desk-2 only.
class SharedKeyTest : public testing::Test {
 protected:
  SharedKeyTest() {
    service_.Edit("other-api-key}", "api-key}");
    service_.WriteSecret("tokens", HashOf("two"));
    service_.Edit("cache: ", "callers: [{id: team-two, token_file: " + service_.FilePath("tokens") +
                                 ", accounts: [desk-2]}]\ncache: ");
    service_.Reload();
  }

  static std::string HashOf(const std::string& token) {
    std::string hash(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(reinterpret_cast<unsigned char*>(hash.data()),
                       reinterpret_cast<const unsigned char*>(token.data()), token.size());
    std::string hex(2 * hash.size() + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), reinterpret_cast<const unsigned char*>(hash.data()),
                   hash.size());
    hex.back() = '\n';
    return hex;
  }

  template <typename Method, typename Request, typename Response>
  std::string Answer(Method method, const Request& request, Response response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    context.AddMetadata("authorization", "Bearer two");
    const auto status = (service_.stub().*method)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.DebugString();
  }

  RunningService service_;
};

TEST_F(SharedKeyTest, NoAnswerNamesAnAccountThatTheCallerMayNotSee) {
  using Stub = v1::BalanceService::Stub;
  v1::GetSourceBalanceRequest source;
  source.set_name("accounts/desk-2/sources/polysimulator");
  v1::BatchGetAccountSnapshotsRequest batch;
  batch.add_names("accounts/desk-2");
  const std::string answers[] = {
      Answer(&Stub::ListSources, v1::ListSourcesRequest(), v1::ListSourcesResponse()),
      Answer(&Stub::GetAccountSnapshot, v1::GetAccountSnapshotRequest(), v1::AccountSnapshot()),
      Answer(&Stub::ListAccountSnapshots, v1::ListAccountSnapshotsRequest(),
             v1::ListAccountSnapshotsResponse()),
      Answer(&Stub::BatchGetAccountSnapshots, batch, v1::BatchGetAccountSnapshotsResponse()),
      Answer(&Stub::GetSourceBalance, source, v1::SourceBalance()),
  };

  for (const std::string& answer : answers) {
    EXPECT_THAT(answer, HasSubstr("pool: \"pool-"));
    EXPECT_THAT(answer, Not(HasSubstr("desk-1")));
  }
}

TEST_F(SharedKeyTest, BothAccountsHaveOnePool) {
  const auto config = service_.LoadNow();

  EXPECT_THAT(config.accounts[0].sources[1].info.pool, StartsWith("pool-"));
  EXPECT_EQ(config.accounts[0].sources[1].info.pool, config.accounts[1].sources[0].info.pool);
}

}  // namespace
}  // namespace balance
