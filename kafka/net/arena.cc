#include "kafka/net/arena.h"

#include <glog/logging.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <algorithm>
#include <iterator>

namespace replicator::kafka {
namespace {

size_t WholeGrains(size_t bytes) { return (bytes + Arena::kGrainBytes - 1) / Arena::kGrainBytes * Arena::kGrainBytes; }

char* Reserve(size_t bytes) {
  void* range = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  PCHECK(range != MAP_FAILED) << "cannot reserve " << bytes << " bytes of address space for Fetch responses";
  // Fewer page faults and TLB misses where the kernel offers huge pages; nothing is lost where it does not.
  madvise(range, bytes, MADV_HUGEPAGE);
  ASAN_POISON_MEMORY_REGION(range, bytes);
  return static_cast<char*>(range);
}

}  // namespace

Arena::Arena(size_t bytes) : base_(Reserve(WholeGrains(bytes))), bytes_(WholeGrains(bytes)) { free_[0] = bytes_; }

Arena::~Arena() {
  CHECK(free_.size() == 1 && free_.begin()->second == bytes_) << "blocks outlive their arena";
  ASAN_UNPOISON_MEMORY_REGION(base_, bytes_);
  PCHECK(munmap(base_, bytes_) == 0);
}

char* Arena::Take(size_t bytes) {
  const size_t size = WholeGrains(bytes);
  const auto range = std::find_if(free_.begin(), free_.end(), [size](const auto& free) { return free.second >= size; });
  if (range == free_.end()) return nullptr;
  const auto [offset, length] = *range;
  free_.erase(range);
  if (length > size) free_[offset + size] = length - size;
  held_ = std::max(held_, offset + size);
  ASAN_UNPOISON_MEMORY_REGION(base_ + offset, bytes);
  return base_ + offset;
}

void Arena::Give(char* block, size_t bytes) {
  size_t offset = static_cast<size_t>(block - base_);
  size_t length = WholeGrains(bytes);
  CHECK_LE(offset + length, bytes_);
  ASAN_POISON_MEMORY_REGION(block, length);
  auto next = free_.lower_bound(offset);
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    CHECK_LE(before->first + before->second, offset) << "a block was given back twice";
    if (before->first + before->second == offset) {
      offset = before->first;
      length += before->second;
      free_.erase(before);
    }
  }
  if (next != free_.end() && offset + length == next->first) {
    length += next->second;
    free_.erase(next);
  }
  free_[offset] = length;
}

void Arena::ReleaseFree() {
  for (const auto& [offset, length] : free_) PCHECK(madvise(base_ + offset, length, MADV_DONTNEED) == 0);
  const auto& [offset, length] = *free_.rbegin();
  if (offset + length == bytes_) held_ = std::min(held_, offset);
}

}  // namespace replicator::kafka
