/** For tests: a scenario of one's own, in a file, through the command line, as its user would run it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { withDir } from 'tmp-promise'
import { projectRoot } from '../base/root.js'
import { type Report, reportSchema } from '../model/report.js'

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')

/** What came of a scenario: its report, and what its script printed. */
export interface OwnRun {
  readonly report: Report
  readonly status: number | undefined
  /** Standard output of `lab script`'s script with these settings, and its status. */
  readonly script: { readonly output: string; readonly status: number | undefined }
}

/**
 * Writes `body` (what stands between `defineScenario({` and `})`) into a scenario that imports `words` from the library, runs
 * it, and runs its shell script with the toggles of `settings`.
 */
export function runOwn(words: readonly string[], body: string, settings: readonly string[]): Promise<OwnRun> {
  return withDir(
    async ({ path }) => {
      const file = join(path, 'scenario.mjs')
      const library = join(projectRoot(), 'dist/src/index.js')
      writeFileSync(
        file,
        `import { defineScenario, ${words.join(', ')} } from '${library}'\nexport default defineScenario({\n${body}\n})\n`,
      )
      const run = await execa(process.execPath, [MAIN, 'run', file, '--keep-going', '--json', '-'], {
        reject: false,
      })
      const shell = join(path, 'scenario.sh')
      const toggles = settings.length > 0 ? ['--toggle', ...settings] : []
      const printed = await execa(process.execPath, [MAIN, 'script', file, ...toggles], { reject: false })
      writeFileSync(shell, printed.stdout)
      const script = await execa('sh', [shell], { reject: false, all: true })
      if (!run.stdout.startsWith('{')) throw new Error(`no report: ${run.stderr}`)
      return {
        report: reportSchema.parse(JSON.parse(run.stdout)),
        status: run.exitCode,
        script: { output: `${printed.stderr}${script.all}`, status: script.exitCode },
      }
    },
    { unsafeCleanup: true },
  )
}

/** Two hosts with a masquerading router between them; the client is 192.0.2.2, the server 198.51.100.2. */
export const ROUTED = `
  source: { title: 'a test', url: 'https://example.com/', says: 'it fails' },
  drawing: '[client] ── [router] ── [server]',
  needs: ['veth'],
  topology: {
    nodes: {
      client: { is: 'a client', addresses: { eth0: '192.0.2.2/24' }, gateway: '192.0.2.1' },
      router: {
        is: 'a router',
        addresses: { eth0: '192.0.2.1/24', eth1: '198.51.100.1/24' },
        sysctls: { 'net.ipv4.ip_forward': 1 },
        iptables: { mangle: [], nat: ['-A POSTROUTING -o eth1 -j MASQUERADE'] },
      },
      server: { is: 'a server', addresses: { eth0: '198.51.100.2/24' } },
    },
    links: [['client:eth0', 'router:eth0'], ['router:eth1', 'server:eth0']],
  },`
