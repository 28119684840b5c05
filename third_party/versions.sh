# What ./dev setup installs, pinned. Changing a line here is how a dependency is updated.
APT_PACKAGES="
  bazel-bootstrap bazel-rules-java bazel-rules-proto bazel-skylib bazel-platforms
  clang-16 clang-format-16 clang-tidy-16 libclang-rt-16-dev lld-16 llvm-16
  libgflags-dev libgoogle-glog-dev libprotobuf-dev protobuf-compiler librocksdb-dev
  libgtest-dev libgmock-dev libbenchmark-dev libasio-dev libssl-dev libre2-dev
  libcpp-httplib-dev nlohmann-json3-dev
  libzstd-dev liblz4-dev libsnappy-dev zlib1g-dev libisal-dev
  openjdk-17-jdk-headless maven dpkg-dev make libc6-dev g++ git python3 ca-certificates gpgv debian-archive-keyring"

# Library sources: NAME SUITE SOURCE-PACKAGE VERSION ORIG-TARBALL SHA256-OF-THE-TARBALL
SOURCES="
abseil bookworm abseil 20220623.1-1+deb12u2 abseil_20220623.1.orig.tar.gz abfe2897f3a30edaa74bc34365afe3c2a3cd012091a97dc7e008f7016adcd5fe
librdkafka trixie librdkafka 2.8.0-1 librdkafka_2.8.0.orig.tar.gz 5bd1c46f63265f31c6bfcedcde78703f77d28238eadf23821c2b43fc30be3e25"

# Kafka brokers for tests, demo and benchmarks, as Maven artifacts: VERSION SCALA [ZOOKEEPER]. The ZooKeeper replaces the one
# that the artifact asks for: 2.1.1's own cannot resolve its clients' addresses on a JVM of today (UnresolvedAddressException).
KAFKA_VERSIONS="
1.1.1 2.12
2.1.1 2.12 3.4.10
2.8.2 2.13
3.1.2 2.13
3.7.2 2.13
3.9.1 2.13
4.3.1 2.13"
SLF4J_VERSION=1.7.36

# Only `./dev bench` needs it: the peer that users come from.
MIRRORMAKER2_VERSION=3.9.1
