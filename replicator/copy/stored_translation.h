// Where offsets lie on the other side by what a state folder holds: for a link whose process does not run. Blocking,
// one thread.
#ifndef REPLICATOR_REPLICATOR_COPY_STORED_TRANSLATION_H_
#define REPLICATOR_REPLICATOR_COPY_STORED_TRANSLATION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "replicator/copy/translation.h"

namespace replicator {

// An answer to each question, in their order. No log start of the target's is in a folder, and the source's is the last
// that was told. NotFound: there is no state in `folder`. PermissionDenied: this user may not know.
absl::StatusOr<std::vector<TranslationAnswer>> TranslateInStore(const std::string& folder,
                                                                const std::vector<TranslationQuestion>& questions);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_COPY_STORED_TRANSLATION_H_
