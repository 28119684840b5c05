"""Tests that run the program between real Kafka clusters."""

load("@rules_cc//cc:defs.bzl", "cc_test")

_DEPS = [
    "//tests/scene:copy_scene",
    "//tests/scene:figures",
    "//tests/scene:scene_test",
    "//tests/scene:watched_link",
    "//third_party:nlohmann_json",
    "@com_google_absl//absl/status",
    "@com_google_absl//absl/status:statusor",
    "@com_google_absl//absl/strings",
    "@com_google_absl//absl/time",
]

def cluster_test(name, srcs, alone = False, quick = False, rotated = False, threads = False, deps = [], tags = [], **kwargs):
    """A test on real brokers without the program: of the harness itself. The arguments are those of broker_test."""
    cc_test(
        name = name,
        srcs = srcs,
        tags = tags + ["broker", "exclusive" if alone else "cpu:1"] +
               (["quick"] if quick else []) + (["rotated"] if rotated else []) + (["threads"] if threads else []),
        timeout = kwargs.pop("timeout", "long"),
        deps = ["//tests/cluster:broker_test_main"] + deps,
        **kwargs
    )

def broker_test(name, srcs, shape, deps = [], **kwargs):
    """A test of the program on real brokers. tests/README.md says when to use which option.

    Args:
      name: name of the target
      srcs: files of test cases; they share one scene of the shape
      shape: one of tests/scene/shapes.h, or "own" for cases that bring their own pairs of clusters
      deps: beside what every test of the program uses
      **kwargs: as for cc_test, and
        alone: nothing else runs meanwhile: for tests in which brokers die under load, and for those that measure
        quick: `./dev test quick` takes it, too: one or two of each folder, for what every change may break
        rotated: too heavy for each run: `./dev test` takes some of these in turn, `./dev test all` takes all
        threads: runs under ThreadSanitizer, too
    """
    cluster_test(
        name = name,
        srcs = srcs,
        local_defines = [] if shape == "own" else ["REPLICATOR_SHAPE=" + shape],
        deps = _DEPS + [dep for dep in deps if dep not in _DEPS],
        **kwargs
    )
