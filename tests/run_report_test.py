"""The judgement of made-up runs."""

import contextlib
import io
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run_report


class RunReport(unittest.TestCase):

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = self.scratch.name
        for variable in ("CI", "REPLICATOR_COUNTS"):
            os.environ.pop(variable, None)
        self.write("steps", "opt 0 120.0")

    def tearDown(self):
        self.scratch.cleanup()

    def write(self, path, text):
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(text + "\n")

    def summary(self, name, words, label="opt"):
        self.write(f"summary/{label}", f"//tests:{name}          {words}")

    def verdict(self, name, kind, text="what was seen", pid=7, label="opt"):
        self.write(f"verdicts/{label}/tests_{name}.{pid}.{kind}", f"//tests:{name}\n== Suite.Case\n{text}")

    def run_it(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = run_report.main(self.folder)
        return code, out.getvalue()

    def expect(self, code, last_line, *texts):
        got, out = self.run_it()
        self.assertEqual((got, out.splitlines()[-1]), (code, last_line), out)
        for text in texts:
            self.assertIn(text, out)

    def test_what_passed_passes(self):
        self.summary("a_test", "PASSED in 3.5s")
        self.summary("b_test", "(cached) PASSED in 0.1s")
        self.expect(0, "2 passed, 0 failed", "3.5 s  opt //tests:a_test", "2.0  opt", "2.0  in all")

    def test_nothing_is_not_a_success(self):
        self.expect(1, "0 passed, 0 failed")

    def test_wrong_fails_though_the_second_try_passed(self):
        self.summary("a_test", "FLAKY, failed in 1 out of 2 in 3.5s")
        self.verdict("a_test", "WRONG", "one record is missing")
        self.expect(1, "0 passed, 1 failed", "WRONG in Suite.Case: one record is missing")

    def test_wrong_fails_though_bazel_knows_of_no_failure(self):
        self.summary("a_test", "PASSED in 3.5s")
        self.verdict("a_test", "WRONG")
        self.expect(1, "0 passed, 1 failed")

    def test_stalled_and_harness_pass_by_the_second_try_and_are_named(self):
        self.summary("a_test", "FLAKY, failed in 1 out of 2 in 3.5s")
        self.verdict("a_test", "HARNESS", "no broker")
        self.summary("b_test", "FLAKY, failed in 1 out of 2 in 3.5s")
        self.verdict("b_test", "STALLED", "no records")
        self.expect(0, "2 passed, 0 failed", "HARNESS in Suite.Case: no broker", "STALLED in Suite.Case: no records")

    def test_harness_fails_when_the_second_try_fails_too(self):
        self.summary("a_test", "FAILED in 2 out of 2 in 3.5s")
        self.verdict("a_test", "HARNESS", pid=7)
        self.verdict("a_test", "HARNESS", pid=8)
        self.write("steps", "asan 3 1.0")
        self.summary("b_test", "TIMEOUT in 900.0s", label="asan")
        self.verdict("b_test", "STALLED", label="asan")
        self.expect(1, "0 passed, 2 failed", "asan //tests:b_test  TIMEOUT")

    def test_three_second_tries_pass_and_four_fail(self):
        for name in ("a", "b", "c"):
            self.summary(name, "FLAKY, failed in 1 out of 2 in 3.5s")
            self.verdict(name, "HARNESS")
        self.expect(0, "3 passed, 0 failed")
        self.summary("d", "FLAKY, failed in 1 out of 2 in 3.5s")
        self.verdict("d", "STALLED")
        self.expect(1, "4 passed, 1 failed", "4 targets needed a second try (at most 3)")

    def test_a_dead_process_is_wrong_unless_the_time_was_over(self):
        self.summary("a_test", "FLAKY, failed in 1 out of 2 in 3.5s")
        self.write("verdicts/opt/tests_a_test.7.running", "//tests:a_test")
        self.verdict("a_test", "HARNESS", pid=7)
        self.summary("b_test", "FLAKY, failed in 1 out of 2 in 3.5s")
        self.write("verdicts/opt/tests_b_test.9.running", "//tests:b_test")
        self.verdict("b_test", "STALLED", pid=9)
        self.expect(1, "1 passed, 1 failed", "opt //tests:a_test  WRONG in (no case): the test's process has died")

    def test_a_failed_try_without_a_verdict_is_wrong(self):
        self.summary("a_test", "FLAKY, failed in 1 out of 2 in 3.5s")
        self.summary("b_test", "FAILED in 0.5s")
        self.expect(1, "0 passed, 2 failed", "a try failed without a verdict")

    def test_the_same_target_in_two_steps_is_two(self):
        self.summary("a_test", "PASSED in 3.5s")
        self.summary("a_test", "PASSED in 3.5s", label="tsan")
        self.verdict("a_test", "WRONG", label="tsan")
        self.expect(1, "1 passed, 1 failed", "tsan //tests:a_test  PASSED, WRONG")

    def test_what_was_not_built_or_run_fails(self):
        self.summary("a_test", "FAILED TO BUILD")
        self.summary("b_test", "NO STATUS")
        self.expect(1, "0 passed, 2 failed")

    def test_a_step_that_failed_without_a_failed_target_fails(self):
        self.summary("a_test", "PASSED in 3.5s")
        self.write("steps", "tsan 1 2.0")
        self.expect(1, "1 passed, 1 failed", "tsan: Bazel ended with 1")

    def test_a_target_that_is_missing_in_its_summary_fails(self):
        self.summary("a_test", "PASSED in 3.5s")
        self.summary("b_test", "PASSED in 3.5s", label="asan")
        self.write("patterns/opt", "//tests:a_test\n//tests:b_test")
        self.write("patterns/asan", "//tests:b_test")
        self.expect(1, "2 passed, 1 failed", "opt //tests:b_test  not in the summary")

    def test_targets_that_are_all_in_the_summary_pass(self):
        self.summary("a_test", "PASSED in 3.5s")
        self.write("patterns/opt", "//tests:a_test")
        self.expect(0, "1 passed, 0 failed")

    def test_a_list_without_targets_fails_unless_it_may_be_empty(self):
        self.summary("a_test", "PASSED in 3.5s")
        self.write("patterns/rotated", "")
        self.expect(0, "1 passed, 0 failed")
        self.write("patterns/tsan", "")
        self.expect(1, "1 passed, 1 failed", "tsan: there was nothing to run")

    def test_skipped_is_printed_and_fails_in_ci(self):
        self.summary("a_test", "PASSED in 3.5s")
        self.verdict("a_test", "SKIPPED", "no right to mount")
        self.expect(0, "1 passed, 0 failed", "SKIPPED in Suite.Case: no right to mount")
        os.environ["CI"] = "true"
        self.expect(1, "0 passed, 1 failed")

    def test_counts_go_to_whoever_adds_them_up(self):
        self.summary("a_test", "PASSED in 3.5s")
        os.environ["REPLICATOR_COUNTS"] = os.path.join(self.folder, "counts")
        code, out = self.run_it()
        self.assertEqual(code, 0)
        self.assertNotIn("passed", out.splitlines()[-1])
        self.assertEqual(run_report.read_lines(os.path.join(self.folder, "counts")), ["1 0"])


if __name__ == "__main__":
    unittest.main()
