/** How a script has both ends of a connection. */

export const CONNECTION_LIBRARY = `# connection NODE ADDRESS PORT SERVER SERVER-PORT SOURCE|- DISTANCE SERVER-ENDS IDLE KEEP-ALIVE WHO: what comes of a connection
# after a stray segment (TCP_REPAIR, 19, tells the sequence numbers), half an end, or a silence.
connection='
import ctypes, errno, random, select, socket, struct, sys, time
wait, node, to, port, server, at, source, distance, ends, idle, keepalive, who = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def inside(name, *kind):
    with open("/run/netns/" + name) as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns " + name)
    return socket.socket(*kind)

def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff

def sequence(s, queue):
    s.setsockopt(6, 20, queue)
    return struct.unpack("=I", s.getsockopt(6, 21, 4))[0]

listening = inside(server, socket.AF_INET, socket.SOCK_STREAM)
listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listening.bind(("0.0.0.0", int(at)))
listening.listen(1)
client = inside(node, socket.AF_INET, socket.SOCK_STREAM)
client.settimeout(float(wait))
client.bind(("0.0.0.0", random.randint(20000, 59999)))
code, half, far = "", False, socket.socket()
try:
    client.connect((to, int(port)))
    far, peer = listening.accept()
    far.settimeout(float(wait))

    def speak(speaker, listener):
        speaker.sendall(b"hello")
        polls = select.poll()
        polls.register(listener, select.POLLIN)
        # Errors are always told.
        polls.register(speaker, 0)
        told = dict(polls.poll(1000 * float(wait)))
        if speaker.fileno() in told:
            raise OSError(speaker.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "speaker")
        try:
            heard = listener.recv(100) if told else b""
        except OSError:
            # An end that was reset says so: what becomes of the word is for the speaker.
            speaker.recv(100)
            heard = b""
        if heard != b"hello":
            raise OSError(0, "silence")
        if not half:
            listener.sendall(heard)
            if speaker.recv(100) != heard:
                raise OSError(0, "silence")

    speak(client, far)
    if ends == "yes":
        far.shutdown(socket.SHUT_WR)
        client.recv(100)
        half = True
    if source != "-":
        far.setsockopt(6, 19, 1)
        expected, following = sequence(far, 1), sequence(far, 2)
        far.setsockopt(6, 19, -1)
        raw = inside(server, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        addresses = socket.inet_aton(source) + socket.inet_aton(peer[0])
        tcp = struct.pack("!HHLLBBHHH", int(at), peer[1], following + int(distance) & 0xffffffff, expected, 0x50, 0x18, 1024, 0, 0) + b"stray!"
        tcp = tcp[:16] + struct.pack("!H", checksum(addresses + struct.pack("!HH", 6, len(tcp)) + tcp)) + tcp[18:]
        raw.sendto(struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, 6, 0) + addresses + tcp, (peer[0], 0))
    for s in (client, far):
        s.setsockopt(6, 12, 1)
    time.sleep(0.02)
    if keepalive == "yes":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    time.sleep(float(idle))
    for turn in range(10 if source != "-" else 1):
        speak(*((client, far) if who == "connecting" else (far, client)))
    print(peer[0])
except OSError as error:
    code = errno.errorcode.get(error.errno, "silence")
# What a broken connection would still send counts as evidence: in repair mode (19), it goes without a word.
for s in (client, far):
    if code:
        s.setsockopt(6, 19, 1)
    s.close()
if code:
    sys.exit(code)
'
connection() {
  came=fails said="what the \${11} side said was lost"
  if answer=$(python3 -c "$connection" "$WAIT" "$@" 2>&1); then
    came=works answered_by=$2 server_saw=$answer said="the server saw $answer"
  else
    refused="recv $answer"
  fi
}
`
