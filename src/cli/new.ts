/** `lab new`: a scenario of one's own to begin with. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { EXIT, LabError } from '../base/errors.js'
import { asCalled } from '../base/program-name.js'
import { repositoryFile } from '../base/root.js'
import type { Scenario } from '../model/scenario.js'
import { oneScenario } from '../plan/catalogue.js'
import { isPath } from '../plan/own-files.js'
import { fixTablesOf } from './fix-tables.js'

/** A scenario's id becomes an anchor, a name in a table and a word of commands. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/**
 * Runs `lab new`: writes NAME/scenario.ts and NAME/README.md. Throws LabError (exit 2) for a name that can be no id, a folder that
 * is not empty of these, and an id in `from` that there is not.
 */
export async function newScenario(name: string, { from }: { readonly from?: string }): Promise<void> {
  const folder = resolve(name)
  const id = basename(folder)
  if (!ID.test(id))
    throw new LabError(
      `'${id}' can be no id of a scenario`,
      'letters, digits, dots, dashes and underscores',
      EXIT.usage,
    )
  const [source, readme] = ['scenario.ts', 'README.md'].map(file => join(folder, file))
  for (const file of [source, readme])
    if (file !== undefined && existsSync(file))
      throw new LabError(`${file} is there already`, 'choose another name, or remove it', EXIT.usage)
  if (source === undefined || readme === undefined) return
  const text = from === undefined ? smallScenario(id) : copied(await ownScenario(from), id)
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(source, text)
    writeFileSync(readme, readmeOf(await oneScenario(source), from))
  } catch (error) {
    if (error instanceof LabError) throw error
    throw new LabError(
      `${folder} could not be written: ${(error as NodeJS.ErrnoException).code}`,
      'choose a folder that may be written',
      EXIT.usage,
    )
  }
  const shown = relative(process.cwd(), folder) || '.'
  const path = shown.startsWith('.') ? shown : `./${shown}`
  const next = ['run', 'explain', 'shell'].map(command => `  lab ${command} ${path}\n`)
  process.stdout.write(`${path}/scenario.ts\n${path}/README.md\n\n${asCalled(next.join(''))}`)
}

/** Throws LabError for what is none of the lab's own. */
async function ownScenario(from: string): Promise<Scenario> {
  if (isPath(from))
    throw new LabError(
      `--from ${from} is a path`,
      'give an id of lab list; copy a file of your own',
      EXIT.usage,
    )
  return oneScenario(from)
}

/** The source of one of the lab's scenarios under another id, importing the package. */
function copied({ id: old }: Scenario, id: string): string {
  const source = readFileSync(repositoryFile(`scenarios/${old}/scenario.ts`), 'utf8')
  return source.replace("'../../src/index.js'", "'netns-lab'").replace(`id: '${old}'`, `id: '${id}'`)
}

function readmeOf(scenario: Scenario, from: string | undefined): string {
  const { id, title, source, drawing, topology } = scenario
  return `# ${id}

${title}.

**Document:** ${source.title}, <${source.url}>: "${source.says}"
${from === undefined ? '' : `\nBegun as a copy of the lab's own scenario ${from}.\n`}
## Topology

\`\`\`text
${drawing.replace(/^\n/, '')}
\`\`\`

${Object.entries(topology.nodes)
  .map(([name, { is }]) => `- \`${name}\`: ${is}`)
  .join('\n')}

## What breaks, and what repairs it

What the scenario expects; a run says what came.

${fixTablesOf(scenario)}

## Try it

\`\`\`sh
lab run ./${id}
lab run ./${id} -v --evidence full
lab shell ./${id}
lab matrix --kernel debian:6.1 ./${id}
\`\`\`
`
}

/** A host behind a router that does not forward: small, and of everything that a scenario has there is one. */
function smallScenario(id: string): string {
  return `import { defineScenario, mib, ping, sysctlToggle } from 'netns-lab'

const SERVER = '198.51.100.2'

export default defineScenario({
  id: '${id}',
  // A sentence without its full stop: who cannot do what.
  title: 'A host behind a router that does not forward cannot be reached',
  // The document that tells of it, and its own words for what people saw.
  source: {
    title: 'IP Sysctl, The Linux Kernel documentation',
    url: 'https://docs.kernel.org/networking/ip-sysctl.html',
    says: 'Forward Packets between interfaces.',
  },
  drawing: \`
  192.0.2.2         192.0.2.1    198.51.100.1         198.51.100.2
  [client] eth0 ──────── eth0 [router] eth1 ──────── eth0 [server]\`,
  needs: ['veth'],

  topology: {
    nodes: {
      client: { is: 'the client', addresses: { eth0: '192.0.2.2/24' }, gateway: '192.0.2.1' },
      router: { is: 'the router', addresses: { eth0: '192.0.2.1/24', eth1: '198.51.100.1/24' } },
      server: { is: 'the server', addresses: { eth0: \`\${SERVER}/24\` }, gateway: '198.51.100.1' },
    },
    links: [
      ['client:eth0', 'router:eth0'],
      ['router:eth1', 'server:eth0'],
    ],
  },

  // Each has named settings, the first of which is that of the failure.
  toggles: {
    ip_forward: sysctlToggle({
      summary: 'forward packets between devices',
      nodes: ['router'],
      values: { '0': { 'net.ipv4.ip_forward': 0 }, '1': { 'net.ipv4.ip_forward': 1 } },
    }),
  },

  probes: {
    'router-ping': ping({ from: 'client', to: '192.0.2.1' }),
    'server-ping': ping({ from: 'client', to: SERVER }),
  },
  // What must work before anything else counts.
  controls: ['router-ping'],

  // Why a probe fails, and what the kernel must show for it.
  mechanisms: {
    'not-forwarded': {
      title: 'packet that is not forwarded',
      where: 'ip_route_input_slow() finds a way out, and forwarding is off: ip_error() counts the packet and drops it',
      document: 'Forward Packets between interfaces.',
      proofs: [mib('router', 'IpInAddrErrors'), mib('router', 'IpForwDatagrams').still()],
    },
  },

  // Of several that fit the settings and the kernel, the first one counts.
  expect: {
    'router-ping': [{ works: 'The router is on the same link.' }],
    'server-ping': [
      { when: { ip_forward: '1' }, works: 'The router forwards.', answeredBy: SERVER },
      { fails: 'not-forwarded', why: 'The router does not forward.' },
    ],
  },

  experiments: [{ title: 'forwarding', fixes: [{ ip_forward: '1' }] }],
})
`
}
