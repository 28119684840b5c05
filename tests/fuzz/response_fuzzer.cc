// libFuzzer over all response parsers. Sees into the parsers only if they are built with its counters:
//   bazel build --config=asan --copt=-fsanitize=fuzzer-no-link //tests/fuzz:response_fuzzer
//   bazel-bin/tests/fuzz/response_fuzzer -max_total_time=60 -max_len=4096 CORPUS_FOLDER
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  replicator::tests::FuzzResponse(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
