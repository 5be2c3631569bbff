#include "clients/core/secret_memory.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>

namespace balance {
namespace {

constexpr std::size_t kSlotStep = 32;

// An empty secret has a place too.
std::size_t SlotSizeFor(std::size_t bytes) {
  return (std::max<std::size_t>(bytes, 1) + kSlotStep - 1) / kSlotStep * kSlotStep;
}

unsigned char* Guarded(std::size_t bytes) {
  auto* memory = static_cast<unsigned char*>(sodium_malloc(bytes));
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

const unsigned char* SecretMemory::Keep(std::string_view bytes) {
  if (bytes.size() > kLargestShared) {
    unsigned char* alone = Guarded(bytes.size());
    std::memcpy(alone, bytes.data(), bytes.size());
    sodium_mprotect_readonly(alone);
    return alone;
  }
  const MutexLock lock(mutex_);
  const std::size_t slot_size = SlotSizeFor(bytes.size());
  unsigned char* const memory = RegionFor(slot_size);
  Region& region = regions_.at(memory);
  unsigned char* slot = memory + region.begun * slot_size;
  if (region.free.empty()) {
    ++region.begun;
  } else {
    slot = region.free.back();
    region.free.pop_back();
  }
  ++region.used;
  if (region.is_full()) with_room_[slot_size].erase(memory);
  Open(memory);
  if (!bytes.empty()) std::memcpy(slot, bytes.data(), bytes.size());
  SealAfterChange();
  return slot;
}

void SecretMemory::Forget(const unsigned char* kept, std::size_t size) {
  auto* const slot = const_cast<unsigned char*>(kept);
  // It wipes what it frees.
  if (size > kLargestShared) return sodium_free(slot);
  const MutexLock lock(mutex_);
  const auto found = std::prev(regions_.upper_bound(slot));
  auto& [memory, region] = *found;
  if (--region.used == 0) {
    with_room_[region.slot_size].erase(memory);
    open_.erase(memory);
    sodium_free(memory);
    regions_.erase(found);
    return;
  }
  region.free.push_back(slot);
  with_room_[region.slot_size].insert(memory);
  Open(memory);
  sodium_memzero(slot, region.slot_size);
  SealAfterChange();
}

void SecretMemory::BeginBatch() {
  const MutexLock lock(mutex_);
  ++batches_;
}

void SecretMemory::EndBatch() {
  const MutexLock lock(mutex_);
  --batches_;
  SealAfterChange();
}

void SecretMemory::Open(unsigned char* memory) {
  if (open_.insert(memory).second) sodium_mprotect_readwrite(memory);
}

void SecretMemory::SealAfterChange() {
  if (batches_ > 0) return;
  for (unsigned char* memory : open_) sodium_mprotect_readonly(memory);
  open_.clear();
}

std::size_t SecretMemory::regions() const {
  const MutexLock lock(mutex_);
  return regions_.size();
}

unsigned char* SecretMemory::RegionFor(std::size_t slot_size) {
  std::set<unsigned char*>& with_room = with_room_[slot_size];
  if (!with_room.empty()) return *with_room.begin();
  unsigned char* const memory = Guarded(kRegionBytes);
  sodium_memzero(memory, kRegionBytes);
  // Made to be written at once.
  open_.insert(memory);
  regions_.emplace(memory, Region{slot_size});
  with_room.insert(memory);
  return memory;
}

}  // namespace balance
