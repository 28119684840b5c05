#!/usr/bin/env bash
# Runs planted tests, all of which pass on their second try, and shows what a run makes of their first:
# a wrong result and a crash fail it, troubles of the harness and time-outs do not, unless there are too many.
set -euo pipefail
cd "$(dirname "$0")/../.."
CACHE=${REPLICATOR_CACHE:-$HOME/.cache/replicator}
. tests/run_tests.sh
unset REPLICATOR_COUNTS CI
wrongs=0
check() { # WHAT CONDITION...
  local what=$1; shift
  if "$@"; then echo "mechanism: $what"; else echo "mechanism: NOT SO: $what"; wrongs=$((wrongs + 1)); fi
}

# Runs planted tests as a run of their own: its exit code in CODE, its report in REPORT.
run_planted() { # NAME...
  local names=("${@/#///tests/mechanism:planted_}")
  begin_run
  mkdir "$RUN/planted"
  run_step planted --config=opt --flaky_test_attempts=2 --test_output=summary --test_timeout=20 $(broker_args planted) \
    --test_env=REPLICATOR_PLANTED="$RUN/planted" "${names[@]}" > "$RUN/output" 2>&1
  CODE=0
  REPORT=$(end_run) || CODE=$?
  ends_with() { [ "${REPORT##*$'\n'}" = "$1" ]; }
  says() { [[ $REPORT == *"$1"* ]]; }
  lacks() { ! says "$1"; }
  fails() { [ "$CODE" = 1 ]; }
  passes() { [ "$CODE" = 0 ]; }
}

run_planted assertion wrong crash
check "a wrong result fails the run" fails
check "... each of them, though all second tries pass" ends_with "0 passed, 3 failed"
check "... a failed assertion" says "planted_assertion  WRONG in Planted.FailsOnItsFirstTry"
check "... a noted verdict without a failed assertion" says "planted_wrong  WRONG in Planted.FailsOnItsFirstTry: planted"
check "... a crash" says "planted_crash  WRONG in (no case): the test's process has died"

run_planted harness_1 consequence hang
check "troubles of the harness and a time-out do not fail the run" passes
check "... and all tests have passed" ends_with "3 passed, 0 failed"
check "... they are named: a failed status" says "planted_harness_1  HARNESS in Planted.FailsOnItsFirstTry"
check "... a failure and its consequence" says "planted_consequence  HARNESS in Planted.FailsOnItsFirstTry: planted: the load"
check "... a time-out" says "planted_hang  STALLED in Planted.FailsOnItsFirstTry: ended by SIGTERM"

run_planted harness_1 harness_2 suite consequence
check "four of them fail the run" fails
check "... because they are four" says "4 targets needed a second try (at most 3)"
check "a suite that cannot be set up is the harness's failure" says "planted_suite  HARNESS in PlantedSuite: "
check "... and its cases are not skipped ones" lacks "SKIPPED"

[ "$wrongs" = 0 ] && echo "mechanism: all as it should be"
[ "$wrongs" = 0 ]
