#include "policy/lock_assignment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace replicator::policy {
namespace {

constexpr int64_t kNow = 1'800'000'000'000;

LockMember Member(const std::string& id, int64_t started_ms, int64_t held_since_ms) {
  return {id, WriteClaim({.host = "host-" + id, .pid = 7, .started_ms = started_ms, .held_since_ms = held_since_ms})};
}

// The member id of the holder; checks that there is one at most, and that all name it.
std::string Holder(const std::vector<LockMember>& members, int64_t seen_ms = 0, int64_t* held_since_ms = nullptr) {
  std::string holder;
  const std::vector<LockMember> assignments = AssignLock(members, kNow, seen_ms);
  EXPECT_EQ(assignments.size(), members.size());
  for (const LockMember& assignment : assignments) {
    const std::optional<LockGrant> grant = ReadGrant(assignment.text);
    EXPECT_TRUE(grant.has_value()) << assignment.text;
    if (!grant.has_value()) continue;
    if (held_since_ms != nullptr) *held_since_ms = grant->held_since_ms;
    if (!grant->holds) continue;
    EXPECT_EQ(holder, "") << "two holders";
    holder = assignment.member_id;
  }
  for (const LockMember& assignment : assignments) {
    EXPECT_TRUE(absl::StrContains(assignment.text, holder.empty() ? "holder=" : "holder=host-" + holder + " (pid 7, "));
  }
  return holder;
}

TEST(LockAssignmentTest, WhoWasStartedFirstGetsAFreeLock) {
  int64_t since = 0;
  EXPECT_EQ(Holder({Member("a", 300, 0), Member("b", 200, 0), Member("c", 200, 0)}, 0, &since), "b");
  EXPECT_EQ(since, kNow);
}

TEST(LockAssignmentTest, TheHolderKeepsTheLockWhoeverComes) {
  int64_t since = 0;
  EXPECT_EQ(Holder({Member("a", 100, 0), Member("b", 200, 555), Member("c", 1, 0)}, 0, &since), "b");
  EXPECT_EQ(since, 555);
}

TEST(LockAssignmentTest, OfTwoClaimsTheLaterOneIsTheGroupsLastDecision) {
  EXPECT_EQ(Holder({Member("a", 100, 555), Member("b", 200, 556)}), "b");
  EXPECT_EQ(Holder({Member("a", 200, 555), Member("b", 100, 555)}), "b") << "equal claims: the first one started";
}

TEST(LockAssignmentTest, AGrantIsLaterThanAllBeforeItEvenWhenTheClockIsBehind) {
  int64_t since = 0;
  Holder({Member("a", 100, 0)}, kNow + 1000, &since);
  EXPECT_EQ(since, kNow + 1001);
}

TEST(LockAssignmentTest, WhoCannotBeUnderstoodNeverGetsTheLock) {
  EXPECT_EQ(Holder({{"a", "who knows"}, Member("b", 200, 0), {"c", ""}}), "b");
  EXPECT_EQ(Holder({{"a", std::string(kLockTextBytesMax + 1, 'x')}}), "");
  EXPECT_EQ(Holder({}), "");
}

TEST(LockAssignmentTest, TheOrderOfMembersDoesNotMatter) {
  std::vector<LockMember> members = {Member("a", 100, 0), Member("b", 50, 0), Member("c", 75, 9), Member("d", 1, 0)};
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.member_id < b.member_id; });
  do {
    EXPECT_EQ(Holder(members), "c");
  } while (std::next_permutation(members.begin(), members.end(),
                                 [](const auto& a, const auto& b) { return a.member_id < b.member_id; }));
}

TEST(LockAssignmentTest, TextsAreReadBackAndLaterKeysSkipped) {
  const LockClaim claim = {.host = "h", .pid = 4711, .started_ms = 1, .held_since_ms = 2, .attempt = 3};
  const std::optional<LockClaim> read = ReadClaim(WriteClaim(claim) + "color=blue\nnonsense\n");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(WriteClaim(*read), WriteClaim(claim));
  EXPECT_EQ(claim.Describe(), "h (pid 4711, started 1970-01-01 00:00:00 UTC)");
  const LockGrant grant = {.holds = true, .held_since_ms = 2, .holder = "h (pid 1)"};
  const std::optional<LockGrant> granted = ReadGrant(WriteGrant(grant));
  ASSERT_TRUE(granted.has_value());
  EXPECT_EQ(WriteGrant(*granted), WriteGrant(grant));
  EXPECT_FALSE(ReadClaim(WriteGrant(grant)).has_value());
  EXPECT_FALSE(ReadGrant(WriteClaim(claim)).has_value());
  EXPECT_FALSE(ReadGrant("").has_value()) << "what a coordinator gives to a member that the leader did not know";
}

TEST(LockAssignmentTest, NamesFromOthersAreFitForALog) {
  const std::optional<LockClaim> claim =
      ReadClaim(absl::StrCat("replicator-lock-claim\nhost=a\x1b[31m\rb\xff", std::string(1000, 'x'), "\npid=-4\n"));
  ASSERT_TRUE(claim.has_value());
  EXPECT_TRUE(absl::StartsWith(claim->host, "a?[31m?b?x")) << claim->host;
  EXPECT_LE(claim->host.size(), 300u);
  EXPECT_EQ(claim->pid, 0);
}

}  // namespace
}  // namespace replicator::policy
