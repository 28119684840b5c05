#include "policy/lock_assignment.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

namespace replicator::policy {
namespace {

constexpr absl::string_view kClaimHead = "replicator-lock-claim";
constexpr absl::string_view kGrantHead = "replicator-lock-grant";
constexpr size_t kNameBytesMax = 300;

std::string Clean(absl::string_view name) {
  std::string clean(name.substr(0, kNameBytesMax));
  for (char& c : clean) {
    if (!absl::ascii_isprint(static_cast<unsigned char>(c))) c = '?';
  }
  return clean;
}

int64_t Number(absl::string_view value) {
  int64_t number = 0;
  return absl::SimpleAtoi(value, &number) && number > 0 ? number : 0;
}

// Calls on_field(key, value) for each line behind the head. False: not a text with that head.
template <typename OnField>
bool ReadLines(absl::string_view text, absl::string_view head, OnField on_field) {
  if (text.size() > kLockTextBytesMax) return false;
  bool first = true;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (first && line != head) return false;
    const std::pair<absl::string_view, absl::string_view> field = absl::StrSplit(line, absl::MaxSplits('=', 1));
    if (!first) on_field(field.first, field.second);
    first = false;
  }
  return !first;
}

}  // namespace

std::string UtcText(int64_t unix_ms) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixMillis(unix_ms), absl::UTCTimeZone());
}

std::string LockClaim::Describe() const {
  return absl::StrCat(Clean(host), " (pid ", pid, ", started ", UtcText(started_ms), ")");
}

std::string WriteClaim(const LockClaim& claim) {
  return absl::StrCat(kClaimHead, "\nhost=", Clean(claim.host), "\npid=", claim.pid, "\nstarted_ms=", claim.started_ms,
                      "\nheld_since_ms=", claim.held_since_ms, "\nattempt=", claim.attempt, "\n");
}

std::optional<LockClaim> ReadClaim(absl::string_view text) {
  LockClaim claim;
  const bool read = ReadLines(text, kClaimHead, [&claim](absl::string_view key, absl::string_view value) {
    if (key == "host") claim.host = Clean(value);
    if (key == "pid") claim.pid = Number(value);
    if (key == "started_ms") claim.started_ms = Number(value);
    if (key == "held_since_ms") claim.held_since_ms = Number(value);
    if (key == "attempt") claim.attempt = Number(value);
  });
  if (!read) return std::nullopt;
  return claim;
}

std::string WriteGrant(const LockGrant& grant) {
  return absl::StrCat(kGrantHead, "\nrole=", grant.holds ? "holder" : "standby",
                      "\nheld_since_ms=", grant.held_since_ms, "\nholder=", Clean(grant.holder), "\n");
}

std::optional<LockGrant> ReadGrant(absl::string_view text) {
  LockGrant grant;
  const bool read = ReadLines(text, kGrantHead, [&grant](absl::string_view key, absl::string_view value) {
    if (key == "role") grant.holds = value == "holder";
    if (key == "held_since_ms") grant.held_since_ms = Number(value);
    if (key == "holder") grant.holder = Clean(value);
  });
  if (!read) return std::nullopt;
  return grant;
}

std::vector<LockMember> AssignLock(absl::Span<const LockMember> members, int64_t now_ms, int64_t seen_ms) {
  const LockMember* holder = nullptr;
  LockClaim best;
  int64_t latest_ms = seen_ms;
  for (const LockMember& member : members) {
    const std::optional<LockClaim> claim = ReadClaim(member.text);
    if (!claim.has_value()) continue;
    latest_ms = std::max(latest_ms, claim->held_since_ms);
    const bool better = holder == nullptr ||
                        std::make_tuple(-claim->held_since_ms, claim->started_ms, absl::string_view(member.member_id)) <
                            std::make_tuple(-best.held_since_ms, best.started_ms, absl::string_view(holder->member_id));
    if (!better) continue;
    holder = &member;
    best = *claim;
  }
  LockGrant grant;
  if (holder != nullptr) grant.holder = best.Describe();
  grant.held_since_ms = best.held_since_ms > 0 ? best.held_since_ms : std::max(now_ms, latest_ms + 1);
  std::vector<LockMember> assignments;
  for (const LockMember& member : members) {
    grant.holds = &member == holder;
    assignments.push_back({member.member_id, WriteGrant(grant)});
  }
  return assignments;
}

}  // namespace replicator::policy
