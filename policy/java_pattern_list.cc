#include "policy/java_pattern_list.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "re2/re2.h"

namespace replicator::policy {
namespace {

absl::Status Refuse(absl::string_view pattern, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("the pattern `", pattern, "` ", reason));
}

RE2::Options Options() {
  RE2::Options options;
  options.set_log_errors(false);
  return options;
}

// Rewrites one Java pattern for RE2, character by character, refusing what the two would read differently.
class Translator {
 public:
  explicit Translator(absl::string_view pattern) : pattern_(pattern) {}

  absl::StatusOr<std::string> Run() {
    while (at_ < pattern_.size()) {
      absl::Status status = Step();
      if (!status.ok()) return status;
    }
    if (in_class_) return Refuse(pattern_, "has a `[` without its `]`");
    return std::move(out_);
  }

 private:
  absl::Status Step() {
    const absl::string_view rest = pattern_.substr(at_);
    if (rest.front() == '\\') return Escape(rest);
    if (in_class_) return InsideClass(rest);
    if (rest.front() == '[') return OpenClass(rest);
    if (absl::StartsWith(rest, "(?")) return Group(rest);
    if (rest.front() == '{') return Repetition(rest);
    Copy(1);
    return absl::OkStatus();
  }

  absl::Status Escape(absl::string_view rest) {
    if (rest.size() == 1) return Refuse(pattern_, "ends in a single backslash");
    if (rest[1] == 'Q') {
      // Copied escaped, since RE2 knows \Q...\E outside of a class only.
      const size_t end = rest.find("\\E");
      const absl::string_view literal = rest.substr(2, end == absl::string_view::npos ? end : end - 2);
      absl::StrAppend(&out_, RE2::QuoteMeta(re2::StringPiece(literal.data(), literal.size())));
      at_ += end == absl::string_view::npos ? rest.size() : end + 2;
      return absl::OkStatus();
    }
    if (rest[1] == 'C') return Refuse(pattern_, "uses the unknown escape \\C");
    if (rest[1] == '0')
      return Refuse(pattern_, "uses an octal escape, which is not supported: write \\x and two digits");
    if (absl::ascii_isdigit(rest[1])) {
      return Refuse(pattern_, "uses a back reference, which is not supported: write the alternatives out");
    }
    // \p{Name}, \P{Name} and \x{h...h}: the braces belong to the escape.
    const bool has_argument = rest.size() > 2 && rest[2] == '{' && absl::StrContains("pPx", rest.substr(1, 1));
    const size_t end = has_argument ? rest.find('}') : absl::string_view::npos;
    Copy(end == absl::string_view::npos ? 2 : end + 1);
    return absl::OkStatus();
  }

  absl::Status OpenClass(absl::string_view rest) {
    in_class_ = true;
    size_t length = 1;
    if (rest.size() > length && rest[length] == '^') ++length;
    // A bracket directly after the opening one is a member of the class, in both dialects.
    if (rest.size() > length && rest[length] == ']') ++length;
    Copy(length);
    return absl::OkStatus();
  }

  absl::Status InsideClass(absl::string_view rest) {
    if (rest.front() == '[') {
      return Refuse(pattern_,
                    "has a `[` inside of a character class, which Java reads as a union: write one class, "
                    "or \\[ for the character itself");
    }
    if (absl::StartsWith(rest, "&&")) {
      return Refuse(pattern_,
                    "intersects character classes with `&&`, which is not supported: write the resulting class");
    }
    if (rest.front() == ']') in_class_ = false;
    Copy(1);
    return absl::OkStatus();
  }

