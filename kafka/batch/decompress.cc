#include "kafka/batch/decompress.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kafka/wire/big_endian.h"

namespace replicator::kafka {
namespace {

constexpr size_t kFirstBytes = 64 * 1024;  // of output; doubled while it does not suffice

// snappy-java's SnappyCodec: a magic, two versions, then blocks, each with its compressed length before it.
constexpr std::string_view kXerialMagic("\x82SNAPPY\0", 8);
constexpr size_t kXerialHeaderBytes = 16;

absl::Status Damaged(Codec codec, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("damaged ", CodecName(codec), " data: ", std::string(why)));
}

// Output that grows up to a limit.
class Output {
 public:
  Output(Codec codec, size_t bytes_max) : codec_(codec), bytes_max_(bytes_max) {}

  // Room for more bytes, at least one.
  absl::Status Reserve() { return used_ < bytes_.size() ? absl::OkStatus() : Grow(bytes_.size() + 1); }
  // Room for `count` more bytes.
  absl::Status Reserve(size_t count) {
    if (count <= bytes_.size() - used_) return absl::OkStatus();
    if (count > bytes_max_ - used_) return TooLarge();
    return Grow(used_ + count);
  }
  char* free() { return bytes_.data() + used_; }
  size_t free_bytes() const { return bytes_.size() - used_; }
  void Use(size_t count) { used_ += count; }

  std::string Take() {
    bytes_.resize(used_);
    return std::move(bytes_);
  }

 private:
  absl::Status TooLarge() const {
    return absl::ResourceExhaustedError(
        absl::StrCat("more than ", bytes_max_, " bytes in one batch, compressed by ", CodecName(codec_)));
  }
  absl::Status Grow(size_t needed) {
    if (needed > bytes_max_) return TooLarge();
    bytes_.resize(std::min(bytes_max_, std::max({needed, bytes_.size() * 2, kFirstBytes})));
    return absl::OkStatus();
  }

  const Codec codec_;
  const size_t bytes_max_;
  std::string bytes_;
  size_t used_ = 0;
};

absl::Status Inflate(std::string_view input, Output& output) {
  z_stream stream = {};
  constexpr int kGzipOnly = 16;
  if (inflateInit2(&stream, MAX_WBITS + kGzipOnly) != Z_OK) return absl::ResourceExhaustedError("no memory for zlib");
  std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());
  for (;;) {
    absl::Status room = output.Reserve();
    if (!room.ok()) return room;
    const uInt free_bytes = static_cast<uInt>(output.free_bytes());
    stream.next_out = reinterpret_cast<Bytef*>(output.free());
    stream.avail_out = free_bytes;
    const int code = inflate(&stream, Z_NO_FLUSH);
    output.Use(free_bytes - stream.avail_out);
    if (code == Z_STREAM_END) {
      if (stream.avail_in == 0) return absl::OkStatus();
      inflateReset(&stream);
    } else if (code != Z_OK) {
      return Damaged(Codec::kGzip, stream.msg != nullptr ? stream.msg : "it ends too soon");
    }
  }
}

absl::Status UncompressBlock(std::string_view block, Output& output) {
  size_t bytes = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &bytes)) {
    return Damaged(Codec::kSnappy, "a block has no length");
  }
  absl::Status room = output.Reserve(bytes);
  if (!room.ok()) return room;
  if (bytes > 0 && !snappy::RawUncompress(block.data(), block.size(), output.free())) {
    return Damaged(Codec::kSnappy, "a block");
  }
  output.Use(bytes);
  return absl::OkStatus();
}

absl::Status UncompressSnappy(std::string_view input, Output& output) {
  if (input.substr(0, kXerialMagic.size()) != kXerialMagic) return UncompressBlock(input, output);
  if (input.size() < kXerialHeaderBytes) return Damaged(Codec::kSnappy, "its header is cut off");
  input.remove_prefix(kXerialHeaderBytes);
  while (!input.empty()) {
    if (input.size() < sizeof(int32_t)) return Damaged(Codec::kSnappy, "a block's length is cut off");
    const int32_t length = LoadInt32(input.data());
    input.remove_prefix(sizeof(int32_t));
    if (length < 0 || static_cast<size_t>(length) > input.size()) return Damaged(Codec::kSnappy, "a block is cut off");
    absl::Status block = UncompressBlock(input.substr(0, static_cast<size_t>(length)), output);
    if (!block.ok()) return block;
    input.remove_prefix(static_cast<size_t>(length));
  }
  return absl::OkStatus();
}

absl::Status DecompressLz4(std::string_view input, Output& output) {
  LZ4F_dctx* created = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&created, LZ4F_VERSION))) {
    return absl::ResourceExhaustedError("no memory for lz4");
  }
  std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> context(created, LZ4F_freeDecompressionContext);
  for (;;) {
    absl::Status room = output.Reserve();
    if (!room.ok()) return room;
    size_t written = output.free_bytes();
    size_t read = input.size();
    const size_t hint = LZ4F_decompress(context.get(), output.free(), &written, input.data(), &read, nullptr);
    if (LZ4F_isError(hint)) return Damaged(Codec::kLz4, LZ4F_getErrorName(hint));
    output.Use(written);
    input.remove_prefix(read);
    if (hint == 0 && input.empty()) return absl::OkStatus();
    if (read == 0 && written == 0) return Damaged(Codec::kLz4, "it ends too soon");
  }
}

absl::Status DecompressZstd(std::string_view input, Output& output) {
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (context == nullptr) return absl::ResourceExhaustedError("no memory for zstd");
  ZSTD_inBuffer in = {input.data(), input.size(), 0};
  for (;;) {
    absl::Status room = output.Reserve();
    if (!room.ok()) return room;
    const size_t read_before = in.pos;
    ZSTD_outBuffer out = {output.free(), output.free_bytes(), 0};
    const size_t hint = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(hint)) return Damaged(Codec::kZstd, ZSTD_getErrorName(hint));
    output.Use(out.pos);
    if (hint == 0 && in.pos == in.size) return absl::OkStatus();
    if (in.pos == read_before && out.pos == 0) return Damaged(Codec::kZstd, "it ends too soon");
  }
}

}  // namespace

absl::StatusOr<std::string> Decompress(Codec codec, std::string_view input, size_t bytes_max) {
  Output output(codec, bytes_max);
  absl::Status status = absl::InvalidArgumentError("not a codec");
  switch (codec) {
    case Codec::kNone:
      status = output.Reserve(input.size());
      if (status.ok()) {
        std::copy(input.begin(), input.end(), output.free());
        output.Use(input.size());
      }
      break;
    case Codec::kGzip:
      status = Inflate(input, output);
      break;
    case Codec::kSnappy:
      status = UncompressSnappy(input, output);
      break;
    case Codec::kLz4:
      status = DecompressLz4(input, output);
      break;
    case Codec::kZstd:
      status = DecompressZstd(input, output);
      break;
  }
  if (!status.ok()) return status;
  return output.Take();
}

}  // namespace replicator::kafka
