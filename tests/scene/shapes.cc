#include "tests/scene/shapes.h"

namespace replicator::tests {

SceneOptions OneToOne::Options() {
  SceneOptions options;
  options.source = {.version = "3.1.2",
                    .brokers = 1,
                    .properties = {{"log.cleaner.backoff.ms", "200"}, {"log.cleaner.min.cleanable.ratio", "0.001"}}};
  options.target = {.version = "4.3.1",
                    .brokers = 1,
                    .properties = {{"group.initial.rebalance.delay.ms", "3000"},
                                   {"log.retention.check.interval.ms", "1000"},
                                   {"log.initial.task.delay.ms", "500"},
                                   {"log.cleaner.backoff.ms", "1000"}}};
  options.proxies = true;
  return options;
}

SceneOptions OneToThree::Options() {
  return {.source = {.version = "3.1.2", .brokers = 1}, .target = {.version = "4.3.1", .brokers = 3}};
}

SceneOptions OldSource::Options() {
  // A broker that is stopped by a signal stays a member for that long.
  return {.source = {.version = "2.1.1", .brokers = 3, .properties = {{"zookeeper.session.timeout.ms", "20000"}}},
          .target = {.version = "4.3.1", .brokers = 1}};
}

SceneOptions DefaultTimings::Options() {
  return {.source = {.version = "3.1.2", .brokers = 1, .default_timings = true},
          .target = {.version = "4.3.1", .brokers = 3, .default_timings = true}};
}

}  // namespace replicator::tests
