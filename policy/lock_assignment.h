// Who holds the lock of a link. The lock is a consumer group on the target cluster (replicator/ownership/link_lock.h):
// its members say what they are in their metadata, its leader assigns the lock to one of them. What the leader decides
// is here, with the bytes of both.
//
// Nothing follows from who leads: a coordinator names the leader as it likes, and tells a static member that has come
// back the name of a leader that is gone.
#ifndef REPLICATOR_POLICY_LOCK_ASSIGNMENT_H_
#define REPLICATOR_POLICY_LOCK_ASSIGNMENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace replicator::policy {

// A member's metadata. Times are milliseconds since 1970.
struct LockClaim {
  std::string host;
  int64_t pid = 0;
  int64_t started_ms = 0;
  // When it was given the lock that it holds, or held last; 0: it never did. One that is out of date does no harm,
  // since whoever was given the lock afterwards claims a later time.
  int64_t held_since_ms = 0;
  // Changes when the member wants a new assignment: a coordinator ignores a join that brings nothing new.
  int64_t attempt = 0;

  // "host-1 (pid 4711, started 2026-11-22 09:46:04 UTC)"
  std::string Describe() const;
};

// A member's assignment.
struct LockGrant {
  bool holds = false;
  int64_t held_since_ms = 0;  // of the holder
  std::string holder;         // LockClaim::Describe()
};

// Larger texts than this are no claim and no grant.
inline constexpr size_t kLockTextBytesMax = 4096;

// A head line, then lines of key=value:
//   replicator-lock-claim           replicator-lock-grant
//   host=host-1                     role=holder                  (or standby)
//   pid=4711                        held_since_ms=1795340764000
//   started_ms=1795340760000        holder=host-1 (pid 4711, started 2026-11-22 09:46:00 UTC)
//   held_since_ms=1795340764000
//   attempt=0
// Unknown keys are skipped, so that a later version may add some; a missing one has its default. Names from another
// process are cut and cleaned of control characters, since they end up in the log. nullopt: not such a text.
std::string WriteClaim(const LockClaim& claim);
std::optional<LockClaim> ReadClaim(absl::string_view text);
std::string WriteGrant(const LockGrant& grant);
std::optional<LockGrant> ReadGrant(absl::string_view text);

struct LockMember {
  std::string member_id;
  std::string text;  // metadata going in, assignment coming out
};

// The assignment of every member. The lock goes to
//   1. the member that claims to hold it: with several claims the latest, which is the group's last decision;
//   2. without a claim, the one that was started first (of the same moment: the first by member id).
// A member whose metadata cannot be read is a standby. `now_ms` becomes held_since_ms of a new holder; `seen_ms`, the
// latest held_since_ms that the caller knows of, keeps it growing where clocks differ.
std::vector<LockMember> AssignLock(absl::Span<const LockMember> members, int64_t now_ms, int64_t seen_ms);

// "2026-11-22 09:46:04 UTC"
std::string UtcText(int64_t unix_ms);

}  // namespace replicator::policy

#endif  // REPLICATOR_POLICY_LOCK_ASSIGNMENT_H_
