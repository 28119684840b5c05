// Which of two memories of one link is the later one: its state folder or its changelog on the target.
//
// Each process whose turn to copy begins makes itself an ownership, which its first flush of the changelog carries, and
// numbers its flushes. The folder has the number of a flush, and all that the flush says, before the flush is sent. So
// a folder that has the changelog's ownership, and a number at least the changelog's, knows all that the changelog
// does. Any other folder may lack what another process has copied meanwhile.
//
// Plain values.
#ifndef REPLICATOR_OFFSETS_OWNERSHIP_H_
#define REPLICATOR_OFFSETS_OWNERSHIP_H_

#include <cstdint>

namespace replicator::offsets {

struct Ownership {
  uint64_t number = 0;  // rises from owner to owner; 0: nobody's
  uint64_t id = 0;      // random, so that two processes that make the same number are told apart
  uint64_t flush = 0;   // of the last flush

  bool is_known() const { return number > 0; }
  bool IsOwnerOf(const Ownership& other) const { return number == other.number && id == other.id; }
  bool operator==(const Ownership&) const = default;
};

// What a folder has of it. Before an owner's first flush is known to be in the changelog, `before` tells what the
// changelog said when the owner began: the folder had all of that.
struct StoredOwnership {
  Ownership own;
  Ownership before;
  bool operator==(const StoredOwnership&) const = default;
};

// Whether the folder knows all that a changelog of this `logged` ownership does.
inline bool FolderIsCurrent(const StoredOwnership& folder, const Ownership& logged) {
  const auto covers = [&](const Ownership& ownership) {
    return ownership.is_known() && ownership.IsOwnerOf(logged) && ownership.flush >= logged.flush;
  };
  return covers(folder.own) || covers(folder.before);
}

}  // namespace replicator::offsets

#endif  // REPLICATOR_OFFSETS_OWNERSHIP_H_
