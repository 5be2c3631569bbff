#include "service/snapshot/recent_encodings.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "clients/polymarket_us/venue.h"
#include "clients/polysimulator/venue.h"
#include "tests/support/views.h"

namespace balance {
namespace {

using std::chrono::seconds;

class RecentEncodingsTest : public testing::Test {
 protected:
  static std::vector<SourceView> Views() {
    return {WithRow(MakeView("real", polymarket_us::kKind), "USD", "1.00")};
  }

  // Address of the bytes of the snapshot.
  const void* Place(const std::vector<SourceView>& views, std::int64_t revision = 1,
                    EncodeView detail = EncodeView::kFull, const std::string& epoch = "epoch") {
    kept_alive_.push_back(encodings_.Snapshot("desk-1", views, {epoch, revision}, detail));
    return kept_alive_.back().view().data();
  }

  RecentEncodings encodings_;
  // Keeps all bytes, so that no address is used twice.
  std::vector<SharedBytes> kept_alive_;
};

TEST_F(RecentEncodingsTest, WhatIsTheSameIsEncodedOnce) {
  const auto views = Views();
  const void* first = Place(views);

  EXPECT_EQ(Place(views), first);
  EXPECT_EQ(kept_alive_.front().view(),
            EncodedSnapshot("desk-1", views, {"epoch", 1}, EncodeView::kFull).view());
}

TEST_F(RecentEncodingsTest, WhateverIsShownMakesADifference) {
  const auto views = Views();
  const void* first = Place(views);
  auto joined = views;
  joined.front().outcome = Outcome::kJoined;
  auto stale = views;
  stale.front().state = SourceState::kStale;
  auto later = views;
  later.front().retry_after = seconds(1);
  auto of_other_login = views;
  of_other_login.front().is_outdated = true;
  auto failed = views;
  failed.front().failure = std::make_shared<const SourceFailure>();

  for (const auto& other : {joined, stale, later, of_other_login, failed, Views()}) {
    EXPECT_NE(Place(other), first);
  }
  EXPECT_NE(Place(views, 2), first);
  EXPECT_NE(Place(views, 1, EncodeView::kBasic), first);
  EXPECT_NE(Place(views, 1, EncodeView::kFull, "another"), first);
}

TEST_F(RecentEncodingsTest, ASourceIsNotItsAccount) {
  const auto views = Views();
  Place(views);

  EXPECT_EQ(encodings_.Source(views.front(), {"epoch", 1}, EncodeView::kFull).view(),
            EncodedSource(views.front(), EncodeView::kFull).view());
}

TEST_F(RecentEncodingsTest, OnlyTheLastFewAreKept) {
  const auto views = Views();
  const void* first = Place(views);
  for (std::size_t i = 1; i < RecentEncodings::kMost; ++i) Place(Views());
  EXPECT_EQ(Place(views), first);

  for (std::size_t i = 0; i < RecentEncodings::kMost; ++i) Place(Views());

  EXPECT_NE(Place(views), first);
}

TEST_F(RecentEncodingsTest, OfLargeOnesFewerAreKept) {
  const auto large = [] {
    return std::vector<SourceView>{WithRow(MakeView("real", polymarket_us::kKind),
                                           std::string(RecentEncodings::kMostBytes / 2, 'X'),
                                           "1.00")};
  };
  const auto views = large();
  const void* first = Place(views);
  Place(large());

  EXPECT_NE(Place(views), first);
}

// It holds the secrets of its account.
TEST_F(RecentEncodingsTest, NoConfigurationIsKept) {
  auto views = Views();
  Place(views);
  const std::weak_ptr<const SourceInfo> info = views.front().info;
  views.clear();

  EXPECT_TRUE(info.expired());
}

}  // namespace
}  // namespace balance
