/** The layers of the program: what each is, and what it builds on, as its files say. */
import { readFile } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import ts from 'typescript'
import { glob } from 'zx'
import { repositoryFile } from '../../src/base/root.js'

/** Folders and files of src/, the lowest first: each builds on those before it only. */
const LAYERS: Readonly<Record<string, string>> = {
  base: 'errors and exit statuses, files, text, nearest words, random numbers: nothing of networks',
  world: 'private namespaces, commands in a node, rtnetlink, system calls (the only place that binds libc)',
  model:
    'what there is: scenario, topology, toggle, probe, evidence, plan, event, report, verdict, kernel version; each a file that needs only others of its kind',
  topology:
    'the declarative topology: its validation, its compilation to `ip -batch` and `iptables-restore` input, and from there to rtnetlink requests',
  kernel:
    'the running kernel: changes by commit, capabilities (one file each), drop reasons, iptables’ backends, the machine and its speed',
  toggles: 'one file per toggle, and `registry.ts` with a line for each',
  probes: 'one file per kind of probe, and `registry.ts` with a line for each',
  evidence:
    'one file per source of evidence, and `registry.ts` with a line for each; the judgement of a mechanism’s proofs',
  state:
    'what a node is configured to be, read from the kernel by netlink, /proc/sys and x_tables: by another way than it was set',
  way: 'the way of a probe’s packet, device by device: from the frames that every device had, or from the kernel’s own lookups',
  plan: '`defineScenario`, reading and checking a scenario, the catalogue, and the compilation to plans',
  engine: 'performs plans: schedule, experiments, evidence, judgement; a stream of events comes out',
  report:
    'one reporter per file, and `registry.ts` with a line for each; reading reports back, lifting old ones, comparing two',
  explain: 'what `lab explain` tells',
  script: 'what `lab script` prints',
  kernels:
    'other kernels: Debian’s, images and trees of one’s own, and kernels built from source, in one cache',
  distro: 'other distributions: Debian’s releases and roots of one’s own, in the same cache',
  audit: 'what of the catalogue would hit a machine: reading it, holding shapes against it',
  guest: 'a kernel booted in QEMU with this machine’s root',
  matrix: 'the lab on several kernels, `git bisect`, the kernel’s own tests beside ours',
  upgrade: 'two releases side by side, and which of kernel, tools and defaults moved what',
  cli: 'one file per command',
  'index.ts': 'the library',
  'tap.ts': 'a scenario as a tap test',
}

/** The table. Throws where a layer is not described, is described and not there, or builds on one that comes later. */
export async function layersTable(): Promise<string> {
  const uses = await usesOf(repositoryFile('src'))
  const names = Object.keys(LAYERS)
  const missing = [...uses.keys()].filter(name => !names.includes(name))
  const gone = names.filter(name => !uses.has(name))
  if (missing.length + gone.length > 0)
    throw new Error(`lab/docs/layers.ts does not describe src/ as it is: ${[...missing, ...gone].join(', ')}`)
  for (const [name, used] of uses)
    for (const other of used)
      if (names.indexOf(other) > names.indexOf(name))
        throw new Error(`src/${name} builds on src/${other}, which is no lower layer (lab/docs/layers.ts)`)
  const rows = names.map(name => {
    const below = names.filter(other => uses.get(name)?.has(other))
    const place = name.includes('.') ? `src/${name}` : `src/${name}/`
    return `| \`${place}\` | ${LAYERS[name]} | ${below.map(other => other.replace('.ts', '')).join(', ')} |`
  })
  return ['| layer | what it is | builds on |', '| --- | --- | --- |', ...rows].join('\n')
}

/** For each folder and file of src/ that has something in it, which others it imports; tests do not count. */
async function usesOf(src: string): Promise<Map<string, Set<string>>> {
  const files = await glob(['**/*.ts', '!**/*.test.ts', '!**/*fixture{,s}.ts'], { cwd: src })
  const uses = new Map<string, Set<string>>()
  for (const file of files) {
    const own = layerOf(file)
    const used = uses.get(own) ?? new Set()
    uses.set(own, used)
    const { importedFiles } = ts.preProcessFile(await readFile(join(src, file), 'utf8'))
    for (const { fileName } of importedFiles.filter(({ fileName }) => fileName.startsWith('.'))) {
      const other = layerOf(normalize(join(file, '..', fileName)).replace(/\.js$/, '.ts'))
      if (other !== own) used.add(other)
    }
  }
  return uses
}

function layerOf(file: string): string {
  return file.split('/')[0] ?? ''
}
