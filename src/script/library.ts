/** The functions that scripts are made of: a script gets those that its scenario uses. */

/** Namespaces of its own, and the steps of a build. 4 is KSFT_SKIP (tools/testing/selftests/kselftest.h). */
export const WORLD = `skip() {
  if [ "$tests" -eq 0 ]; then echo "1..0 # SKIP $*"; else echo "Bail out! $*"; fi
  exit 4
}

finish() {
  echo "1..$tests"
  [ "$failed" -eq 0 ] || exit 1
  exit 0
}

# Where the programs are that an ordinary user's PATH leaves out.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Everything happens in namespaces of its own, which the kernel takes away with the last process in them.
if [ "\${1:-}" != --inside ]; then
  echo 'TAP version 13'
  [ -f "$0" ] || skip 'save this script to a file: it has to start itself again'
  for program in $programs; do
    command -v "$program" >/dev/null || skip "'$program' is not installed"
  done
  set --
  [ "$(id -u)" -eq 0 ] || set -- --user --map-root-user
  unshare "$@" --mount --net --pid --fork true || skip 'no namespaces can be made here: run it as root'
  exec unshare "$@" --mount --net --pid --fork --kill-child --propagation private sh "$0" --inside
fi
trap 'exit 130' INT TERM HUP
# A /proc that shows the processes in here, which libvirtd looks for; the old one does where this may not be.
mount -t proc proc /proc 2>/dev/null
mount -t tmpfs tmpfs /run || skip 'no /run of its own can be mounted here'
work=/run/script
mkdir /run/netns "$work"

# in_node NODE COMMAND...
in_node() {
  entered=$1
  shift
  nsenter --net="/run/netns/$entered" -- "$@"
}

# step WHY NODE COMMAND...: a step of the build; with -, where the nodes themselves are made.
step() {
  why=$1 where=$2
  shift 2
  if [ "$where" = - ]; then "$@"; else in_node "$where" "$@"; fi ||
    skip "$why: '$*' failed in $where; it takes $needs"
}

# write_sysctls WHY NODE KEY=VALUE...: and reads them back, as a write can be lost without a word.
write_sysctls() {
  why=$1 where=$2
  shift 2
  step "$why" "$where" sysctl -q -w "$@"
  printf '%s\\n' "$@" >"$work/wanted"
  cut -d= -f1 "$work/wanted" | in_node "$where" xargs sysctl | sed 's/ = /=/' | tr '\\t' ' ' |
    cmp -s - "$work/wanted" || skip "$why: a sysctl of $where does not read as it was written"
}
`

/** Daemons: their files, and waiting for them. */
export const DAEMONS = `# wait_until WHY NODE COMMAND...: up to ten seconds.
wait_until() {
  why=$1 where=$2 left=200
  shift 2
  until in_node "$where" "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || skip "$why: '$*' did not succeed in time in $where"
    sleep 0.05
  done
}

write_file() {
  cat >"$1"
}
`

/** Waiting for a command to say something else. */
export const UNTIL_NOT = `# wait_until_not WHY NODE REGEX COMMAND...: until no line of the output matches.
wait_until_not() {
  why=$1 where=$2 pattern=$3 left=200
  shift 3
  while in_node "$where" "$@" | grep -Eq "$pattern"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || skip "$why: '$*' in $where still says $pattern"
    sleep 0.05
  done
}
`

/** A trial of what must not be possible. */
export const ATTACK = `# attack: what must not get through. It fails where it does, and works where it is refused.
attack() {
  case $came in
    works) came=fails told='is reached' ;;
    fails) came=works told='is refused' ;;
  esac
}
`

/** One trial, in TAP as kernel selftests print it. */
export const TRIALS = `# begin NAME: a trial. Its probe says what came, and \`must\` whether that is what had to come.
begin() {
  tests=$((tests + 1))
  trial=$1 came='' told='' said='' refused='' answered_by='' server_saw='' proved='' disproved=''
  : >"$work/findings"
}

# must work [ANSWERED-BY|- [SERVER-SAW]], must fail [by MECHANISM]
must() {
  verdict=ok
  case $1 in
    work)
      [ "$came" = works ] || verdict='not ok'
      [ "\${2:--}" = - ] || [ "$answered_by" = "$2" ] || verdict='not ok'
      [ "\${3:--}" = - ] || [ "$server_saw" = "$3" ] || verdict='not ok'
      ;;
    fail)
      [ "$came" = fails ] || verdict='not ok'
      # Where nothing but the lab can see any of it, the outcome stands alone.
      [ -z "\${2:-}" ] || [ "$proved$disproved" = yes ] || ! grep -qv '^unavailable' "$work/findings" ||
        verdict='not ok'
      ;;
  esac
  [ "$verdict" = ok ] || failed=$((failed + 1))
  echo "$verdict $tests - $trial"
  echo "# it \${told:-$came}: $said\${refused:+ ($refused)}"
  sed 's/^/#   /' "$work/findings"
}
`

