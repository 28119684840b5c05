#include "kafka/net/buffer.h"

#include <glog/logging.h>
#include <sys/mman.h>

#include <atomic>

namespace replicator::kafka {
namespace {

// Below this a block is not worth whole pages: the answers of an idle link.
constexpr size_t kSmallBlockMax = 16 * 1024;

std::atomic<int64_t> payload_bytes_copied{0};

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

MemoryBudget::~MemoryBudget() { CHECK_EQ(buffers_, 0u) << "buffers outlive their budget"; }

bool MemoryBudget::TryReserve(size_t bytes) {
  if (waiting_ > 0 || used_ + bytes > bytes_max_) return false;
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
  const bool is_alone = used_ == reserved || (waiting_ > 0 && used_ == waiting_reserved_);
  if (used_ - reserved + needed > bytes_max_ && !is_alone) return false;
  used_ += needed - reserved;
  return true;
}

MemoryBudget::GrowthWait::GrowthWait(MemoryBudget& budget, size_t reserved) : budget_(budget), reserved_(reserved) {
  ++budget_.waiting_;
  budget_.waiting_reserved_ += reserved_;
}

MemoryBudget::GrowthWait::~GrowthWait() {
  --budget_.waiting_;
  budget_.waiting_reserved_ -= reserved_;
  if (budget_.on_release_) budget_.on_release_();  // for those that were kept from reserving
}

BufferRef MemoryBudget::Allocate(size_t size, size_t reserved) {
  CHECK_GE(reserved, size);
  auto* buffer = new Buffer(this, size);
  NewBlock(buffer);
  ++buffers_;
  BufferRef reference(buffer);
  Unreserve(reserved - size);
  return reference;
}

void MemoryBudget::NewBlock(Buffer* buffer) {
  const size_t size = buffer->size_;
  if (size <= kSmallBlockMax) {
    buffer->home_ = Buffer::Home::kHeap;
    buffer->data_ = static_cast<char*>(::operator new(size));
    return;
  }
  buffer->home_ = Buffer::Home::kArena;
  buffer->data_ = arena_.Take(size);
  if (buffer->data_ != nullptr) return;
  // An oversized response, or free space in pieces: a mapping of its own, for which the arena's free memory goes.
  arena_.ReleaseFree();
  void* block = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  PCHECK(block != MAP_FAILED) << "cannot map " << size << " bytes for a Fetch response";
  buffer->home_ = Buffer::Home::kMapping;
  buffer->data_ = static_cast<char*>(block);
  mapped_ += size;
}

void MemoryBudget::DeleteBlock(const Buffer& buffer) {
  switch (buffer.home_) {
    case Buffer::Home::kHeap:
      return ::operator delete(buffer.data_);
    case Buffer::Home::kArena:
      return arena_.Give(buffer.data_, buffer.size_);
    case Buffer::Home::kMapping:
      PCHECK(munmap(buffer.data_, buffer.size_) == 0);
      mapped_ -= buffer.size_;
  }
}

void MemoryBudget::Recycle(Buffer* buffer) {
  const size_t size = buffer->size_;
  DeleteBlock(*buffer);
  delete buffer;
  --buffers_;
  Unreserve(size);
}

}  // namespace replicator::kafka
