// The same from a source without topic ids, leader epochs and many groups in one request.
#include <gtest/gtest.h>

#include "tests/groups/groups_scene.h"

namespace replicator::tests {
namespace {

class OldSourceSyncTest : public SceneTest<OldSource, GroupsScene> {};

TEST_F(OldSourceSyncTest, EveryPositionIsExactAlsoAfterThreeKills) { ExpectEveryPositionIsExact("exact", 14); }

}  // namespace
}  // namespace replicator::tests
