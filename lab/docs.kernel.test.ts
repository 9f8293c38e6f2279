/** What the documents quote, tried: their examples compiled, their commands run, in folders of their own, on this kernel. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { z } from 'zod'
import { projectRoot, repositoryFile } from '../src/base/root.js'
import { PROMISC_CONNTRACK_RESET } from '../src/kernel/changes.js'
import { defaultBackend } from '../src/kernel/iptables.js'
import { runningVersion } from '../src/kernel/running.js'
import { hasChange } from '../src/model/change.js'
import { documents, PICTURE, textOf, triedExample, triedPicture } from './docs/documents.js'
import { blocksOf } from './docs/markdown.js'
import { isRunnable, tryOut } from './docs/session.js'

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')
/** Capabilities without which what is quoted would not be printed. */
const NEEDS = ['veth', 'bridge', 'br-netfilter', 'iptables-nft', 'kernel-log']
t.setTimeout(600_000)

/** Why what is quoted would not be printed here; undefined where it would. */
async function missing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'what is quoted is of runs as root'
  if ((await defaultBackend()) !== 'nft') return 'what is quoted is of iptables over nf_tables'
  const { stdout } = await execa(process.execPath, [MAIN, 'doctor', '--json'])
  const { capabilities } = JSON.parse(stdout) as { capabilities: { id: string; missing: string | null }[] }
  return capabilities.flatMap(({ id, missing }) => (NEEDS.includes(id) ? (missing ?? []) : []))[0]
}

const lacks = await missing()
const here = lacks === undefined ? {} : { skip: lacks }
const reset = hasChange(PROMISC_CONNTRACK_RESET, runningVersion())
const pictured = reset ? here : { skip: `the picture is of a kernel with ${PROMISC_CONNTRACK_RESET.commit}` }

/** Two documents at a time: most of their time is the compiler's, which takes one processor. */
const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()]
const texts = await Promise.all((await documents()).map(async path => [path, await textOf(path)] as const))
const runnable = texts.filter(([, text]) => isRunnable(text))
// What has most in it first: it takes longest.
runnable.sort(([, a], [, b]) => blocksOf(b).length - blocksOf(a).length)
for (const [index, [path, text]] of runnable.entries()) {
  const lane = index % lanes.length
  const tried = lacks === undefined ? lanes[lane]?.then(() => tryOut(text)) : undefined
  lanes[lane] = Promise.allSettled([tried])
  t.test(`what the commands of ${path} print is what it quotes`, here, async s => {
    for (const { block, commands } of (await tried) ?? [])
      for (const { command, quoted, printed, same } of commands)
        s.ok(same, `${path}:${block.line}: ${command}`, { quoted, printed })
  })
}

t.test('the example of a trial in docs/reports.md is one of a run', here, async s => {
  const { path, text } = await triedExample()
  s.equal(await textOf(path), text)
})

t.test('the picture of a run is what a run prints', pictured, async s => {
  s.equal(await textOf(PICTURE), (await triedPicture()).text)
})

t.test('a report is one by its JSON Schema, too', async s => {
  const schema = JSON.parse(await readFile(repositoryFile('docs/report.schema.json'), 'utf8'))
  await withDir(
    async ({ path }) => {
      const file = join(path, 'report.json')
      await execa(process.execPath, [MAIN, 'run', 'lan-dnat-without-snat', '--json', file], { reject: false })
      const report = JSON.parse(await readFile(file, 'utf8'))
      const read = z.fromJSONSchema(schema)
      s.strictSame(read.safeParse(report).error?.issues, undefined)
      s.notOk(read.safeParse({ ...report, schema: 'netns-lab.report/1' }).success, 'another version is none')
      s.notOk(read.safeParse({ ...report, scenarios: [{}] }).success, 'a scenario without anything is none')
    },
    { unsafeCleanup: true },
  )
})
