// What a test on real brokers begins with: a scene of a known shape, and the moves that most of them make there.
//
// A scene starts with the first test that wants it. The tests of a process share it for as long as they want the same
// shape, so each has topics of its own; a link of its own comes from CopyScene::Replicator. A test that kills a broker
// starts it again, and one that arms a rule of a proxy removes it. A test that failed, or that left a broker dead,
// takes its scene with it.
//
//   class StatusTest : public SceneTest<OneToOne> {};
//   TEST_F(StatusTest, ...) { CreateTopic("orders", 2); WriteAll(scene_->Load("orders", 2)); ... }
#ifndef REPLICATOR_TESTS_SCENE_SCENE_TEST_H_
#define REPLICATOR_TESTS_SCENE_SCENE_TEST_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "replicator/base/exit_code.h"
#include "tests/cluster/load.h"
#include "tests/scene/copy_scene.h"
#include "tests/scene/replicator_process.h"
#include "tests/scene/shapes.h"

namespace replicator::tests {

// As the exit code of a process.
constexpr int Code(ExitCode code) { return static_cast<int>(code); }

class SceneFixture : public ::testing::Test {
 protected:
  // Two fixtures that give the same name get the same scene.
  SceneFixture(std::string name, SceneOptions options)
      : name_(std::move(name)), options_of_scene_(std::move(options)) {}

  void SetUp() override;
  void TearDown() override;

  // For what no other test may have touched.
  static void CloseScene();

  // A topic of the source.
  void CreateTopic(const std::string& topic, int partitions = 1, std::map<std::string, std::string> configs = {});
  // A topic that no test copies, so that the source has one. A process looks for ten seconds whether one without topics
  // is really empty.
  void HaveSomeTopic();
  // Writes records_total records; `counts`, if given, says what was written.
  void WriteAll(const LoadOptions& load, LoadCounts* counts = nullptr);
  // A topic of the source with so many records.
  void Fill(const std::string& topic, int partitions, int64_t records);
  // producer_, until StopProducer.
  void StartProducer(const LoadOptions& load);
  void StopProducer(LoadCounts* counts = nullptr);

  // A program that the caller keeps; nullptr, and a failure, if it cannot be started.
  std::unique_ptr<ReplicatorProcess> Run(const ReplicatorOptions& options);
  // replicator_, by options_.
  void StartReplicator();
  // The program ends by itself with that code; `words` stand in its log.
  void ExpectEnds(ReplicatorProcess& replicator, ExitCode code, const std::vector<std::string>& words = {});
  // Starts one, and sees it end.
  void ExpectRunEnds(const ReplicatorOptions& options, ExitCode code, const std::vector<std::string>& words);
  // kill -9 of replicator_, which was healthy up to there.
  void KillReplicator();
  // From the start of replicator_ until the target has more records of topic_ than `before`.
  absl::Duration TimeToCopyAgain(int64_t before);

  // All that the source has of the topic now arrives.
  void ExpectCatchesUp(const std::string& topic);
  void ExpectCatchesUp() { ExpectCatchesUp(topic_); }

  CopyScene* scene_ = nullptr;
  // Of the test's one topic, program and producer, where it has no more.
  std::string topic_;
  ReplicatorOptions options_;
  std::unique_ptr<LoadGenerator> producer_;
  std::unique_ptr<ReplicatorProcess> replicator_;

 private:
  const std::string name_;
  const SceneOptions options_of_scene_;
};

// `Shape` has kName and Options(): one of shapes.h, or the test's own. `Base` is what suites of several shapes have in
// common; it inherits SceneFixture's constructor.
template <typename Shape, typename Base = SceneFixture>
class SceneTest : public Base {
#ifdef REPLICATOR_SHAPE
  static_assert(!std::is_base_of_v<SharedShape, Shape> || std::is_same_v<Shape, REPLICATOR_SHAPE>,
                "the target names another shape: scenes of two shapes would start again and again");
#endif

 protected:
  SceneTest() : Base(Shape::kName, Shape::Options()) {}
};

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_SCENE_SCENE_TEST_H_
