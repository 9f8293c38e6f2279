/**
 * `lab/vm build|test [RELEASE…]`: whole machines, in QEMU; see `lab/vm --help`. `box` and `driver` tell vagrant.sh what to use.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withDir } from 'tmp-promise'
import { $, argv, echo } from 'zx'
import { describeError, EXIT, LabError } from '../../src/base/errors.js'
import { unknownWord } from '../../src/base/nearest.js'
import { repositoryFile } from '../../src/base/root.js'
import { seconds } from '../../src/base/text.js'
import { requireTool } from '../../src/base/tools.js'
import { chooseAccel } from '../../src/guest/accel.js'
import { cacheRoot } from '../../src/kernels/cache.js'
import type { Report } from '../../src/model/report.js'
import { readReport } from '../../src/report/read.js'
import { buildImage, type Image } from './build.js'
import { Machine } from './machine.js'
import { chosenReleases } from './releases.js'
import { row, STEPS, type Step, testMachine } from './test-machine.js'

try {
  process.exitCode = await main(argv._.map(String))
} catch (error) {
  process.stderr.write(`lab/vm: ${describeError(error)}\n`)
  process.exitCode = error instanceof LabError ? error.exitCode : EXIT.error
}

async function main([command, ...names]: readonly string[]): Promise<number> {
  if (command === 'driver') {
    const { accel } = await chooseAccel(requireTool('qemu-system-x86_64', 'start a machine'))
    echo(accel === 'kvm' ? 'kvm' : 'qemu')
    return EXIT.ok
  }
  const images: Image[] = []
  for (const release of chosenReleases(names)) images.push(await buildImage(release, echo))
  if (command === 'box') {
    echo(images.map(({ box }) => box).join('\n'))
    return EXIT.ok
  }
  if (command === 'build') {
    for (const { release, disk, box, elapsedMs } of images)
      echo(
        `${release.name}: ${disk}, ${box} (${elapsedMs === undefined ? 'was there' : `took ${seconds(elapsedMs)}`})`,
      )
    return EXIT.ok
  }
  const out = String(argv.out ?? 'machines')
  const [only, scenarios] = [words(argv.only), words(argv.scenarios)]
  const stray = only.find(name => !STEPS.includes(name))
  if (stray !== undefined) throw unknownWord('step', stray, STEPS)
  await mkdir(out, { recursive: true })
  const here = await runHere(join(out, 'here.json'), scenarios)
  let problems = 0
  for (const image of images) problems += await testImage(image, { here, scenarios, only, out })
  return problems === 0 ? EXIT.ok : EXIT.failed
}

/** The words of an option that may be left out. */
function words(option: unknown): string[] {
  return String(option ?? '')
    .split(/[\s,]+/)
    .filter(word => word !== '')
}

/** Scenarios on this machine, which the others are compared with. */
async function runHere(file: string, scenarios: readonly string[]): Promise<Report> {
  await $({
    nothrow: true,
    quiet: true,
  })`${process.execPath} ${repositoryFile('dist/src/cli/main.js')} run --json ${file} ${scenarios}`
  return readReport(file)
}

/** Boots an image and goes through the steps; resolves with the number of problems, each of which was told. */
function testImage(
  image: Image,
  test: Omit<Parameters<typeof testMachine>[1], 'name' | 'onStep'>,
): Promise<number> {
  const name = image.release.box
  const steps: Step[] = []
  const onStep = (step: Step) => {
    steps.push(step)
    echo(
      `${image.release.name}: ${step.name}: ${seconds(step.elapsedMs)}, status ${step.status}: ${step.says}`,
    )
    for (const problem of step.problems) echo(`  ✗ ${problem}`)
  }
  return withDir(
    async ({ path }) => {
      const machine = await Machine.start(image, path)
      try {
        const { stdout } = await machine.run('uname -r')
        onStep({
          name: `boot (${machine.accel})`,
          elapsedMs: machine.bootMs,
          status: 0,
          says: `Linux ${stdout}`,
          problems: [],
        })
        await testMachine(machine, { ...test, name, onStep })
      } finally {
        await machine.stop()
        await writeFile(
          join(test.out, `${name}.md`),
          `${['| step | time | status | what came out |', '| --- | --- | --- | --- |', ...steps.map(row)].join('\n')}\n`,
        )
      }
      return steps.flatMap(({ problems }) => problems).length
    },
    { unsafeCleanup: true, tmpdir: join(cacheRoot(), 'vm') },
  )
}
