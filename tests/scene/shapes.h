// The shapes: pairs of clusters that many tests share. tests/README.md says which one is for what.
//
// Whatever a shape sets beside versions and numbers of brokers must not disturb any test that uses it.
#ifndef REPLICATOR_TESTS_SCENE_SHAPES_H_
#define REPLICATOR_TESTS_SCENE_SHAPES_H_

#include "tests/scene/copy_scene.h"

namespace replicator::tests {

struct SharedShape {};

// 3.1.2 with one broker to 4.3.1 with one broker, a proxy before each. The source's log cleaner is quick. The target
// looks every second for what its retention deletes, and keeps the first member of a new group waiting as brokers do by
// default.
struct OneToOne : SharedShape {
  static constexpr char kName[] = "3.1.2 x 1 to 4.3.1 x 1";
  static SceneOptions Options();
};

// 3.1.2 with one broker to 4.3.1 with three brokers, which tests may kill: leaders move, replicas lag.
struct OneToThree : SharedShape {
  static constexpr char kName[] = "3.1.2 x 1 to 4.3.1 x 3";
  static SceneOptions Options();
};

// 2.1.1 with three brokers to 4.3.1 with one broker: a source without topic ids, leader epochs in answers or
// DescribeProducers.
struct OldSource : SharedShape {
  static constexpr char kName[] = "2.1.1 x 3 to 4.3.1 x 1";
  static SceneOptions Options();
};

// 3.1.2 with one broker to 4.3.1 with three brokers, without proxies and with Kafka's own defaults for sessions,
// elections and replication.
struct DefaultTimings : SharedShape {
  static constexpr char kName[] = "3.1.2 x 1 to 4.3.1 x 3, default timings";
  static SceneOptions Options();
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_SCENE_SHAPES_H_
