#pragma once

// Keys that wait to be taken, each once.

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace balance {

// Keys count from 0. A few small ones need no memory beside the queue's own; the greatest of the
// others decides what they need. Used under a lock of its owner's.
class KeyQueue {
 public:
  using Keys = boost::container::small_vector<std::uint32_t, 4>;

  // A key that waits already is not added once more.
  void Push(std::uint32_t key) {
    if (key < kSmallKeys) {
      const std::uint64_t bit = std::uint64_t{1} << key;
      if ((small_ & bit) != 0) return;
      small_ |= bit;
    } else {
      if (!large_) large_ = std::make_unique<std::vector<bool>>();
      if (key >= large_->size()) large_->resize(std::size_t{key} + 1);
      if ((*large_)[key]) return;
      (*large_)[key] = true;
    }
    keys_.push_back(key);
  }

  // The keys that wait, the one that was added first comes first. None does afterwards.
  Keys Take() {
    small_ = 0;
    if (large_) {
      for (const std::uint32_t key : keys_) {
        if (key >= kSmallKeys) (*large_)[key] = false;
      }
    }
    return std::exchange(keys_, {});
  }

 private:
  static constexpr std::uint32_t kSmallKeys = 64;

  Keys keys_;
  // A bit for each small key that waits.
  std::uint64_t small_ = 0;
  // Whether each larger key waits, indexed by the key. Null until a larger one is added.
  std::unique_ptr<std::vector<bool>> large_;
};

}  // namespace balance
