// Sources that do not tell of open transactions (Kafka before 2.5), nor know static members.
#include <gtest/gtest.h>

#include "tests/groups/cutover_scene.h"

namespace replicator::tests {
namespace {

class OldSourceCutoverTest : public SceneTest<OldSource, CutoverScene> {};

TEST_F(OldSourceCutoverTest, AnApplicationUnderLoadDoesEachRecordOnceOverBothClusters) {
  ExpectCutoversUnderLoad("old-load", /*with_aborts=*/false);
}

}  // namespace
}  // namespace replicator::tests
