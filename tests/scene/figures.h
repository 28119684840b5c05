// What a test measures and does not judge: a machine that does other things too would make it fail. `./dev bench`
// judges speed.
#ifndef REPLICATOR_TESTS_SCENE_FIGURES_H_
#define REPLICATOR_TESTS_SCENE_FIGURES_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace replicator::tests {

// Writes the line `FIGURE name value unit` to stdout and appends it to $TEST_UNDECLARED_OUTPUTS_DIR/figures, if Bazel
// gives that folder. `name` and `unit` have no spaces.
void Figure(absl::string_view name, double value, absl::string_view unit);
// In seconds.
void Figure(absl::string_view name, absl::Duration value);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_SCENE_FIGURES_H_
