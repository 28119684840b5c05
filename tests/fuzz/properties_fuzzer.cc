// libFuzzer over properties files; built and run like response_fuzzer.cc.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  replicator::tests::FuzzProperties(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
