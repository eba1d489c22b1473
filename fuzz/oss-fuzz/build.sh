#!/bin/bash -eu
# build.sh: builds the fuzzers as OSS-Fuzz does: with $CC and $CFLAGS, into $OUT, with a dictionary and first inputs. Its
# working folder is Kiln's source, $WORK a folder for what is built. `./dev fuzz --oss-fuzz` runs it on this machine.
targets=(text qbe bitcode wasm memory func object)
build=$WORK/build
# By this flag, which is missing in builds for coverage, meson knows a build for libFuzzer. What libFuzzer is linked with
# is the library of $CXXFLAGS. No library of the system is taken: where fuzzers run there are few.
[[ $CFLAGS == *-fsanitize=fuzzer-no-link* ]] || export CFLAGS="$CFLAGS -fsanitize=fuzzer-no-link"
[[ $CXXFLAGS != *-stdlib=libc++* ]] || export LDFLAGS=-stdlib=libc++
[[ -f $build/build.ninja ]] || PKG_CONFIG_LIBDIR=$WORK meson setup "$build" -Dbuildtype=plain -Dtests=false -Dchecks=true \
  -Db_lundef=false -Db_ndebug=false -Dbench=disabled -Ddis=disabled -Dmusl=disabled -Dpostgresql=disabled
ninja -C "$build" "${targets[@]/#/fuzz/fuzz_}"

for name in "${targets[@]}"; do
  cp "$build/fuzz/fuzz_$name" "$OUT/"
  # The first inputs that need no compiler.
  inputs=$WORK/seeds-$name
  case $name in
    bitcode | memory) inputs=$PWD/fuzz/seeds/bitcode ;;
    wasm) inputs=$PWD/fuzz/seeds/wasm ;;
    *) rm -rf "$inputs" && python3 fuzz/seeds.py "$name" "$inputs" ;;
  esac
  rm -f "$OUT/fuzz_${name}_seed_corpus.zip"
  (cd "$inputs" && python3 -m zipfile -c "$OUT/fuzz_${name}_seed_corpus.zip" ./*)
done
cp fuzz/text.dict "$OUT/fuzz_text.dict"
printf '[libfuzzer]\nmax_len = 4096\n' > "$OUT/fuzz_func.options"
