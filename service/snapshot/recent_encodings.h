#pragma once

// The bytes of the answers that were encoded last. Callers who waited for one refresh, or who read
// while a venue is down, are mostly told the same: it is encoded once for all of them.

#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "clients/core/mutex.h"
#include "clients/core/shared_bytes.h"
#include "service/feed/source_status.h"
#include "service/snapshot/encode.h"

namespace balance {

// Thread-safe. Holds a few encodings, and the readings in them, until others take their place;
// never a configuration, with its secrets.
class RecentEncodings {
 public:
  // Number of encodings that are kept: the callers of one account differ in outcome and detail.
  static constexpr std::size_t kMost = 16;
  // Most bytes that all of them take together; the newest is kept whatever its size.
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;

  // The results of EncodedSnapshot() and EncodedSource(), which are called only if no equal answer
  // is among those kept. `revision` is that of the account.
  SharedBytes Snapshot(const std::string& account, const std::vector<SourceView>& views,
                       const SnapshotRevision& revision, EncodeView detail);
  SharedBytes Source(const SourceView& view, const SnapshotRevision& revision, EncodeView detail);

 private:
  // The parts of an answer that make a difference to its bytes.
  struct Key {
    // The resource's full name.
    std::string name;
    SnapshotRevision revision;
    EncodeView detail;
    std::vector<SourceView> views;

    bool operator==(const Key&) const = default;
  };
  struct Encoding {
    Key key;
    SharedBytes bytes;
  };

  SharedBytes Find(Key key, const std::function<SharedBytes()>& encode);
  void Keep(Encoding encoding);

  Mutex mutex_;
  // The one that was used last comes first.
  std::list<Encoding> kept_ BALANCE_GUARDED_BY(mutex_);
  std::size_t kept_bytes_ BALANCE_GUARDED_BY(mutex_) = 0;
};

}  // namespace balance
