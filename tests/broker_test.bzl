"""Tests that run the program between real Kafka clusters."""

load("@rules_cc//cc:defs.bzl", "cc_test")

_DEPS = [
    "//tests/scene:copy_scene",
    "//tests/scene:figures",
    "//tests/cluster:broker_test_main",
    "@com_google_absl//absl/status",
    "@com_google_absl//absl/status:statusor",
    "@com_google_absl//absl/strings",
    "@com_google_absl//absl/time",
]

def broker_test(name, srcs, alone = False, rotated = False, threads = False, deps = [], tags = [], **kwargs):
    """A test on real brokers. tests/README.md says when to use which option.

    Args:
      name: name of the target
      srcs: one or more files of test cases
      alone: nothing else runs meanwhile: for tests in which brokers die under load, and for those that measure
      rotated: too heavy for each run: `./dev test` takes some of these in turn, `./dev test all` takes all
      threads: runs under ThreadSanitizer, too
      deps: beside the scene, the test framework and what all tests use of Abseil
      tags: beside those that follow from the above
      **kwargs: as for cc_test
    """
    cc_test(
        name = name,
        srcs = srcs,
        tags = tags + ["broker", "exclusive" if alone else "cpu:1"] +
               (["rotated"] if rotated else []) + (["threads"] if threads else []),
        timeout = kwargs.pop("timeout", "long"),
        deps = _DEPS + [dep for dep in deps if dep not in _DEPS],
        **kwargs
    )
