#include "tests/cluster/eventually.h"

#include "absl/strings/str_cat.h"
#include "tests/cluster/late.h"
#include "tests/cluster/process.h"

namespace replicator::tests {

testing::AssertionResult Eventually(absl::string_view what, absl::FunctionRef<bool()> predicate, absl::Duration timeout,
                                    std::source_location where) {
  if (WaitFor(predicate, timeout, where)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << NoteLate(absl::StrCat(what, " (", absl::FormatDuration(timeout), " at ",
                                                              where.file_name(), ":", where.line(), ")"));
}

}  // namespace replicator::tests
