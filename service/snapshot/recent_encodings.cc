#include "service/snapshot/recent_encodings.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace balance {
namespace {

// The views without members that the encoding does not show, and without their configuration: an
// account that is configured anew has another epoch.
std::vector<SourceView> ShownBy(std::vector<SourceView> views) {
  for (SourceView& view : views) {
    view.info.reset();
    view.meets_bounds = false;
    view.is_refreshed_in_vain = false;
  }
  return views;
}

}  // namespace

SharedBytes RecentEncodings::Snapshot(const std::string& account,
                                      const std::vector<SourceView>& views,
                                      const SnapshotRevision& revision, EncodeView detail) {
  return Find({AccountName(account), revision, detail, ShownBy(views)},
              [&] { return EncodedSnapshot(account, views, revision, detail); });
}

SharedBytes RecentEncodings::Source(const SourceView& view, const SnapshotRevision& revision,
                                    EncodeView detail) {
  return Find({SourceName(*view.info), revision, detail, ShownBy({view})},
              [&] { return EncodedSource(view, detail); });
}

SharedBytes RecentEncodings::Find(Key key, const std::function<SharedBytes()>& encode) {
  {
    const MutexLock lock(mutex_);
    const auto found = std::find_if(kept_.begin(), kept_.end(),
                                    [&](const Encoding& kept) { return kept.key == key; });
    if (found != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, found);
      return found->bytes;
    }
  }
  SharedBytes bytes = encode();
  Keep({std::move(key), bytes});
  return bytes;
}

void RecentEncodings::Keep(Encoding encoding) {
  // Encodings to be freed outside of the lock.
  std::list<Encoding> dropped;
  std::list<Encoding> fresh;
  fresh.push_back(std::move(encoding));
  const MutexLock lock(mutex_);
  kept_bytes_ += fresh.front().bytes.view().size();
  kept_.splice(kept_.begin(), fresh);
  while (kept_.size() > 1 && (kept_.size() > kMost || kept_bytes_ > kMostBytes)) {
    kept_bytes_ -= kept_.back().bytes.view().size();
    dropped.splice(dropped.begin(), kept_, std::prev(kept_.end()));
  }
}

}  // namespace balance
