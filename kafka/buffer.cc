#include "kafka/buffer.h"

#include <glog/logging.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>

namespace replicator::kafka {
namespace {

// Blocks are whole multiples of this, so that responses of about one size fit each other's blocks.
constexpr size_t kBlockGrain = 64 * 1024;
// Below this a block is not worth pooling or mapping.
constexpr size_t kSmallBlockMax = 64 * 1024;

std::atomic<int64_t> payload_bytes_copied{0};

size_t CapacityFor(size_t size) {
  return size <= kSmallBlockMax ? std::max<size_t>(size, 1) : (size + kBlockGrain - 1) / kBlockGrain * kBlockGrain;
}

// Large blocks are mapped by ourselves: malloc would keep freed ones beyond the budget's knowledge.
char* NewBlock(size_t capacity) {
  if (capacity <= kSmallBlockMax) return static_cast<char*>(::operator new(capacity));
  void* block = mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  PCHECK(block != MAP_FAILED) << "cannot map " << capacity << " bytes for a Fetch response";
  return static_cast<char*>(block);
}

void DeleteBlock(char* block, size_t capacity) {
  if (capacity <= kSmallBlockMax) {
    ::operator delete(block);
  } else {
    PCHECK(munmap(block, capacity) == 0);
  }
}

}  // namespace

int64_t PayloadBytesCopied() { return payload_bytes_copied.load(std::memory_order_relaxed); }

void BufferRef::Release() {
  if (buffer_ == nullptr) return;
  CHECK_GT(buffer_->references_, 0u);
  if (--buffer_->references_ == 0) buffer_->budget_->Recycle(buffer_);
}

std::string Slice::CopyOut() const {
  payload_bytes_copied.fetch_add(bytes_.size(), std::memory_order_relaxed);
  return std::string(bytes_.data(), bytes_.size());
}

MemoryBudget::~MemoryBudget() {
  TrimPool(SIZE_MAX);
  CHECK_EQ(held_, 0u) << "buffers outlive their budget";
}

bool MemoryBudget::TryReserve(size_t bytes) {
  if (used_ + bytes > bytes_max_) return false;
  used_ += bytes;
  return true;
}

void MemoryBudget::Unreserve(size_t bytes) {
  CHECK_GE(used_, bytes);
  used_ -= bytes;
  if (bytes > 0 && on_release_) on_release_();
}

bool MemoryBudget::TryGrow(size_t reserved, size_t needed) {
  CHECK_GE(used_, reserved);
  if (needed <= reserved) return true;
  if (used_ - reserved + needed > bytes_max_ && used_ != reserved) return false;
  used_ += needed - reserved;
  return true;
}

BufferRef MemoryBudget::Allocate(size_t size, size_t reserved) {
  CHECK_GE(reserved, size);
  Buffer* buffer = TakePooled(size);
  if (buffer == nullptr) {
    const size_t capacity = CapacityFor(size);
    TrimPool(capacity);
    buffer = new Buffer(this, NewBlock(capacity), capacity);
    held_ += capacity;
  }
  buffer->size_ = size;
  BufferRef reference(buffer);
  Unreserve(reserved - size);
  return reference;
}

// A pooled block serves while it wastes at most a quarter of what is asked for, and a grain.
Buffer* MemoryBudget::TakePooled(size_t size) {
  auto best = pool_.end();
  for (auto it = pool_.begin(); it != pool_.end(); ++it) {
    const size_t capacity = (*it)->capacity_;
    if (capacity < size || capacity > size + size / 4 + kBlockGrain) continue;
    if (best == pool_.end() || capacity < (*best)->capacity_) best = it;
  }
  if (best == pool_.end()) return nullptr;
  Buffer* buffer = *best;
  pool_.erase(best);
  return buffer;
}

// Unmaps pooled blocks until `room` more bytes fit into the budget.
void MemoryBudget::TrimPool(size_t room) {
  while (!pool_.empty() && (room > bytes_max_ || held_ + room > bytes_max_)) {
    Destroy(pool_.back());
    pool_.pop_back();
  }
}

void MemoryBudget::Destroy(Buffer* buffer) {
  held_ -= buffer->capacity_;
  DeleteBlock(buffer->data_, buffer->capacity_);
  delete buffer;
}

void MemoryBudget::Recycle(Buffer* buffer) {
  const size_t size = buffer->size_;
  if (buffer->capacity_ <= kSmallBlockMax || held_ > bytes_max_) {
    Destroy(buffer);
  } else {
    pool_.push_back(buffer);
  }
  Unreserve(size);
}

}  // namespace replicator::kafka
