#ifndef REPLICATOR_REPLICATOR_CONFIG_UNUSED_KEYS_H_
#define REPLICATOR_REPLICATOR_CONFIG_UNUSED_KEYS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// What to tell the operator about a key of the properties file that the link's configuration does not take.
namespace replicator {

// The clusters that a file names, and the two of them that this process copies between.
struct FileShape {
  std::vector<std::string> aliases;
  std::string source;
  std::string target;
};

struct KeyRemark {
  enum class Kind {
    kNone,     // as the file asks for it, nothing to tell
    kInfo,     // has nothing to act on here
    kWarning,  // unknown, not done by this version, or in a place where it has no effect
    kError,    // must not be passed over
  };
  Kind kind = Kind::kNone;
  std::string text;  // holds no value; kInfo: the reason alone; else a sentence that begins with the key in backquotes
};

// True for a key of another link or another cluster than those of this process: whatever its value, it is passed over.
bool BelongsElsewhere(const FileShape& file, absl::string_view key);

// `value` decides in two cases only: a security.protocol is an error unless it is PLAINTEXT, and `false` for something
// that this program does not do needs no remark.
KeyRemark ExplainUnusedKey(const FileShape& file, absl::string_view key, absl::string_view value);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONFIG_UNUSED_KEYS_H_
