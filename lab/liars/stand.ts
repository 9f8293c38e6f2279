/**
 * How lies are told: programs that stand before the real ones on the PATH, and ask a script of the liar's whose namespace they
 * are in what to do. To the lab they are the machine's programs; many liars have their turn at once, each in topologies of its
 * own.
 */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { quote } from '../../src/base/shell-words.js'
import { type Deed, deedOf, type Telling, type ToolStep, toolOf } from './lie.js'

/**
 * A program by its own name. The namespace `NODE-12n1-3` or `NODE-12n1-3-2` (planScenario()) is of the liar with the number 12, in the node NODE.
 * A liar's script ends it, or leaves in `words` what is still to be done.
 */
const LIAR = `#!/bin/sh
self=\${0##*/}
stand=\${0%/*}
PATH=\${PATH#*:}
name=
for file in /run/netns/*; do
  if [ "$file" -ef /proc/self/ns/net ]; then name=\${file##*/}; break; fi
done
node=$name
suffix=
while :; do
  case $node in *-*) ;; *) break ;; esac
  instance=\${node##*-}
  node=\${node%-*}
  suffix=-$instance$suffix
  case $instance in [0-9]*[nl][0-9]*) break ;; esac
done
own=\${stand%/*}/\${instance%%[nl]*}
[ -n "$name" ] && [ -f "$own/$self" ] || exec "$self" "$@"
told() { echo "$(date +%s%3N) $1 \${suffix#-}" >> "$own/told"; }
at() { netns=$1$suffix; shift; nsenter --net="/run/netns/$netns" -- "$@"; }
newline='
'
line="$*"
words=
for word do words=$words$word$newline; done
has() { case $newline$words in *"$newline$1$newline"*) ;; *) return 1 ;; esac; }
without() {
  left=
  IFS=$newline
  for word in $words; do [ "$word" = "$1" ] || left=$left$word$newline; done
  unset IFS
  words=$left
}
proceed() {
  case $words in
  *=*)
    IFS=$newline
    "$self" $words || exit
    unset IFS
    ;;
  esac
}
. "$own/$self"
[ "$self" = sysctl ] || exec "$self" "$@"
proceed
`

/** A lie: when, in milliseconds since 1970, and in the topology of which experiment. */
export interface Told {
  readonly atMs: number
  readonly experiment: string
}

/** A folder of programs that lie, in which every liar has a script for each. */
export class Stand {
  readonly #told = new Set<string>()

  constructor(private readonly folder: string) {
    mkdirSync(this.path, { recursive: true })
  }

  /** What has to be the first folder of the PATH. */
  get path(): string {
    return join(this.folder, 'bin')
  }

  /** Has no liar lie any more: their numbers are given to others. */
  forget(): void {
    for (const name of readdirSync(this.folder))
      if (/^\d+$/.test(name)) rmSync(join(this.folder, name), { recursive: true })
    this.#told.clear()
  }

  /** Has the liar with a number tell this in place of a step. */
  tell(liar: number, step: ToolStep, telling: Telling): void {
    this.#write(
      liar,
      toolOf(step),
      step.do === 'sysctls' ? ofSysctls(step.values, step.node, telling) : ofCommand(step, telling),
    )
  }

  /** Has it change what a program reads from its standard input, in a node, by a sed(1) script. */
  edit(liar: number, tool: string, node: string, sed: string): void {
    const script = `told now\n  sed -e ${quote(sed)} | "$self" "$@"\n  exit`
    this.#write(liar, tool, `if [ "$node" = ${quote(node)} ]; then\n  ${script}\nfi\n`)
  }

  /** When a liar has lied, and when and in which experiment it has gone on behind everybody's back. */
  told(liar: number): { readonly now: readonly Told[]; readonly later: readonly Told[] } {
    const file = join(this.folder, String(liar), 'told')
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
    const times = (word: string) =>
      lines.flatMap(line => {
        const [atMs, when, experiment = ''] = line.split(' ')
        return when === word ? [{ atMs: Number(atMs), experiment }] : []
      })
    return { now: times('now'), later: times('later') }
  }

  #write(liar: number, tool: string, script: string): void {
    const folder = join(this.folder, String(liar))
    if (this.#told.has(`${liar} ${tool} ${script}`)) return
    this.#told.add(`${liar} ${tool} ${script}`)
    mkdirSync(folder, { recursive: true })
    appendFileSync(join(folder, tool), script)
    const program = join(this.path, tool)
    if (existsSync(program)) return
    writeFileSync(program, LIAR)
    chmodSync(program, 0o755)
  }
}

function ofCommand(step: ToolStep, telling: Telling): string {
  const { node, argv } = deedOf(step)
  return `if [ "$node" = ${quote(node)} ] && [ "$line" = ${quote(argv.slice(1).join(' '))} ]; then
${told(telling)}  exit 0
fi
`
}

/** Sysctls of several toggles may be written by one command: only what is of this one is lied about. */
function ofSysctls(values: Readonly<Record<string, string>>, node: string, telling: Telling): string {
  const own = Object.entries(values).map(([key, value]) => quote(`${key}=${value}`))
  return `if [ "$node" = ${quote(node)} ] && ${own.map(word => `has ${word}`).join(' && ')}; then
${own.map(word => `  without ${word}\n`).join('')}  proceed
${told(telling)}  exit 0
fi
`
}

function told({ now, later }: Telling): string {
  const lines = (deeds: readonly Deed[]) => deeds.map(inShell)
  const after = later
    ? [
        '{',
        `sleep ${later.afterMs / 1000}`,
        ...lines(later.deeds),
        'told later',
        '} > /dev/null 2>&1 < /dev/null &',
      ]
    : []
  return ['told now', ...lines(now), ...after].map(line => `  ${line}\n`).join('')
}

function inShell({ node, argv, stdin }: Deed): string {
  const command = `at ${quote(node)} ${argv.map(quote).join(' ')}`
  return stdin === undefined ? command : `printf %s ${quote(stdin)} | ${command}`
}
