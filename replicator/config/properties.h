#ifndef REPLICATOR_REPLICATOR_CONFIG_PROPERTIES_H_
#define REPLICATOR_REPLICATOR_CONFIG_PROPERTIES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace replicator {

// A real file has a few kilobytes; anything above this is another file by mistake.
inline constexpr size_t kPropertiesBytesMax = 1 << 20;

struct Property {
  std::string key;
  std::string value;
  int line = 0;  // the first line of the entry, from 1
  // When the reader has dropped backslashes from the value that a regular expression would need (`\d` is read as `d`):
  // the value as it has to be written to keep them. Else empty.
  std::string with_lost_backslashes = {};
};

// What the bytes of a properties file mean: java.util.Properties.load() takes ISO-8859-1 from a stream, as MirrorMaker
// gives it, and any characters from a reader, for which FileConfigProvider takes UTF-8.
enum class Encoding { kLatin1, kUtf8 };

// A Java .properties file, read as java.util.Properties.load() reads it: comments with # and !, keys that end at '=',
// ':' or white space, lines continued by a backslash, \uXXXX and the other escapes. Keys and values are handed out in
// UTF-8. Of two entries with one key the later counts, as in Java, with a warning.
// Immutable after Parse() or Load().
class Properties {
 public:
  // INVALID_ARGUMENT, beginning with file and line, for a bad \uXXXX; NOT_FOUND or INVALID_ARGUMENT when the file
  // cannot be read or is too large.
  static absl::StatusOr<Properties> Load(const std::string& file_name, Encoding encoding = Encoding::kLatin1);
  static absl::StatusOr<Properties> Parse(absl::string_view bytes, std::string file_name,
                                          Encoding encoding = Encoding::kLatin1);

  // Null when the key is not there. Lives as long as this object.
  const Property* Find(absl::string_view key) const;

  // In the order of their lines, each key once.
  const std::vector<Property>& entries() const { return entries_; }

  // Sentences that begin with file and line and hold no values.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // "mm2.properties:12", for messages.
  std::string Where(const Property& property) const;

  const std::string& file_name() const { return file_name_; }

 private:
  void DropOverridden(std::vector<Property> all);

  std::string file_name_;
  std::vector<Property> entries_;
  absl::flat_hash_map<std::string, size_t> index_;  // into entries_
  std::vector<std::string> warnings_;
};

// All bytes of a file of at most kPropertiesBytesMax; else NOT_FOUND or INVALID_ARGUMENT, naming the file.
absl::StatusOr<std::string> ReadSmallFile(const std::string& file_name);

// True when a value under this key may be a secret (passwords, JAAS lines, key material, tokens), going by the key's
// name: such a value is never printed. Rather too often true than once too seldom.
bool IsSecretKey(absl::string_view key);

}  // namespace replicator

#endif  // REPLICATOR_REPLICATOR_CONFIG_PROPERTIES_H_
