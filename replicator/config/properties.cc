#include "replicator/config/properties.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace replicator {
namespace {

constexpr absl::string_view kBlanks = " \t\f";

bool IsBlank(char c) { return kBlanks.find(c) != absl::string_view::npos; }

absl::string_view StripLeadingBlanks(absl::string_view text) {
  const size_t at = text.find_first_not_of(kBlanks);
  return at == absl::string_view::npos ? absl::string_view() : text.substr(at);
}

struct LogicalLine {
  std::string text;
  int line = 0;
};

// Cuts the bytes into logical lines: comments and blank lines gone, continuations joined, escapes still in place.
class LineReader {
 public:
  explicit LineReader(absl::string_view bytes) : rest_(bytes) {}

  std::optional<LogicalLine> Next() {
    LogicalLine logical;
    while (!at_end_) {
      const absl::string_view text = StripLeadingBlanks(NaturalLine());
      // A comment or a blank line counts as such also right after a continued line that was otherwise empty.
      if (logical.text.empty()) {
        if (text.empty() || text.front() == '#' || text.front() == '!') continue;
        logical.line = line_;
      }
      if (!EndsInOddBackslashes(text)) {
        absl::StrAppend(&logical.text, text);
        return logical;
      }
      absl::StrAppend(&logical.text, text.substr(0, text.size() - 1));
      // Java makes an entry with an empty key of a lone backslash at the end of the file.
      if (at_end_ && logical.text.empty() && !ended_in_crlf_) return logical;
    }
    if (logical.text.empty()) return std::nullopt;
    return logical;
  }

 private:
  absl::string_view NaturalLine() {
    ++line_;
    const size_t end = rest_.find_first_of("\r\n");
    const absl::string_view line = rest_.substr(0, end);
    ended_in_crlf_ = end != absl::string_view::npos && absl::StartsWith(rest_.substr(end), "\r\n");
    rest_.remove_prefix(end == absl::string_view::npos ? rest_.size() : end + (ended_in_crlf_ ? 2 : 1));
    at_end_ = rest_.empty();
    return line;
  }

  static bool EndsInOddBackslashes(absl::string_view text) {
    const size_t last_other = text.find_last_not_of('\\');
    const size_t count = last_other == absl::string_view::npos ? text.size() : text.size() - last_other - 1;
    return count % 2 == 1;
  }

  absl::string_view rest_;
  int line_ = 0;
  bool at_end_ = rest_.empty();
  bool ended_in_crlf_ = false;
};

void AppendUtf8(uint32_t code_point, std::string& out) {
  if (code_point < 0x80) {
    out.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code_point >> 6)));
    out.push_back(static_cast<char>(0x80 | (code_point & 0x3F)));
  } else if (code_point < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code_point >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code_point >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code_point & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (code_point >> 18)));
    out.push_back(static_cast<char>(0x80 | ((code_point >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((code_point >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code_point & 0x3F)));
  }
}

// Java keeps a lone surrogate; UTF-8 has no place for one.
std::string Utf16ToUtf8(const std::u16string& units) {
  constexpr uint32_t kReplacement = 0xFFFD;
  std::string out;
  for (size_t i = 0; i < units.size(); ++i) {
    const uint32_t unit = units[i];
    const bool is_high = unit >= 0xD800 && unit < 0xDC00;
    const bool is_low = unit >= 0xDC00 && unit < 0xE000;
    if (is_high && i + 1 < units.size() && units[i + 1] >= 0xDC00 && units[i + 1] < 0xE000) {
      AppendUtf8(0x10000 + ((unit - 0xD800) << 10) + (units[++i] - 0xDC00u), out);
    } else {
      AppendUtf8(is_high || is_low ? kReplacement : unit, out);
    }
  }
  return out;
}

// Appends the character at text[i] and leaves i at its last byte.
void AppendCharacter(absl::string_view text, Encoding encoding, size_t& i, std::u16string& units) {
  const auto byte = [&](size_t at) { return static_cast<uint32_t>(static_cast<unsigned char>(text[at])); };
  const uint32_t first = byte(i);
  if (encoding == Encoding::kLatin1 || first < 0x80) {
    units.push_back(static_cast<char16_t>(first));  // ISO-8859-1 is the first 256 code points
    return;
  }
  const size_t more = first >= 0xF0 && first < 0xF8 ? 3 : first >= 0xE0 ? 2 : 1;
  uint32_t code_point = first & (0x3F >> more);
  bool is_valid = first >= 0xC2 && first < 0xF5 && text.size() - i > more;
  for (size_t k = 1; is_valid && k <= more; ++k) {
    is_valid = (byte(i + k) & 0xC0) == 0x80;
    code_point = (code_point << 6) | (byte(i + k) & 0x3F);
  }
  if (!is_valid || code_point > 0x10FFFF) {
    units.push_back(0xFFFD);  // as Java's decoder replaces it
    return;
  }
  i += more;
  if (code_point < 0x10000) {
    units.push_back(static_cast<char16_t>(code_point));
  } else {
    units.push_back(static_cast<char16_t>(0xD800 + ((code_point - 0x10000) >> 10)));
    units.push_back(static_cast<char16_t>(0xDC00 + ((code_point - 0x10000) & 0x3FF)));
  }
}

// The code unit of the four digits behind `\u`; nothing when they are not there.
std::optional<char16_t> ReadUnicodeEscape(absl::string_view digits) {
  constexpr size_t kDigits = 4;
  if (digits.size() < kDigits) return std::nullopt;
  uint32_t unit = 0;
  for (const char c : digits.substr(0, kDigits)) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
    const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
    unit = unit * 16 + static_cast<uint32_t>(lower <= '9' ? lower - '0' : lower - 'a' + 10);
  }
  return static_cast<char16_t>(unit);
}

