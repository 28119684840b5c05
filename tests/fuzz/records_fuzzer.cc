// libFuzzer over the records of a batch; built and run like response_fuzzer.cc.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  replicator::tests::FuzzRecords(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
