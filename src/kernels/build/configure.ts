import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere } from '../../base/files.js'
import { KernelBuildError } from './error.js'
import { explainLost, type FragmentOption, lostOptions, parseConfig } from './fragment.js'
import { type BuildTree, make } from './make.js'

/** What `make tinyconfig` consists of, where the source has it, later files counting more than earlier ones. */
const TINY = ['kernel/configs/tiny-base.config', 'kernel/configs/tiny.config', 'arch/x86/configs/tiny.config']

/**
 * Writes the build folder's `.config`: tinyconfig and over it the fragment, everything else off. `make tinyconfig`
 * followed by `olddefconfig` would not do: an option that only the fragment makes visible would get its default,
 * which is on for about 250 of them (keyboards, WLAN, six decompressors). A configuration that is already so keeps
 * its time, and with it what was compiled under it. Throws KernelBuildError `config`, with each option that did not survive,
 * and why; `usage` for a tree without tinyconfig; what `make` throws.
 */
export async function configure(place: BuildTree, options: readonly FragmentOption[]): Promise<void> {
  const { tree, build } = place
  await mkdir(build, { recursive: true })
  const asked = join(build, 'netns-lab.asked.config')
  const made = join(build, 'netns-lab.made.config')
  const values = new Map<string, string>()
  for (const file of TINY) {
    const text = (await readIfThere(join(tree, file)))?.toString() ?? ''
    for (const [name, value] of parseConfig(text)) values.set(name, value)
  }
  if (!values.size)
    throw new KernelBuildError(
      'usage',
      `${tree} has no kernel/configs/tiny.config`,
      'give a source of Linux 3.17 or newer',
    )
  for (const { name, value } of options) values.set(name, value)
  await writeFile(asked, [...values].map(([name, value]) => `${name}=${value}\n`).join(''))
  await make(place, ['allnoconfig', `KCONFIG_ALLCONFIG=${asked}`, `KCONFIG_CONFIG=${made}`])

  const text = await readFile(made, 'utf8')
  await checkConfig(options, text, tree)
  const current = await readIfThere(join(build, '.config'))
  if (current?.toString() !== text) await copyFile(made, join(build, '.config'))
}

/**
 * Checks that a finished `.config` is what the fragment asks for; `tree` is the source, which says why an option was lost.
 * Throws KernelBuildError `config`.
 */
export async function checkConfig(
  options: readonly FragmentOption[],
  text: string,
  tree: string,
): Promise<void> {
  const config = parseConfig(text)
  const reasons: string[] = []
  for (const lost of lostOptions(options, config)) {
    const { reason, known } = await explainLost(lost, tree, config)
    if (known || !lost.option.optional) reasons.push(`line ${lost.option.line}: ${reason}`)
  }
  if (!reasons.length) return
  throw new KernelBuildError(
    'config',
    `the configuration did not come out as netns-lab.config asks:\n  ${reasons.join('\n  ')}`,
    'mend the line, add what it depends on, or mark it `# optional: WHY` for sources that do not know it',
  )
}
