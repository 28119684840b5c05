// The memory that fetched record batches lie in, from the receive call to the send call.
//
// A Fetch response lies in one uninitialised Buffer. Room for it is reserved from a MemoryBudget before the request is
// sent; slices of it are handed about by reference; the last reference gives buffer and budget back. Nothing here
// copies payload: Slice::CopyOut, the only way to get a copy, counts what it copies.
//
// Thread-confined: a budget, its buffers and their slices belong to one event loop (reference counts are plain
// integers).
#ifndef REPLICATOR_KAFKA_NET_BUFFER_H_
#define REPLICATOR_KAFKA_NET_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "kafka/net/arena.h"

namespace replicator::kafka {

class MemoryBudget;

// One block of uninitialised memory. Created by MemoryBudget::Allocate only.
class Buffer {
 public:
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  char* data() { return data_; }
  size_t size() const { return size_; }

 private:
  friend class MemoryBudget;
  friend class BufferRef;
  enum class Home : uint8_t { kHeap, kArena, kMapping };

  Buffer(MemoryBudget* budget, size_t size) : budget_(budget), size_(size) {}
  ~Buffer() = default;

  MemoryBudget* budget_;
  char* data_ = nullptr;
  const size_t size_;
  Home home_ = Home::kHeap;
  uint32_t references_ = 0;
};

// A counted reference to a Buffer.
class BufferRef {
 public:
  BufferRef() = default;
  explicit BufferRef(Buffer* buffer) : buffer_(buffer) { Acquire(); }
  BufferRef(const BufferRef& other) : buffer_(other.buffer_) { Acquire(); }
  BufferRef(BufferRef&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)) {}
  BufferRef& operator=(BufferRef other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~BufferRef() { Release(); }

  Buffer* operator->() const { return buffer_; }
  explicit operator bool() const { return buffer_ != nullptr; }

 private:
  void Acquire() {
    if (buffer_ != nullptr) ++buffer_->references_;
  }
  void Release();

  Buffer* buffer_ = nullptr;
};

// A range of bytes inside a Buffer, which it keeps alive.
class Slice {
 public:
  Slice() = default;
  // REQUIRES: `bytes` lies inside `*buffer`.
  Slice(BufferRef buffer, absl::Span<char> bytes) : buffer_(std::move(buffer)), bytes_(bytes) {}

  absl::Span<char> bytes() const { return bytes_; }

  // A copy of the bytes. Counted in PayloadBytesCopied.
  std::string CopyOut() const;

 private:
  BufferRef buffer_;
  absl::Span<char> bytes_;
};

// Bytes of record batches that this process has copied from one place in user space to another since it started. The
// raw path never does. Any thread.
int64_t PayloadBytesCopied();

// A bound on the memory of one shard's buffers, and the arena that they are cut from, which keeps the memory of freed
// blocks for the next response (fresh pages cost the kernel more than the copy into them).
//
// `used` counts reservations and buffers alive. Reserve before asking a broker for bytes, then turn the reservation
// into a buffer of the size that really comes. A response larger than its reservation may pass the bound only when
// nothing else is in use, so that one huge batch cannot block its partition for ever.
class MemoryBudget {
 public:
  explicit MemoryBudget(size_t bytes_max) : bytes_max_(bytes_max), arena_(bytes_max + bytes_max / kArenaSpareShare) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;
  // REQUIRES: every buffer has been given back.
  ~MemoryBudget();

  // Takes `bytes` if they fit, and nobody waits to grow.
  bool TryReserve(size_t bytes);
  void Unreserve(size_t bytes);

  // Grows a reservation from `reserved` to `needed` bytes if that fits, or if nothing else is in use but what waits to
  // grow, too.
  bool TryGrow(size_t reserved, size_t needed);

  // While it lives its owner waits for TryGrow: no new reservation takes what comes back, so that the wait ends. Of
  // several that wait none waits for another one.
  class GrowthWait {
   public:
    GrowthWait(MemoryBudget& budget, size_t reserved);
    ~GrowthWait();
    GrowthWait(const GrowthWait&) = delete;
    GrowthWait& operator=(const GrowthWait&) = delete;

   private:
    MemoryBudget& budget_;
    const size_t reserved_;
  };

  // Turns `reserved` bytes of reservation into a buffer of `size` bytes. REQUIRES: reserved >= size.
  BufferRef Allocate(size_t size, size_t reserved);

  // Called whenever bytes come back. One listener: the shard.
  void set_on_release(std::function<void()> listener) { on_release_ = std::move(listener); }

  size_t used() const { return used_; }
  size_t bytes_max() const { return bytes_max_; }
  // Memory held from the system, at most: buffers alive, and what the arena keeps for the next ones. Never more than
  // bytes_max and the arena's spare part, unless one oversized response is there.
  size_t held() const { return arena_.held() + mapped_; }

 private:
  friend class BufferRef;
  // Half as much again as the bound: a response of up to half the bound, as they are when two are under way
  // (Shard::ShareMemory), then fits beside the other one wherever that lies. With less room, every second copy of 2 GB
  // gave all pages back once and touched new ones, for 5 % of its CPU time.
  static constexpr size_t kArenaSpareShare = 2;

  void NewBlock(Buffer* buffer);
  void DeleteBlock(const Buffer& buffer);
  void Recycle(Buffer* buffer);

  const size_t bytes_max_;
  size_t used_ = 0;
  size_t waiting_ = 0;           // to grow
  size_t waiting_reserved_ = 0;  // what these have
  size_t buffers_ = 0;           // alive
  Arena arena_;
  size_t mapped_ = 0;  // bytes of the blocks that have a mapping of their own
  std::function<void()> on_release_;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_NET_BUFFER_H_
