# Sourced by ./dev: which tests a run takes, and how. tests/run_report.py judges them; tests/cluster/verdict.h says why a
# failure is not always one.

# A run has a folder: steps, summaries, verdicts and what failing tests keep. Some of the last ones stay. Those of the last
# day stay, too, unless there are very many: they may still be under way.
RUNS_KEPT=10
RUNS_MAX=40
runs_to_remove() { # FOLDER, whose names begin with the time
  local day_ago
  day_ago=$(date -u -d '1 day ago' +%Y%m%d-%H%M%S)
  ls -1d "$1"/*/ | head -n -"$RUNS_KEPT" | awk -F/ -v day_ago="$day_ago" '$(NF - 1) < day_ago'
  ls -1d "$1"/*/ | head -n -"$RUNS_MAX"
}
begin_run() {
  local runs=$CACHE/runs
  RUN=$runs/$(date -u +%Y%m%d-%H%M%S)-$$
  mkdir -p "$RUN"/{summary,verdicts,kept,patterns}
  runs_to_remove "$runs" | xargs -r -d '\n' rm -rf
}

end_run() { echo; tests/run_report.py "$RUN"; }

# The heavy tests take turns, and random histories go on where those of the commit before have ended. A clone without
# history has no count; its commit's name is a number, too.
commit_count() {
  if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
    echo $((16#$(git rev-parse HEAD | cut -c1-5)))
  else
    git rev-list --count HEAD
  fi
}
ROTATION=4

# Tests by a Bazel query in which `all` stands for all tests that are not `manual`.
query_tests() { # EXPRESSION
  bazel query --noshow_progress "let all = kind('.*_test rule', //...) except attr(tags, '\bmanual\b', //...) in $1" | sort
}
tagged() { echo "attr(tags, '\\b$1\\b', \$all)"; }

# The share of this commit.
rotated_share() { query_tests "$(tagged rotated)" | awk -v turn=$(($(commit_count) % ROTATION)) -v of=$ROTATION 'NR % of == turn'; }

# One Bazel call. A failure is the report's to judge: the other steps run all the same.
run_step() { # LABEL BAZEL-ARGS...
  local label=$1 status=0 begin=$SECONDS; shift
  echo; echo "== $label"
  mkdir -p "$RUN/verdicts/$label"
  bazel test "$@" 2>&1 | tee "$RUN/$label.log" || status=$?
  grep -E '^//' "$RUN/$label.log" > "$RUN/summary/$label" || true
  echo "$label $status $((SECONDS - begin))" >> "$RUN/steps"
}

# Targets from stdin. What broker tests note and keep has a folder for each call, so that no result of theirs is cached:
# two runs of one and the same test may differ. Bazel gives a second try to broker tests only.
run_targets() { # LABEL BAZEL-ARGS...
  local label=$1; shift
  cat > "$RUN/patterns/$label"
  [ -s "$RUN/patterns/$label" ] || return 0
  run_step "$label" --target_pattern_file="$RUN/patterns/$label" "$@"
}
broker_args() { # LABEL
  echo "--test_env=REPLICATOR_VERDICTS=$RUN/verdicts/$1 --test_env=REPLICATOR_KEPT=$RUN/kept/$1 --local_test_jobs=2"
}

# REPLICATOR_FIRST_SEED moves the model's histories; the test prints it.
SEEDS_PER_COMMIT=1000000
unit_args() { echo "--test_env=REPLICATOR_FIRST_SEED=$(($(commit_count) * SEEDS_PER_COMMIT))"; }

run_opt() { # quick|some|all
  local brokers
  [ "$1" != some ] || echo "heavy tests: turn $(($(commit_count) % ROTATION)) of $ROTATION; ./dev test all takes all of them"
  if [ "$1" = quick ]; then brokers=$(tagged quick); else brokers="$(tagged broker) except $(tagged rotated)"; fi
  query_tests "\$all except $(tagged broker)" | run_targets unit --config=opt --build_tests_only $(unit_args)
  query_tests "$brokers" | run_targets brokers --config=opt --flaky_test_attempts=2 $(broker_args brokers)
  case $1 in
    some) rotated_share ;;
    all) query_tests "$(tagged rotated)" ;;
    quick) ;;
  esac | run_targets rotated --config=opt --flaky_test_attempts=2 $(broker_args rotated)
}

# Everything that needs no broker, and the copies between real brokers that are tagged `threads`.
run_asan() {
  query_tests "\$all except ($(tagged broker) except $(tagged threads))" |
    run_targets asan --config=asan $(sanitizer_args asan)
}
run_tsan() {
  query_tests "$(tagged threads)" | run_targets tsan --config=tsan $(sanitizer_args tsan) \
    --test_env=TSAN_OPTIONS="suppressions=$PWD/third_party/sanitizers.supp:halt_on_error=1"
}
sanitizer_args() { # LABEL
  query_tests "$(tagged broker) intersect $(tagged threads)" | sed 's/.*/--flaky_test_attempts=^&$@2/'
  unit_args
  broker_args "$1"
}

run_tests() { # [quick|all|mechanism|TARGETS AND BAZEL FLAGS]
  local what=${1:-some}
  case $what in
    some|quick|all|mechanism) [ $# -le 1 ] || { usage >&2; exit 2; } ;;
    //*|:*|-*) ;;
    *) echo "dev: there are no tests named '$what'" >&2; usage >&2; exit 2 ;;
  esac
  setup
  [ "$what" != mechanism ] || exec tests/mechanism/show.sh
  begin_run
  case $what in
    //*|:*|-*)
      case " $*" in *" --config="*) ;; *) set -- --config=opt "$@" ;; esac
      run_step named $(broker_args named) "$@" ;;
    quick) run_opt quick ;;
    *) run_opt "$what"; run_asan; run_tsan ;;
  esac
  end_run
}
