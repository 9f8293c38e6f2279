/** What probes that ask a server have in common. */
import { type FieldsOf, ipv4, node, port } from '../model/fields.js'
import type { ScriptPart } from '../model/script-part.js'

/** Where the server that should answer runs, to ask it whom it saw; `serverPort` is its own port where that is another one. */
export const EXCHANGE_SHAPE = {
  from: node(),
  to: ipv4(),
  port: port(),
  server: node(),
  serverPort: port().optional(),
}

type Exchange = FieldsOf<typeof EXCHANGE_SHAPE>

/** How a script asks the topology's own server. */
export function scriptExchange(
  protocol: 'tcp' | 'udp',
  { from, to, port: at, server, serverPort = at }: Exchange,
): ScriptPart {
  return {
    words: ['ask', from, protocol, to, String(at), server, String(serverPort)],
    library: ASK,
    tools: ['ss'],
  }
}

/** How one command does it, where the topology's server sends back what it gets; `options` are those of socat's address. */
export function plainExchange(
  { from, to, port: at }: Exchange,
  enter: (node: string) => string,
  address: 'TCP' | 'UDP',
  options: string,
): string {
  return `echo hello | ${enter(from)} socat -t 1 - ${address}:${to}:${at}${options} | grep -q hello`
}

/** TCP and UDP clients; `talk`, `tool` and `serve` are the script's own, as it has the topology's servers. */
const ASK = `# ask NODE tcp|udp ADDRESS PORT SERVER SERVER-PORT
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