/** What all sources of evidence share. */
export const EVIDENCE = `# finding seen|absent|not-seen|unavailable NODE TEXT
finding() {
  echo "$1 [$2] $3" >>"$work/findings"
  [ "$1" != absent ] || disproved=no
}

# count before|after NODE LABEL moves|still LEAST VALUE
count() {
  item=$((item + 1))
  if [ "$1" = before ]; then
    echo "$6" >"$work/item$item"
    return
  fi
  before=$(cat "$work/item$item")
  if [ -z "$before" ] || [ -z "$6" ]; then
    finding unavailable "$2" "$3 is not counted here"
    return
  fi
  moved=$(($6 - before))
  if [ "$moved" -ge "$5" ]; then direction=moves; else direction=still; fi
  if [ "$direction" = "$4" ]; then
    finding seen "$2" "$3 +$moved"
    [ "$4" = still ] || proved=yes
  else
    finding absent "$2" "$3 +$moved"
  fi
}

# look MECHANISM: takes its proofs again until all are there, as a busy machine can be slow to act. A second at most.
look() {
  left=10
  while :; do
    proved='' disproved=''
    : >"$work/findings"
    "$1" after
    left=$((left - 1))
    if [ "$proved$disproved" = yes ] || [ "$left" -eq 0 ]; then return; fi
    sleep 0.1
  done
}
`

/** TCP and UDP servers. */
export const SERVE = `# The server answers with the address that it saw and what it got.
talk='
import socket, sys
role, kind, address, port = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if role == "client":
    s.settimeout(float(sys.argv[5]))
    try:
        s.connect((address, port))
        s.sendall(b"hello\\n")
        print(s.recv(100).decode())
    except OSError as error:
        sys.exit(f"{address}:{port}: {error}")
    sys.exit()
s.bind((address, port))
if kind == "tcp":
    s.listen(16)
while True:
    try:
        if kind == "tcp":
            c, peer = s.accept()
            c.settimeout(2)
            c.sendall(f"{peer[0]} sent {c.recv(100).decode()}".encode())
            c.close()
        else:
            got, peer = s.recvfrom(100)
            s.sendto(f"{peer[0]} sent {got.decode()}".encode(), peer)
    except OSError:
        pass
'

# What talks TCP and UDP here. nc keeps no UDP server that answers.
if command -v python3 >/dev/null; then
  tool=python3
elif command -v socat >/dev/null; then
  tool=socat
elif [ "$protocols" = tcp ] && nc -h 2>&1 | grep -q OpenBSD; then
  tool=nc
else
  skip "python3, socat or (for TCP) netcat-openbsd must be installed"
fi

# serve NODE tcp|udp ADDRESS PORT
serve() {
  case $tool in
    python3) in_node "$1" python3 -c "$talk" server "$2" "$3" "$4" & ;;
    socat)
      if [ "$2" = tcp ]; then listen="TCP-LISTEN:$4,bind=$3,fork,reuseaddr"; else listen="UDP-RECVFROM:$4,bind=$3,fork"; fi
      # shellcheck disable=SC2016 # for the shell that socat starts
      in_node "$1" socat "$listen" 'SYSTEM:read -r word; echo "$SOCAT_PEERADDR sent $word"' &
      ;;
    nc) in_node "$1" nc -n -v -d -k -l "$3" "$4" >>"$work/served-$1-$4" 2>>"$work/served-$1-$4" & ;;
  esac
  if [ "$2" = tcp ]; then flag=-Hltn; else flag=-Hlun; fi
  left=200
  until in_node "$1" ss "$flag" "sport = :$4" | grep -q .; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || skip "nothing came to listen on port $4 of $1"
    sleep 0.05
  done
}
`

/** Router advertisements and multicast listener queries of the script's own. */
export const ROUTER_MESSAGES = `# as_router WHY NODE DEVICE RECEIVER COUNTER HOPS HEX [HEX]: one ICMPv6 message to all nodes, until the receiver has got it.
router='
import socket, sys
device, hops, message, *options = sys.argv[1:]
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
s.setsockopt(41, 17, socket.if_nametoindex(device))
s.setsockopt(41, 18, int(hops))
for option in options:
    s.setsockopt(41, 54, bytes.fromhex(option))
s.sendto(bytes.fromhex(message), ("ff02::1", 0, 0, socket.if_nametoindex(device)))
'
counted_at() {
  in_node "$1" nstat -asz "$2" | awk -v name="$2" '$1 == name { print $2 }'
}
as_router() {
  why=$1 sender=$2 device=$3 receiver=$4 counter=$5
  shift 5
  heard=$(counted_at "$receiver" "$counter") left=100
  step "$why" "$sender" python3 -c "$router" "$device" "$@"
  while [ "$(counted_at "$receiver" "$counter")" = "$heard" ]; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || skip "$why: nothing came in at $receiver"
    sleep 0.05
  done
}
`
