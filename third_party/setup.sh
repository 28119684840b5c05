# Sourced by ./dev: brings a Debian 12 machine to the state that the build needs. Every step looks first, so a second
# call takes a second. Needs root (or sudo) only while Debian packages are missing.

say() { echo "setup: $*" >&2; }
die() { echo "setup: error: $*" >&2; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

setup() {
  mkdir -p "$CACHE"
  setup_packages
  setup_sources
  setup_kafka
  prune_disk_cache
}

# A mirror's hiccup passes: three tries in all.
try() { # COMMAND...
  local pause
  for pause in 10 30; do
    "$@" && return
    say "failed, again in $pause s: $*"
    sleep "$pause"
  done
  "$@"
}

# Bazel never removes anything from its disk cache (.bazelrc): what was not used for longest goes.
DISK_CACHE_MIB_MAX=20480
DISK_CACHE_MIB_LEFT=15360
prune_disk_cache() {
  local dir=$HOME/.cache/replicator/bazel used
  [ -d "$dir" ] || return 0
  used=$(du -sm "$dir" 2>/dev/null | cut -f1)
  [ "${used:-0}" -gt "$DISK_CACHE_MIB_MAX" ] || return 0
  say "pruning Bazel's disk cache of $used MiB"
  find "$dir" -type f -printf '%A@ %s %p\n' 2>/dev/null | sort -n |
    awk -v over=$(((used - DISK_CACHE_MIB_LEFT) * 1048576)) '
      freed < over { freed += $2; sub(/^[^ ]+ [^ ]+ /, ""); print }' | xargs -r -d '\n' rm -f
}

setup_packages() {
  local missing=() p
  for p in $APT_PACKAGES; do
    [ -n "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null | grep -x installed)" ] || missing+=("$p")
  done
  [ ${#missing[@]} = 0 ] && return
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  try as_root apt-get update -q >"$CACHE/apt.log" 2>&1 || die "apt-get update failed; see $CACHE/apt.log"
  try as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" \
    >>"$CACHE/apt.log" 2>&1 || die "apt-get install failed; see $CACHE/apt.log"
}

# The Debian mirror that this machine already uses.
debian_mirror() {
  { awk '/^URIs:/{print $2}' /etc/apt/sources.list.d/*.sources
    awk '$1=="deb"{for(i=2;i<=NF;i++) if($i ~ /^https?:/) print $i}' /etc/apt/sources.list /etc/apt/sources.list.d/*.list
  } 2>/dev/null | grep -E '/debian/?$' | head -n 1 || true
}

# apt-get with package lists of its own: the machine's sources stay as they are.
source_apt() {
  apt-get -q -o Dir::Etc::sourcelist="$CACHE/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$CACHE/apt/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root "$@"
}

setup_sources() {
  local name suite package version tarball sha
  while read -r name suite package version tarball sha; do
    [ -n "$name" ] || continue
    [ -f "$CACHE/sources/$name-$version/.ready" ] || fetch_source "$name" "$suite" "$package" "$version" "$tarball" "$sha"
    [ "$name" != librdkafka ] || configure_librdkafka "$CACHE/sources/$name-$version"
    mkdir -p .deps
    ln -sfn "$CACHE/sources/$name-$version" ".deps/$name"
  done <<< "$SOURCES"
}

fetch_source() { # NAME SUITE PACKAGE VERSION TARBALL SHA256
  local name=$1 suite=$2 package=$3 version=$4 tarball=$5 sha=$6 mirror dir
  dir=$CACHE/sources/$name-$version
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || die "no Debian mirror found in /etc/apt; add one there, then call ./dev setup again"
  say "fetching the source of $package $version (Debian $suite)"
  mkdir -p "$CACHE/apt/lists/partial" "$CACHE/download"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$CACHE/apt/sources.list"
  try download_source "$package" "$version" >"$CACHE/apt/$name.log" 2>&1 \
    || die "cannot fetch $package $version; see $CACHE/apt/$name.log"
  echo "$sha  $CACHE/download/$tarball" | sha256sum --check --status || die "$tarball is not the pinned one (sha256 $sha)"
  rm -rf "$dir" "$dir.new" && mkdir -p "$dir.new"
  tar -xzf "$CACHE/download/$tarball" -C "$dir.new" --strip-components=1
  touch "$dir.new/.ready" && mv "$dir.new" "$dir"
}

# Only the upstream tarball is used, and its sum is pinned. So any revision of Debian's will do: mirrors drop the older
# ones.
download_source() { # PACKAGE VERSION
  source_apt update || return
  (cd "$CACHE/download" && { source_apt source --download-only "$1=$2" || source_apt source --download-only "$1"; })
}

# Only ./configure is used, for its config.h; Bazel compiles the sources (third_party/librdkafka.BUILD).
# Again only when the options have changed. ThreadSanitizer does not know threads of C11 (thrd_create) and crashes in them.
LIBRDKAFKA_OPTIONS="--disable-gssapi --disable-curl --disable-lz4-ext --enable-zstd --enable-ssl --disable-c11threads"
configure_librdkafka() { # DIR
  [ "$(cat "$1/.configured" 2>/dev/null)" != "$LIBRDKAFKA_OPTIONS" ] || return 0
  (cd "$1" && CC=clang-16 CXX=clang++-16 ./configure $LIBRDKAFKA_OPTIONS) \
    >"$CACHE/apt/librdkafka-configure.log" 2>&1 || die "librdkafka's configure failed; see $CACHE/apt/librdkafka-configure.log"
  touch "$1/WORKSPACE"
  echo "$LIBRDKAFKA_OPTIONS" > "$1/.configured"
}

setup_kafka() {
  local version scala zookeeper
  while read -r version scala zookeeper; do
    [ -n "$version" ] || continue
    [ -f "$CACHE/kafka/$version/.ready" ] || fetch_jars "Kafka $version" "$CACHE/kafka/$version" "kafka_$scala" "$version" "$zookeeper"
  done <<< "$KAFKA_VERSIONS"
}

setup_mirrormaker2() {
  local dir=$CACHE/mirrormaker2/$MIRRORMAKER2_VERSION
  [ -f "$dir/.ready" ] || fetch_jars "MirrorMaker 2 $MIRRORMAKER2_VERSION" "$dir" connect-mirror "$MIRRORMAKER2_VERSION"
}

# An artifact of Kafka's and all that it needs, in DIR/libs; its log goes to stderr.
fetch_jars() { # WHAT DIR ARTIFACT VERSION [ZOOKEEPER]
  local what=$1 dir=$2 artifact=$3 version=$4 zookeeper=${5:-} pinned=""
  say "fetching $what (Maven)"
  rm -rf "$dir" && mkdir -p "$dir"
  [ -z "$zookeeper" ] || pinned="<dependency><groupId>org.apache.zookeeper</groupId><artifactId>zookeeper</artifactId>
    <version>$zookeeper</version>$NO_LOG4J_BINDINGS</dependency>"
  # What is named here, and first, wins over what Kafka itself asks for.
  cat > "$dir/pom.xml" <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>replicator</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
  <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>$SLF4J_VERSION</version></dependency>
  $pinned
  <dependency><groupId>org.apache.kafka</groupId><artifactId>$artifact</artifactId><version>$version</version>$NO_LOG4J_BINDINGS</dependency>
</dependencies></project>
XML
  try copy_dependencies "$dir" </dev/null >"$dir/mvn.log" 2>&1 || die "Maven could not fetch $what; see $dir/mvn.log"
  touch "$dir/.ready"
}

copy_dependencies() { # DIR
  (cd "$1" && mvn -q -B dependency:copy-dependencies -DoutputDirectory=libs -DincludeScope=runtime)
}

# slf4j-simple is the one binding, so that every version logs to stderr in the same words.
NO_LOG4J_BINDINGS="<exclusions>
  <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId></exclusion>
  <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-log4j12</artifactId></exclusion>
</exclusions>"
