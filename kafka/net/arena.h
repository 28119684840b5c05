// A range of address space from which blocks are cut, lowest address first, and whose pages stay with the process when
// a block comes back: the next block is memory that was used a moment ago, without page faults. (Mapping blocks anew
// for Fetch responses of changing sizes made the kernel's clearing of pages a third of a copy's CPU time.)
//
// Thread-confined.
#ifndef REPLICATOR_KAFKA_NET_ARENA_H_
#define REPLICATOR_KAFKA_NET_ARENA_H_

#include <cstddef>
#include <map>

namespace replicator::kafka {

class Arena {
 public:
  // Sizes are rounded up to whole multiples of this.
  static constexpr size_t kGrainBytes = 64 * 1024;

  // Reserves address space; memory comes when a block is written to.
  explicit Arena(size_t bytes);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  // CHECK-fails if a block is still out.
  ~Arena();

  // An uninitialised block, or nullptr if no free range is long enough.
  char* Take(size_t bytes);
  // REQUIRES: `block` came from Take(bytes).
  void Give(char* block, size_t bytes);

  // Gives the memory of all free ranges back to the system.
  void ReleaseFree();

  // Bytes that the system may hold for this arena: all up to the end of the highest block that was out since
  // ReleaseFree (and the rest of its huge page).
  size_t held() const { return held_; }

 private:
  char* const base_;
  const size_t bytes_;
  std::map<size_t, size_t> free_;  // offset -> length; neighbours are joined
  size_t held_ = 0;
};

}  // namespace replicator::kafka

#endif  // REPLICATOR_KAFKA_NET_ARENA_H_
