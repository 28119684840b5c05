// The wait of tests with real brokers: what does not come in time has a verdict (verdict.h).
//
//   ASSERT_TRUE(Eventually("the topic is copied", [&] { return ...; }));
//
// late.h says which. For what may or may not come there is WaitFor (process.h).
#ifndef REPLICATOR_TESTS_CLUSTER_EVENTUALLY_H_
#define REPLICATOR_TESTS_CLUSTER_EVENTUALLY_H_

#include <gtest/gtest.h>

#include <source_location>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/cluster/patience.h"

namespace replicator::tests {

// Asks `predicate` as WaitFor does. The failure names `what`, the place and what the clusters said.
testing::AssertionResult Eventually(absl::string_view what, absl::FunctionRef<bool()> predicate,
                                    absl::Duration timeout = kPatience,
                                    std::source_location where = std::source_location::current());

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_CLUSTER_EVENTUALLY_H_
