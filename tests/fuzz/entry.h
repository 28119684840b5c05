// What the fuzzers and the replay test feed with bytes from nowhere. No return value: whatever the bytes,
// these must neither crash nor read outside of them nor allocate more than a small multiple of their size;
// an invariant that breaks is a CHECK.
#ifndef REPLICATOR_TESTS_FUZZ_ENTRY_H_
#define REPLICATOR_TESTS_FUZZ_ENTRY_H_

#include <cstddef>
#include <string_view>

namespace replicator::tests {

// Number of response parsers: one for each API and version.
extern const size_t kResponseParserCount;

// input[0] picks the parser, the rest is a response frame without its size field.
void FuzzResponse(std::string_view input);

// `input`: the records of one partition in a Fetch response. Walks them as a replicator does: finds the
// batches, reads every field and marker, patches what could be produced.
void FuzzRecordBatches(std::string_view input);

// `input`: one v2 batch, whose records are read as when a place is searched by content. Beside what the records take,
// a codec may allocate its window (zstd: up to 128 MiB).
void FuzzRecords(std::string_view input);

// `input`: a MirrorMaker 2 properties file. Reads it as `run` does, but for what config providers would look up.
void FuzzProperties(std::string_view input);

}  // namespace replicator::tests

#endif  // REPLICATOR_TESTS_FUZZ_ENTRY_H_