// Nothing for a malformed \uXXXX.
std::optional<std::string> Unescape(absl::string_view text, Encoding encoding) {
  std::u16string units;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      AppendCharacter(text, encoding, i, units);
      continue;
    }
    if (++i == text.size()) break;
    switch (text[i]) {
      case 't':
        units.push_back('\t');
        break;
      case 'r':
        units.push_back('\r');
        break;
      case 'n':
        units.push_back('\n');
        break;
      case 'f':
        units.push_back('\f');
        break;
      case 'u': {
        const std::optional<char16_t> unit = ReadUnicodeEscape(text.substr(i + 1));
        if (!unit.has_value()) return std::nullopt;
        units.push_back(*unit);
        i += 4;
        break;
      }
      default:
        AppendCharacter(text, encoding, i, units);
    }
  }
  return Utf16ToUtf8(units);
}

// Java's reader has escapes for these alone, and others are written in front of what would end a key or be a comment.
bool IsEscapeOfProperties(char c) { return absl::StrContains("trnfu\\:=#! \t\"'", absl::string_view(&c, 1)); }

// See Property::with_lost_backslashes.
std::string WithLostBackslashes(absl::string_view raw_value) {
  std::string doubled;
  bool has_lost = false;
  for (size_t i = 0; i < raw_value.size(); ++i) {
    doubled.push_back(raw_value[i]);
    if (raw_value[i] != '\\' || ++i == raw_value.size()) continue;
    if (!IsEscapeOfProperties(raw_value[i])) {
      doubled.push_back('\\');
      has_lost = true;
    }
    doubled.push_back(raw_value[i]);
  }
  return has_lost ? doubled : "";
}

// A key ends at the first '=', ':' or blank that is not escaped; at most one '=' or ':' among the blanks that follow
// belongs to neither side.
std::pair<absl::string_view, absl::string_view> SplitEntry(absl::string_view text) {
  size_t key_end = 0;
  for (; key_end < text.size(); ++key_end) {
    const char c = text[key_end];
    if (c == '\\') {
      ++key_end;
    } else if (c == '=' || c == ':' || IsBlank(c)) {
      break;
    }
  }
  if (key_end >= text.size()) return {text, absl::string_view()};
  absl::string_view value = StripLeadingBlanks(text.substr(key_end));
  if (!value.empty() && (value.front() == '=' || value.front() == ':')) value = StripLeadingBlanks(value.substr(1));
  return {text.substr(0, key_end), value};
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& file_name) {
  std::ifstream file(file_name, std::ios::binary);
  if (!file) {
    const int error = errno;
    return absl::NotFoundError(absl::StrCat("cannot read ", file_name, ": ", std::strerror(error)));
  }
  std::string bytes(kPropertiesBytesMax + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad() || (file.fail() && !file.eof())) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", file_name, ": is it a folder?"));
  }
  bytes.resize(static_cast<size_t>(file.gcount()));
  if (bytes.size() > kPropertiesBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(file_name, " has more than ", kPropertiesBytesMax, " bytes: it is no properties file"));
  }
  return bytes;
}

absl::StatusOr<Properties> Properties::Load(const std::string& file_name, Encoding encoding) {
  absl::StatusOr<std::string> bytes = ReadSmallFile(file_name);
  if (!bytes.ok()) return bytes.status();
  return Parse(*bytes, file_name, encoding);
}

absl::StatusOr<Properties> Properties::Parse(absl::string_view bytes, std::string file_name, Encoding encoding) {
  Properties properties;
  properties.file_name_ = std::move(file_name);
  std::vector<Property> all;
  LineReader reader(bytes);
  while (std::optional<LogicalLine> logical = reader.Next()) {
    const auto [raw_key, raw_value] = SplitEntry(logical->text);
    std::optional<std::string> key = Unescape(raw_key, encoding);
    std::optional<std::string> value = Unescape(raw_value, encoding);
    if (!key.has_value() || !value.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat(properties.file_name_, ":", logical->line,
                       ": \\u has to be followed by four hexadecimal digits; write \\\\u for a backslash and a u"));
    }
    all.push_back({*std::move(key), *std::move(value), logical->line, WithLostBackslashes(raw_value)});
  }
  properties.DropOverridden(std::move(all));
  return properties;
}

void Properties::DropOverridden(std::vector<Property> all) {
  absl::flat_hash_map<std::string, int> last_line;
  for (const Property& property : all) last_line[property.key] = property.line;
  for (Property& property : all) {
    const int counts = last_line[property.key];
    if (counts != property.line) {
      warnings_.push_back(absl::StrCat(file_name_, ":", counts, ": ", absl::Utf8SafeCEscape(property.key),
                                       " replaces the same key at line ", property.line, ": delete one of the two"));
      continue;
    }
    index_[property.key] = entries_.size();
    entries_.push_back(std::move(property));
  }
}

const Property* Properties::Find(absl::string_view key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

std::string Properties::Where(const Property& property) const { return absl::StrCat(file_name_, ":", property.line); }

bool IsSecretKey(absl::string_view key) {
  const std::string lower = absl::AsciiStrToLower(key);
  for (const char* part :
       {"password", "passwd", "passphrase", "jaas", "secret", "key", "token", "credential", "auth"}) {
    if (absl::StrContains(lower, part)) return true;
  }
  return false;
}

}  // namespace replicator
