/** Completion as the shells themselves do it: what each offers at the end of a line that somebody began. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { dirSync } from 'tmp-promise'
import { findTool } from '../base/tools.js'
import { lab } from './cli.fixture.js'

t.setTimeout(120_000)
const { name: folder, removeCallback } = dirSync({ unsafeCleanup: true })
t.teardown(removeCallback)
writeFileSync(join(folder, 'report.json'), '')
mkdirSync(join(folder, 'my-bug'))

/** What is begun, one of what must be offered, and something that must not. */
const LINES: readonly (readonly [line: string, offered: string, not: string])[] = [
  ['lab ru', 'run', 'list'],
  ['lab run bridge-dn', 'bridge-dnat-bounce', 'snat-port-race'],
  ['lab run my', 'my-bug', 'report.json'],
  ['lab run --qu', '--quiet', '--json'],
  ['lab run --reporter ksel', 'kselftest', 'tap'],
  ['lab run --toggle hairpin_mo', 'hairpin_mode', 'promisc'],
  ['lab run --evidence fu', 'full', 'basic'],
  ['lab run --json re', 'report.json', 'my-bug'],
  ['lab diff re', 'report.json', 'my-bug'],
  ['lab matrix --kernel debian:6.1', 'debian:6.12', 'debian:5.10'],
  ['lab help dif', 'diff', 'run'],
  ['lab script --toggle promisc=o', 'promisc=on', 'hairpin_mode=on'],
]

/** Programs of each shell that print what it offers for the line in $LINE, with what `lab completion` printed in $FILE. */
const SHELLS: Readonly<Record<string, string>> = {
  // What readline does: it calls the function of the command, and puts what is behind the last break together again.
  bash: `. "$FILE"; COMP_LINE=$LINE COMP_POINT=\${#LINE} COMP_WORDBREAKS=' '; _netns_lab 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`,
  fish: `source $FILE; complete -C $LINE | cut -f 1`,
  // zsh itself, on a terminal of its own, whose completion lists what it would insert.
  zsh: `zmodload zsh/zpty
export TERM=dumb COLUMNS=200
zpty z zsh -f -i
zpty -r z out '*[%#] *'
zpty -w z "autoload -Uz compinit; compinit -u -d $HOME/dump; source $FILE; bindkey '^D' list-choices; LISTMAX=9999; PS1='READY''>'"
zpty -r z out '*READY>*'
zpty -w -n z "$LINE"$'\\x04'
zpty -r z out '*READY>*'
print -r -- "$out"`,
}

for (const [shell, code] of Object.entries(SHELLS))
  t.test(
    `${shell} offers what fits, and nothing else`,
    { skip: findTool(shell) ? false : `'${shell}' is not installed` },
    async test => {
      const file = join(folder, `completion.${shell}`)
      writeFileSync(file, (await lab(['completion', shell])).stdout)
      for (const [line, offered, not] of LINES) {
        const { stdout, stderr } = await execa(shell, ['-c', code], {
          cwd: folder,
          env: { LINE: line, FILE: file, HOME: folder },
          reject: false,
          timeout: 20_000,
        })
        const words = stdout.split(/\s+/).map(word => word.replace(/\/$/, ''))
        test.ok(words.includes(offered), `${line}: ${offered}: ${stdout.slice(0, 300)} ${stderr}`)
        test.notOk(words.includes(not), `${line}: not ${not}`)
      }
    },
  )
