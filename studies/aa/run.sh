#!/usr/bin/env bash
# Measures the same test binary against itself: every difference between side a and side b is a false one.
#
#   ./run.sh [OUT]
#
# Environment: MODES, ROUNDS, COUNT, PACKAGES (a regular expression), TIMEOUT; see README.md.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-"$here/out"}
read -r -a modes <<<"${MODES:-100x 1000x 20ms}"
rounds=${ROUNDS:-10} # processes a side
count=${COUNT:-1}    # samples a process
only=${PACKAGES:-.}
timeout=${TIMEOUT:-120s}
never='^$'

# package ; skipped in every mode ; skipped at 1000x as well
#
# The first pattern names what takes more than about 2 ms/op or starts processes, and families of dozens that allocate
# nothing. The second names what takes more than about 0.2 ms/op: a thousand of those would dominate the study.
#
# Of the alternatives in -test.skip, the first that matches a prefix of the name decides: one with a slash hides what
# stands behind it. Patterns without a slash come first, and the second field has none.
packages='
archive/tar
archive/zip         ; DeepDir|CompressedZipGarbage|ManyShallow|Zip64
bufio
bytes               ; Index|Count|Equal|Compare|Title|Hard|Trim|SplitEmptySeparator|RepeatLarge|BufferWriteBlock/N1048576|Fields(Func)?/.*/(65536|1048576) ; BufferAppendNoCopy|Split|Fields
compress/flate      ; Encode|/.*/.*/1e[56]
context             ; DeepValue|/depth=1000
crypto/ecdsa        ; /P(384|521)
crypto/rsa          ; GenerateKey|/(3072|4096)|/2048/noprecomp/OnlyD ; .
crypto/x509         ; ; Create
database/sql        ; Concurrent
encoding/base64
encoding/binary     ; Size|Put|AppendUint
encoding/csv
encoding/gob
encoding/hex        ; /(4096|16384)
encoding/json       ; Code|TypeFieldsCache
encoding/pem
encoding/xml
errors
expvar
fmt                 ; ScanRecursive
go/parser           ; ; ^BenchmarkParse(Only)?$|Resolve
go/printer          ; ^BenchmarkPrintFile$
go/scanner          ; ; ScanFiles
html
html/template
image/gif           ; RGBA|Random
image/png           ; Encode(NRGB|RGB) ; .
io
iter
log
log/slog            ; NopLog|PC|Dispatch
math/big            ; IntSqr|Bitset|GCD10x|GCD100x|(VV|VW|VU|WW)$|Fibo|Exp2?$|Float(String|Add|Sub)|Pi|LeafSize|Shifts|Scan$|Prime|GCD10000|GCD100000|NatSqr|Div$|/10000+$|/0x[1-4]0{4,}$|/.*/100000$ ; ExpMont|Tonelli|Hilbert|GCD|Exp3|IntSqr|NatMul
mime
mime/multipart
net/http            ; FindChild|MultiConflicts|_16MB|_64MB|^BenchmarkServer$|ClientGzip|^BenchmarkClient$ ; FileAndServer|ClientServer
net/mail            ; /words-10000
net/netip           ; PrefixMasking|ParseAddr|Contains|As16
net/textproto
net/url
reflect             ; DeepEqual|IsZero|SetZero|^BenchmarkZero$|CallArgCopy|^BenchmarkMap$
regexp              ; /(1M|32M)|/.*/(32K|1M|32M) ; ^BenchmarkMatch
sort                ; 64K|1e[46]|(Ints|Strings|Structs|Sorted|Reversed)$ ; 1K|Sort1e|Stable1e
strconv
strings             ; Index|Count|Equal|Compare|Hard|Torture|SplitEmptySeparator|RepeatLarge|Fields(Func)?/.*/(65536|1048576) ; Split|Fields
sync                ; Map(Load|Store|Swap|Compare|Delete|Range|Adversarial|Lock|Dynamic|Clear|Insert|All)|HashTrie|Once|ExpensiveNew|RWMutex|WaitGroup|Cond|Mutex|Uncontended ; STW
text/tabwriter      ; /1000$|/100x|x100000/|/10x1000/ ; Table|Pyramid|Ragged
text/template/parse ; Large
time                ; Sleep|AdjustTimers|Ticker|1000|Timers
unique
'

trim() { local text=$1; text=${text#"${text%%[![:space:]]*}"}; printf '%s' "${text%"${text##*[![:space:]]}"}"; }

bin=$out/bin
mkdir -p "$bin"
for mode in "${modes[@]}"; do
  mkdir -p "$out/$mode"
  : >"$out/$mode/a.txt"
  : >"$out/$mode/b.txt"
done
: >"$out/stderr.txt"
{ go version; go env GOOS GOARCH; printf 'rounds %s, samples a round %s, modes %s\n' "$rounds" "$count" "${modes[*]}"; } >"$out/setting.txt"

names=() always=() long=() dirs=()
while IFS=';' read -r name skip slow; do
  name=$(trim "$name") skip=$(trim "$skip") slow=$(trim "$slow")
  [[ -n $name && $name =~ $only ]] || continue
  binary=$bin/${name//\//_}.test
  if [[ ! -x $binary ]]; then
    go test -c -trimpath -o "$binary" "$name" >&2
  fi
  names+=("$name") always+=("${skip:-$never}") long+=("${slow:-$never}")
  dirs+=("$(go list -f '{{.Dir}}' "$name")")
done <<<"$packages"

started=$SECONDS
for ((round = 1; round <= rounds; round++)); do
  # The side that goes first changes, so that nothing which drifts with time favours one of them.
  if ((round % 2)); then sides=(a b); else sides=(b a); fi
  for i in "${!names[@]}"; do
    name=${names[i]}
    for mode in "${modes[@]}"; do
      skip=${always[i]}
      if [[ $mode == 1000x ]]; then skip="${long[i]}|$skip"; fi
      for side in "${sides[@]}"; do
        # Test binaries find their testdata relative to the package's directory.
        (cd "${dirs[i]}" && "$bin/${name//\//_}.test" -test.run "$never" -test.bench . -test.skip "$skip" -test.benchmem \
          -test.benchtime "$mode" -test.count "$count" -test.timeout "$timeout") \
          </dev/null >>"$out/$mode/$side.txt" 2>>"$out/stderr.txt" ||
          echo "$name at $mode, side $side, round $round: exit status $?" | tee -a "$out/stderr.txt" >&2
      done
    done
  done
  echo "round $round of $rounds, $((SECONDS - started)) s" >&2
done
