#!/usr/bin/env bash
# The house rules that a script can check. Run by ./dev lint and by CI; prints each breach and ends with 1.
set -uo pipefail
cd "$(dirname "$0")/.."
breaches=0
breach() { echo "house rule: $*"; breaches=$((breaches + 1)); }
files() { git ls-files --cached --others --exclude-standard -- "$@"; }

# Files have one job and functions fit a screen.
while read -r file; do
  lines=$(wc -l < "$file")
  [ "$lines" -le 600 ] || breach "$file has $lines lines (at most 600)"
  awk -v file="$file" '
    /^[A-Za-z].*\{$/ && !/^(namespace|struct|class|enum|union|extern|constexpr .*= *\{|const .*= *\{)/ { start = NR; name = $0 }
    /^\}/ { if (start && NR - start > 70) { print file ":" start ": function of " NR - start " lines (at most 70): " name; bad = 1 } start = 0 }
    END { exit bad }' "$file" || breach "$file: functions fit a screen"
done < <(files '*.cc' '*.h')

# Dependencies point one way: replicator -> offsets, policy -> kafka, and tests know all.
while read -r hit; do breach "dependency against the grain: $hit"; done < <(
  grep -nE '#include "(replicator|tests|bench)/' $(files 'kafka/*' 'policy/*' 'offsets/*') /dev/null
  grep -nE '#include "(policy|offsets)/' $(files 'kafka/*') /dev/null)

# The pure rooms know no event loop, and no room but kafka/ knows librdkafka (the version is shown by the program).
while read -r hit; do breach "Asio in a pure file: $hit"; done < <(
  grep -nE '#include <asio' $(files 'kafka/wire/*' 'kafka/record_batch*' 'kafka/buffer*' 'kafka/crc32c*' 'policy/*' 'offsets/*' 'replicator/partition*') /dev/null)
while read -r hit; do breach "librdkafka outside of kafka/: $hit"; done < <(
  grep -nE '#include <librdkafka' $(files 'replicator/*' 'policy/*' 'offsets/*') /dev/null | grep -v '^replicator/version.cc:')

# The protocol client and the program never take a lock on the path of a batch.
while read -r hit; do breach "a mutex on the path of a batch: $hit"; done < <(
  grep -nE 'absl::Mutex|std::mutex' $(files 'kafka/*' 'replicator/partition*' 'replicator/source*' 'replicator/sink*') /dev/null)

# Nothing of a machine gets into the tree: no home folders, no package registries.
while read -r hit; do breach "a path or host of one machine: $hit"; done < <(
  git grep -nIE '/[r]oot/|/home/[a-z]|deb[.]debian[.]org|repo1?[.]maven|pypi[.]org' -- . ':!tests/house_rules.sh')

# A to-do names what would trigger it.
while read -r hit; do breach "TODO without a trigger: $hit"; done < <(grep -nE '\b(TODO|FIXME|XXX)\b' $(files '*.cc' '*.h') /dev/null)

[ "$breaches" = 0 ] && echo "house rules: all kept"
[ "$breaches" = 0 ]
