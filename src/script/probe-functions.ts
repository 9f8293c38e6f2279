/** The shell functions behind each kind of probe. */

/** An echo request. */
export const PING = `# ping_to NODE ADDRESS: any host may answer.
ping_to() {
  reply=$(in_node "$1" ping -n -c 1 -W "$WAIT" "$2" 2>&1 | grep -E 'bytes from|[Ee]rror|unreachable' | sed -n 1p)
  answered_by=$(echo "$reply" | sed -n 's/^[0-9]* bytes from \\([^ ]*\\): .*/\\1/p')
  said=\${reply:-no reply from $2 within $WAIT s}
  if [ -n "$answered_by" ]; then came=works; else came=fails; fi
}
`

/** An IPv6 address that becomes usable. */
export const ADDRESS = `# wait_for_address NODE DEVICE PREFIX: until it is usable, or given up.
wait_for_address() {
  left=$((WAIT * 30)) came=fails
  while [ "$left" -gt 0 ]; do
    line=$(in_node "$1" ip -6 -o addr show dev "$2" | grep -F "inet6 $3" | sed 's/ *\\\\.*//; s/  */ /g')
    case $line in
      *dadfailed*) break ;;
      '' | *tentative*) ;;
      *)
        came=works
        break
        ;;
    esac
    left=$((left - 1))
    sleep 0.05
  done
  said=\${line:-no address $3 in time}
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

/** TCP and UDP clients. */
export const ASK = `# ask NODE tcp|udp ADDRESS PORT SERVER SERVER-PORT
ask() {
  case $tool in
    python3) answer=$(in_node "$1" python3 -c "$talk" client "$2" "$3" "$4" "$WAIT" 2>&1) ;;
    socat)
      if [ "$2" = tcp ]; then connect="TCP:$3:$4,connect-timeout=$WAIT"; else connect="UDP:$3:$4"; fi
      answer=$(echo hello | in_node "$1" socat -t "$WAIT" - "$connect" 2>&1)
      ;;
    nc)
      : >"$work/served-$5-$6"
      echo hello | in_node "$1" nc -n -N -w "$WAIT" "$3" "$4"
      answer=$(sed -n 's/^Connection received on \\([^ ]*\\).*/\\1 sent hello/p' "$work/served-$5-$6")
      grep -qx hello "$work/served-$5-$6" || answer=''
      ;;
  esac
  came=fails said=\${answer:-no answer from $3 port $4 within $WAIT s}
  case $answer in
    *' sent hello')
      came=works answered_by=$3 server_saw=\${answer%% *}
      said="the server saw $server_saw"
      ;;
  esac
}
`

/** The race for a source port. */
export const RACE = `# All clients connect from one source port. The queue behind source NAT holds their SYNs until each has its translation,
# and lets them go in order. A client whose SYN was lost sends it again after a second (TCP_TIMEOUT_INIT).
race='
import ctypes, os, random, select, socket, struct, sys, time
wait, router, queue, to, port, *clients = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def inside(node, *kind):
    with open("/run/netns/" + node) as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + node)
    return socket.socket(*kind)

# NFQUEUE by hand (linux/netfilter/nfnetlink_queue.h): bind, ask for metadata only, take packets, give verdicts.
def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)

def send(kind, body):
    body = struct.pack("!BBH", 0, 0, int(queue)) + body
    held.send(struct.pack("=IHHII", 16 + len(body), 3 << 8 | kind, 1, 0, 0) + body)

def packet(seconds):
    while select.select([held], [], [], seconds)[0]:
        message = held.recv(65536)
        if struct.unpack_from("=H", message, 4)[0] != 3 << 8:
            continue
        at = 20
        while at < len(message):
            length, kind = struct.unpack_from("=HH", message, at)
            if kind == 1:
                return struct.unpack_from("!I", message, at + 4)[0]
            at += (length + 3) & ~3

def accept(number):
    send(1, attribute(2, struct.pack("!II", 1, number)))

held = inside(router, socket.AF_NETLINK, socket.SOCK_RAW, 12)
send(2, attribute(1, struct.pack("!BBH", 1, 0, socket.AF_INET)))
send(2, attribute(2, struct.pack("!IB", 0, 1)))
source = random.randint(20000, 29999)
waiting = []
for client in clients:
    s = inside(client, socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", source))
    s.setblocking(False)
    s.connect_ex((to, int(port)))
    waiting.append(s)
numbers = []
for _ in clients:
    number = packet(float(wait))
    if number is None:
        sys.exit("not triggered: too few SYNs came to the queue")
    numbers.append(number)
released = time.monotonic()
for number in numbers:
    accept(number)
connects = {}
while len(connects) < len(clients) and time.monotonic() < released + float(wait) + 2:
    ready = select.select([held], [s for s in waiting if s not in connects], [], 0.1)
    if ready[0]:
        number = packet(0)
        if number is not None:
            accept(number)
    for s in ready[1]:
        error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            sys.exit("OSError: " + os.strerror(error))
        connects[s] = time.monotonic() - released
# tcpi_total_retrans stands at 100 in struct tcp_info (linux/tcp.h).
again = sum(struct.unpack_from("=I", s.getsockopt(socket.IPPROTO_TCP, 11, 104), 100)[0] for s in waiting)
slowest = max(connects.values(), default=0)
print(f"from source port {source}, {len(connects)} of {len(clients)} connected, the slowest after {slowest:.3f} s, {again} SYNs sent again")
sys.exit(0 if len(connects) == len(clients) and again == 0 else 1)
'
command -v python3 >/dev/null || skip "python3 holds the packets of the race, and is not installed"

# race_for ROUTER QUEUE ADDRESS PORT CLIENT...
race_for() {
  if said=$(python3 -c "$race" "$WAIT" "$@" 2>&1); then came=works; else came=fails; fi
  case $said in
    *'not triggered'* | *Error*) skip "$said" ;;
  esac
}
`
