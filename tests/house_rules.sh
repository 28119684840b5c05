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

# So do the folders below kafka/ and replicator/: each includes only those of a lower level (kafka/README.md, replicator/README.md).
levels() { # ROOM FOLDER=LEVEL...
  local room=$1; shift
  for folder in "$room"/*/; do
    [[ " $* " == *" $(basename "$folder")="* ]] || breach "$folder has no level in tests/house_rules.sh"
  done
  while read -r hit; do breach "dependency against the grain: $hit"; done < <(
    grep -HoE "#include \"$room/[a-z]+/" $(files "$room/*.h" "$room/*.cc" | grep -v '_test\.cc$') /dev/null |
      awk -F'[:/"]' -v levels="$*" '
        BEGIN { n = split(levels, pairs, " "); for (i = 1; i <= n; i++) { split(pairs[i], pair, "="); level[pair[1]] = pair[2] } }
        { self = $2; other = $(NF - 1); if (self != other && level[other] >= level[self]) print $0 }')
}
levels kafka rdkafka=0 wire=0 net=1 batch=1 client=2
levels replicator base=0 config=1 partition=2 memory=3 status=4 locate=4 ownership=4 control=4 copy=5 groups=6 serve=7 link=8 cli=9

# The harness knows nothing of the tests that use it.
while read -r hit; do breach "the harness includes what stands above it: $hit"; done < <(
  grep -nE '#include "tests/(scene|copy|faults|operator|config|groups|soak)/' $(files 'tests/cluster/*') /dev/null
  grep -nE '#include "tests/(copy|faults|operator|config|groups|soak)/' $(files 'tests/scene/*') /dev/null)

# Tests on brokers (tests/README.md): targets by the macro, scenes by the fixture, exit codes by name, no limits of speed.
broker_tests() { files 'tests/copy/*' 'tests/faults/*' 'tests/operator/*' 'tests/config/*' 'tests/groups/*'; }
while read -r hit; do breach "a test on brokers that is not made by tests/broker_test.bzl: $hit"; done < <(
  grep -nE '"(broker|exclusive)"|^cc_test' $(broker_tests | grep 'BUILD.bazel$') /dev/null
  grep -nE '"(broker|exclusive)"' $(files 'tests/*/BUILD.bazel' | grep -v '^tests/mechanism/') /dev/null)
while read -r hit; do breach "a scene that SceneTest does not keep: $hit"; done < <(
  grep -nE 'static (std::unique_ptr<)?CopyScene' $(broker_tests) /dev/null)
while read -r hit; do breach "an exit code as a bare number: $hit"; done < <(
  grep -nE '(->|\.)code, [1-9][0-9]*\)' $(broker_tests) /dev/null)
while read -r hit; do breach "a limit of speed (write a Figure): $hit"; done < <(
  grep -nE '(EXPECT|ASSERT)_L[TE]\(.*(absl::Now\(\)|absl::(Milliseconds|Seconds|Minutes)\()' $(broker_tests) /dev/null)

# The pure rooms know no event loop, and no room but kafka/ knows librdkafka (the version is shown by the program).
while read -r hit; do breach "Asio in a pure file: $hit"; done < <(
  grep -nE '#include <asio' $(files 'kafka/wire/*' 'kafka/batch/*' 'kafka/net/buffer*' 'policy/*' 'offsets/*' 'replicator/partition/*') /dev/null)
while read -r hit; do breach "librdkafka outside of kafka/: $hit"; done < <(
  grep -nE '#include <librdkafka' $(files 'replicator/*' 'policy/*' 'offsets/*') /dev/null | grep -v '^replicator/cli/version.cc:')

# The protocol client and the program never take a lock on the path of a batch.
while read -r hit; do breach "a mutex on the path of a batch: $hit"; done < <(
  grep -nE 'absl::Mutex|std::mutex' $(files 'kafka/*' 'replicator/partition/*' 'replicator/copy/source*' 'replicator/copy/sink*' |
    grep -vE '/(steady_event[.]h|resolver[.]cc|[a-z_]*_test[.]cc)$') /dev/null)

# A wall clock that is set back must not hold anything up: kafka/net/steady_event.h waits by the steady one.
while read -r hit; do breach "a wait by the wall clock: $hit"; done < <(
  grep -nE '(Wait|Await|Lock)[A-Za-z]*With(Timeout|Deadline)' $(files 'kafka/*' 'policy/*' 'offsets/*' 'replicator/*' | grep -v '_test[.]cc$') /dev/null)

# Nothing of a machine gets into the tree: no home folders, no package registries.
while read -r hit; do breach "a path or host of one machine: $hit"; done < <(
  git grep -nIE '/[r]oot/|/home/[a-z]|deb[.]debian[.]org|repo1?[.]maven|pypi[.]org' -- . ':!tests/house_rules.sh')

# A to-do names what would trigger it.
while read -r hit; do breach "TODO without a trigger: $hit"; done < <(grep -nE '\b(TODO|FIXME|XXX)\b' $(files '*.cc' '*.h') /dev/null)

[ "$breaches" = 0 ] && echo "house rules: all kept"
[ "$breaches" = 0 ]
