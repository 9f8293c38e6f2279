import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { projectRoot } from '../base/root.js'
import { fetchKernel, findFetched } from '../kernels/fetch.js'
import { findTool } from '../kernels/tools.js'
import { type Report, reportSchema } from '../model/report.js'
import { fileName, jobMatrix, neighbourDiffs } from './matrix.js'
import { runtimeFiles } from './program.js'
import type { KernelRun } from './run-in-guest.js'
import { markdownTable, verdictTable } from './table.js'

// Guests by emulation, on a machine that others use, too.
t.setTimeout(240_000)

const MAIN = join(projectRoot(), 'dist/src/cli/main.js')

const lab = (...args: string[]) =>
  execa(process.execPath, [MAIN, ...args], { reject: false, stdin: 'ignore' })

function report(version: string, verdict: Report['scenarios'][number]['verdict']): Report {
  return reportSchema.parse({
    schema: 'netns-lab.report/1',
    kernel: { release: `${version}-amd64`, version, package: `${version}-1` },
    machine: { cpus: 1, privilege: 'root', distribution: 'Debian', slowness: 1, tools: {} },
    started: '2026-11-21T00:00:00Z',
    elapsedMs: 1,
    summary: Object.fromEntries(
      ['error', 'regressed', 'unexpected-pass', 'flaky', 'skipped', 'changed', 'confirmed'].map(word => [
        word,
        word === verdict ? 1 : 0,
      ]),
    ),
    unavailable: [],
    scenarios: [{ id: 'bridge', title: 'title', verdict, reason: '', elapsedMs: 1, trials: [] }],
  })
}

function kernelRun(kernel: string, given: Report | undefined): KernelRun {
  return {
    kernel,
    report: given,
    problem: given ? undefined : 'it crashed',
    attempts: 1,
    accel: 'tcg',
    accelNote: undefined,
    bootMs: 1,
    elapsedMs: 1,
  }
}

t.test('the table has a column for each kernel, and says error where a guest gave no report', async test => {
  const columns = [
    { name: 'debian:5.10', report: report('5.10.262', 'confirmed') },
    { name: 'debian:6.1', report: undefined },
  ]
  const lines = verdictTable(columns).trimEnd().split('\n')
  test.match(lines[0], /^ +debian:5\.10 +debian:6\.1$/)
  test.match(lines[1], /^ +5\.10\.262-1$/)
  test.match(lines[2], /^bridge +confirmed +error$/)
  test.match(markdownTable(columns), /^\| `bridge` \| confirmed \| error \|$/m)
})

t.test('each kernel is compared with the one before it that has a report', async test => {
  const runs = [
    kernelRun('a', report('5.10.1', 'confirmed')),
    kernelRun('b', undefined),
    kernelRun('c', report('6.1.1', 'confirmed')),
  ]
  const diffs = neighbourDiffs(runs).map(({ before, after }) => [before.version, after.version])
  test.same(diffs, [['5.10.1', '6.1.1']])
})

t.test('the job matrix has one job for each kernel, with a name that can be that of a file', async test => {
  const { include } = jobMatrix(['debian:6.1', '/boot/vmlinuz-6.1'], ['a', 'b'], 'nft')
  test.same(include[0], { kernel: 'debian:6.1', name: 'debian-6.1', scenarios: 'a b', iptables: 'nft' })
  test.equal(fileName('/boot/vmlinuz-6.1'), 'boot-vmlinuz-6.1')
})

t.test('a guest gets what Node.js loads, and nothing that was only needed to build it', async test => {
  const files = await runtimeFiles(projectRoot())
  for (const part of ['src/cli/main.js', 'execa/index.js', '.node'])
    test.ok(
      files.some(file => file.endsWith(part)),
      `has ${part}`,
    )
  test.notOk(files.some(file => file.endsWith('.d.ts') || file.includes('/typescript/')))
})

t.test('lab matrix --plan prints JSON and starts nothing', async test => {
  const { exitCode, stdout } = await lab('matrix', '--kernel', 'debian:6.1', 'debian:6.12', '--plan')
  test.equal(exitCode, 0)
  test.same(
    (JSON.parse(stdout) as ReturnType<typeof jobMatrix>).include.map(({ kernel }) => kernel),
    ['debian:6.1', 'debian:6.12'],
  )
})

t.test('a kernel that cannot be used is named before any guest is started', async test => {
  await withDir(
    async ({ path }) => {
      const foreign = Buffer.alloc(0x1000)
      foreign.writeUInt32LE(0x644d5241, 0x38)
      const files: Record<string, Buffer> = {
        'not-a-kernel': Buffer.from('#!/bin/sh\n'),
        arm64: foreign,
      }
      for (const [name, data] of Object.entries(files)) await writeFile(join(path, name), data)
      const cases: [given: string, says: RegExp][] = [
        [join(path, 'not-a-kernel'), /not-a-kernel is no x86 boot image/],
        [join(path, 'arm64'), /arm64 is a kernel for arm64/],
        [join(path, 'nothing'), /no such file or folder/],
        ['debian:6.l', /Did you mean debian:6\.1/],
      ]
      for (const [given, says] of cases) {
        const { exitCode, stderr } = await lab('matrix', '--out', join(path, 'out'), '--kernel', given)
        test.equal(exitCode, 2, given)
        test.match(stderr, says)
      }
    },
    { unsafeCleanup: true },
  )
})

t.test('files that are no reports are named, with what is wrong with them', async test => {
  await withDir(
    async ({ path }) => {
      const empty = join(path, 'empty.json')
      const other = join(path, 'other.json')
      await writeFile(empty, '')
      await writeFile(other, '{"schema":"something-else/1"}')
      for (const [file, says] of [
        [join(path, 'nothing.json'), /nothing\.json cannot be read: ENOENT/],
        [empty, /empty\.json is not JSON/],
        [other, /other\.json is no report of netns-lab/],
      ] as const) {
        const { exitCode, stderr } = await lab('diff', file, file)
        test.equal(exitCode, 2)
        test.match(stderr, says)
      }
    },
    { unsafeCleanup: true },
  )
})

const present = await findFetched('debian:6.1')
const qemu = await findTool('qemu-system-x86_64')
const why = qemu
  ? present
    ? false
    : 'debian:6.1 is not fetched: lab kernel fetch debian:6.1'
  : 'QEMU is not installed'

t.test(
  'a fetched kernel runs a scenario, by name and as a bare image with its modules',
  { skip: why, timeout: 220_000 },
  async test => {
    const kernel = present ?? (await fetchKernel('debian:6.1'))
    await withDir(
      async ({ path }) => {
        await mkdir(join(path, 'out'))
        const args = ['--kernel', 'debian:6.1', kernel.vmlinuz, '--modules', kernel.modulesDir]
        const { exitCode, stdout, stderr } = await lab(
          'matrix',
          ...args,
          '--out',
          join(path, 'out'),
          '--',
          'lan-dnat-without-snat',
        )
        test.equal(exitCode, 0, stderr)
        test.match(stdout, /^lan-dnat-without-snat +confirmed +confirmed$/m)
        test.match(stdout, /0 differences: no fix breaks/)
        const written = await readFile(join(path, 'out/debian-6.1.json'), 'utf8')
        test.equal(reportSchema.parse(JSON.parse(written)).kernel.package, kernel.packageVersion)
      },
      { unsafeCleanup: true },
    )
  },
)