  absl::Status Group(absl::string_view rest) {
    if (absl::StartsWith(rest, "(?!") || absl::StartsWith(rest, "(?<!")) {
      return Refuse(pattern_,
                    "uses a negative look-around, which is not supported: put what it rules out into "
                    "topics.exclude");
    }
    if (absl::StartsWith(rest, "(?=") || absl::StartsWith(rest, "(?<=")) {
      return Refuse(pattern_, "uses a look-around, which is not supported: write the names' form out");
    }
    if (absl::StartsWith(rest, "(?>")) {
      return Refuse(pattern_, "uses an atomic group, which is not supported: write (?: in place of (?>");
    }
    if (absl::StartsWith(rest, "(?<")) {
      absl::StrAppend(&out_, "(?P<");
      at_ += 3;
      return absl::OkStatus();
    }
    if (absl::StartsWith(rest, "(?P")) return Refuse(pattern_, "has an unknown group `(?P`: write (?<name>...)");
    // `(?i)` and the like: RE2 lets a repetition behind it reach over it to what stands before.
    const size_t end = rest.find_first_not_of("imsU-", 2);
    if (end != absl::string_view::npos && rest[end] == ')' && end + 1 < rest.size() &&
        absl::StrContains("*+?{", rest.substr(end + 1, 1))) {
      return Refuse(pattern_, "has a repetition directly behind inline flags, which repeats nothing");
    }
    Copy(2);
    return absl::OkStatus();
  }

  // RE2 takes a brace that is no repetition as a plain character; for Java it is an error, and here it is most often
  // the sign of a list that was cut in two at the comma of `{1,3}`.
  absl::Status Repetition(absl::string_view rest) {
    size_t i = 1;
    while (i < rest.size() && absl::ascii_isdigit(rest[i])) ++i;
    bool valid = i > 1;
    if (valid && i < rest.size() && rest[i] == ',') {
      ++i;
      while (i < rest.size() && absl::ascii_isdigit(rest[i])) ++i;
    }
    valid = valid && i < rest.size() && rest[i] == '}';
    if (!valid) {
      return Refuse(pattern_,
                    "has a `{` that starts no repetition: a comma always separates two patterns, so write "
                    "`{1,3}` as `x(x(x)?)?`, and \\{ for the character itself");
    }
    if (i + 1 < rest.size() && rest[i + 1] == '+') {
      return Refuse(pattern_, "uses a possessive quantifier, which is not supported: leave out the `+` after `}`");
    }
    Copy(i + 1);
    return absl::OkStatus();
  }

  void Copy(size_t length) {
    absl::StrAppend(&out_, pattern_.substr(at_, length));
    at_ += length;
  }

  const absl::string_view pattern_;
  size_t at_ = 0;
  bool in_class_ = false;
  std::string out_;
};

// Of several joined patterns, the first that is at fault by itself.
absl::Status ExplainFailure(const std::vector<std::string>& patterns, const std::vector<std::string>& translated,
                            absl::string_view joined_error) {
  for (size_t i = 0; i < patterns.size(); ++i) {
    const RE2 single(translated[i], Options());
    if (!single.ok()) return Refuse(patterns[i], absl::StrCat("is not supported: ", single.error()));
  }
  return Refuse(absl::StrJoin(patterns, "|"), absl::StrCat("is not supported: ", joined_error));
}

}  // namespace

std::optional<std::string> NameInPattern(absl::string_view pattern) {
  std::string name;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool is_escaped =
        pattern[i] == '\\' && i + 1 < pattern.size() && absl::StrContains(".-", pattern.substr(i + 1, 1));
    if (is_escaped) ++i;
    const char c = pattern[i];
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-') return std::nullopt;
    name.push_back(c);
  }
  if (name.empty()) return std::nullopt;
  return name;
}

absl::StatusOr<JavaPatternList> JavaPatternList::Compile(const std::vector<std::string>& patterns) {
  JavaPatternList list;
  if (patterns.empty()) return list;
  std::vector<std::string> translated;
  translated.reserve(patterns.size());
  for (const std::string& pattern : patterns) {
    absl::StatusOr<std::string> one = Translator(pattern).Run();
    if (!one.ok()) return one.status();
    translated.push_back(*std::move(one));
  }
  auto regex = std::make_shared<const RE2>(absl::StrJoin(translated, "|"), Options());
  if (!regex->ok()) return ExplainFailure(patterns, translated, regex->error());
  list.regex_ = std::move(regex);
  return list;
}

bool JavaPatternList::Matches(absl::string_view name) const {
  return regex_ != nullptr && RE2::FullMatch(re2::StringPiece(name.data(), name.size()), *regex_);
}

}  // namespace replicator::policy
