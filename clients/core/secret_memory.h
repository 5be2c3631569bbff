#pragma once

// Where the bytes of secrets live. libsodium's guarded allocations take several pages and kernel
// mappings each, of which a process may have 65,530: too much for ten thousand accounts. Here small
// secrets share a few such allocations.

#include <cstddef>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "clients/core/mutex.h"

namespace balance {

// Regions of equal slots. A region lies between guard pages, is locked in memory where the system
// allows it and left out of core dumps, and can be written only while a secret in it comes or goes:
// that still stops whoever writes past the end of anything. It is given back with its last secret.
//
// Each change of what a region allows is a system call that halts all threads for a moment, on
// every core. Who keeps or forgets thousands of secrets does so within a Batch: a region that it
// had to open stays open until its end.
// Thread-safe. REQUIRES: sodium_init() has succeeded.
class SecretMemory {
 public:
  // While one lives, regions in which a secret comes or goes are sealed later: at the end of the
  // last one, if there are several. Secrets are wiped no later for it. For a load of the
  // configuration or a change of accounts, never for the length of a request.
  class Batch {
   public:
    // `memory` must outlive the batch.
    explicit Batch(SecretMemory& memory) : memory_(memory) { memory_.BeginBatch(); }
    ~Batch() { memory_.EndBatch(); }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

   private:
    SecretMemory& memory_;
  };

  // Larger secrets have an allocation of their own, which is sealed at once.
  static constexpr std::size_t kLargestShared = 256;
  static constexpr std::size_t kRegionBytes = std::size_t{16} * 1024;

  SecretMemory() = default;
  SecretMemory(const SecretMemory&) = delete;
  SecretMemory& operator=(const SecretMemory&) = delete;
  // REQUIRES: all has been given back.
  ~SecretMemory() = default;

  // A copy of `bytes`, readable and, outside of a batch, not writable. Throws std::bad_alloc if
  // there is no memory.
  const unsigned char* Keep(std::string_view bytes);

  // Wipes what Keep() returned for so many bytes.
  void Forget(const unsigned char* kept, std::size_t size);

  std::size_t regions() const;

 private:
  struct Region {
    // Number of slots that were never used, the last ones of the region.
    std::size_t fresh() const { return kRegionBytes / slot_size - begun; }
    bool is_full() const { return free.empty() && fresh() == 0; }

    std::size_t slot_size;
    // Slots that were given back, all zeros.
    std::vector<unsigned char*> free = {};
    // Number of slots that were ever used.
    std::size_t begun = 0;
    std::size_t used = 0;
  };

  void BeginBatch();
  void EndBatch();
  // Of a region with a free slot.
  unsigned char* RegionFor(std::size_t slot_size) BALANCE_REQUIRES(mutex_);
  // Lets a region be written until SealAfterChange().
  void Open(unsigned char* memory) BALANCE_REQUIRES(mutex_);
  void SealAfterChange() BALANCE_REQUIRES(mutex_);

  mutable Mutex mutex_;
  int batches_ BALANCE_GUARDED_BY(mutex_) = 0;
  // Regions that can be written.
  std::set<unsigned char*> open_ BALANCE_GUARDED_BY(mutex_);
  // By address.
  std::map<unsigned char*, Region> regions_ BALANCE_GUARDED_BY(mutex_);
  // By slot size; those that have a free slot.
  std::map<std::size_t, std::set<unsigned char*>> with_room_ BALANCE_GUARDED_BY(mutex_);
};

}  // namespace balance
