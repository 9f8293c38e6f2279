/** Runs for reporters: synthetic ones with every verdict and with hostile text, and one recorded for real. */
import { readFileSync } from 'node:fs'
import { repositoryFile } from '../base/root.js'
import {
  type Report,
  reportSchema,
  type ScenarioReport,
  type Story,
  type TrialReport,
} from '../model/report.js'
import { countVerdicts, resultOf, type Verdict } from '../model/verdict.js'

/**
 * To record it anew: `lab run bridge-dnat-bounce lan-dnat-without-snat --toggle hairpin_mode --toggle promisc
 * --toggle nf_call_iptables --toggle bounce-snat --json src/report/recorded-run.json`.
 */
export const RECORDED = repositoryFile('src/report/recorded-run.json')
export const recorded = reportSchema.parse(JSON.parse(readFileSync(RECORDED, 'utf8')))

/** What some format somewhere takes for markup, a command, or an end. */
export const HOSTILE =
  '<script>alert(1)</script> # SKIP | ]]> "q" \'a\' %0A ::error::x\n::error::y \\ \u001b[31m & not ok 1 * `'

export function trial(
  verdict: Verdict,
  phase: TrialReport['phase'],
  more: Partial<TrialReport> = {},
): TrialReport {
  const good = resultOf(verdict) === 'pass'
  const says = more.says ?? 'it said so'
  return {
    experiment: 'an experiment',
    phase,
    probe: 'own-address-tcp',
    iptables: 'nft',
    toggles: { hairpin_mode: 'off', promisc: says },
    outcome: verdict === 'skipped' ? 'skipped' : verdict === 'error' ? 'error' : good ? 'works' : 'fails',
    says,
    expected: 'works',
    ok: good || verdict === 'skipped',
    verdict,
    why: `because ${says}`,
    evidence: [{ source: 'mib', node: 'host', state: 'seen', says }],
    repetition: 1,
    elapsedMs: 1.5,
    ...more,
  }
}

export function scenario(
  id: string,
  verdict: Verdict,
  trials: readonly TrialReport[],
  more: Partial<ScenarioReport> = {},
): ScenarioReport {
  return {
    id,
    title: `Title of ${id}`,
    verdict,
    reason: 'a reason',
    elapsedMs: 12,
    trials: [...trials],
    ...more,
  }
}

export function reportOf(list: readonly ScenarioReport[], more: Partial<Report> = {}): Report {
  return {
    schema: 'netns-lab.report/2',
    kernel: { release: '6.18.44-test', version: '6.18.44' },
    machine: {
      cpus: 2,
      privilege: 'root',
      distribution: 'Debian GNU/Linux 12 (bookworm)',
      slowness: 1,
      tools: { ip: 'iproute2-6.1.0' },
    },
    started: '2026-11-21T05:07:27.713Z',
    elapsedMs: 1442,
    summary: countVerdicts(list.map(({ verdict }) => verdict)),
    unavailable: [{ what: 'kernel log', why: HOSTILE }],
    scenarios: [...list],
    ...more,
  }
}

/** What is told of a scenario with two nodes and a loss between them, in these words. */
function storyIn(words: string): Story {
  return {
    source: { title: `Document: ${words}`, url: 'https://example.org/document', says: words },
    drawing: words,
    topology: {
      nodes: {
        web: { is: words, addresses: { eth0: ['10.0.3.80/24'] }, services: [{ protocol: 'tcp', port: 80 }] },
        host: {
          is: words,
          bridges: { 'br-lxc': { ports: ['veth-web'] } },
          addresses: { 'br-lxc': ['10.0.3.1/24'] },
          iptables: { nat: [`-A ${words}`] },
        },
      },
      links: [
        [
          { node: 'web', device: 'eth0' },
          { node: 'host', device: 'veth-web' },
        ],
      ],
    },
    toggles: {
      hairpin_mode: { summary: words, settings: ['off', 'on'] },
      promisc: { summary: words, settings: ['off', 'on'] },
    },
    probes: {
      'own-address-tcp': {
        kind: 'tcp',
        from: 'web',
        to: '10.0.3.1',
        command: `nc ${words}`,
        control: false,
      },
    },
    mechanisms: {
      'same-port-drop': {
        title: words,
        where: words,
        document: words,
        at: { node: 'host', device: 'br-lxc' },
      },
    },
  }
}

const passing = trial('confirmed', 'control')
/** A failure that the kernel explained. */
const explained = (says: string, experiment = 'an experiment') =>
  trial('confirmed', 'broken', {
    says,
    experiment,
    outcome: 'fails',
    expected: 'fails',
    mechanism: 'same-port-drop',
    cause: { node: 'host', device: 'br-lxc', says, clarity: 1 },
  })

const ATTACK = { probe: 'own-address-tcp', attack: true } as const
/** A change that the kernel of the report lacks by its distribution. */
const CHANGE = {
  commit: '751de2012eaf',
  title: 'netfilter: a change',
  since: '6.9',
  backports: ['6.1.88'],
  cve: 'CVE-2024-27018',
  reverts: [
    {
      distribution: 'Ubuntu',
      package: 'linux-azure',
      since: '6.8.0-1063-azure',
      bug: 'LP: #2070072',
      url: 'https://example.org/revert',
    },
  ],
  url: 'https://example.org/751de2012eaf',
}

export const everyVerdict = reportOf([
  scenario('broken-lab', 'error', [trial('error', 'control')]),
  scenario('regression', 'regressed', [passing, trial('regressed', 'fixed')]),
  scenario('no-failure', 'unexpected-pass', [passing, trial('unexpected-pass', 'broken')]),
  scenario('flaky-all-ok', 'flaky', [passing, passing]),
  scenario('left-out', 'skipped', [trial('skipped', 'control'), trial('skipped', 'broken')]),
  scenario('newer-kernel', 'changed', [passing, trial('changed', 'fixed'), trial('skipped', 'fixed')]),
  scenario(
    'as-documented',
    'confirmed',
    [
      passing,
      explained('it was dropped'),
      trial('confirmed', 'fixed', {
        fix: { hairpin_mode: 'on' },
        toggles: { hairpin_mode: 'on', promisc: 'off' },
      }),
    ],
    { story: storyIn('in words') },
  ),
  scenario('without-trials', 'skipped', []),
  scenario(
    'an-attack',
    'regressed',
    [
      passing,
      trial('confirmed', 'broken', {
        ...ATTACK,
        outcome: 'fails',
        expected: 'fails',
        says: 'reached: answered by 10.0.3.1',
        mechanism: 'same-port-drop',
        cause: { node: 'host', device: 'br-lxc', says: 'TcpOutRsts +1', clarity: 3 },
      }),
      trial('confirmed', 'fixed', { ...ATTACK, fix: { promisc: 'on' }, says: 'refused: nothing came' }),
      trial('regressed', 'fixed', { ...ATTACK, fix: { hairpin_mode: 'on' }, says: 'reached: it came' }),
    ],
    { story: storyIn('in words') },
  ),
  scenario(
    'a-kernel-without',
    'regressed',
    [
      trial('changed', 'broken', { outcome: 'fails', expected: 'fails', change: { ...CHANGE, has: false } }),
      trial('regressed', 'fixed', { change: { ...CHANGE, commit: '0123456789ab', has: true } }),
    ],
    { story: storyIn('in words') },
  ),
])

export const hostile = reportOf([
  scenario(
    'hostile',
    'regressed',
    [
      trial('confirmed', 'control', { says: HOSTILE, experiment: HOSTILE }),
      explained(HOSTILE, HOSTILE),
      trial('regressed', 'fixed', { says: HOSTILE, experiment: HOSTILE, fix: { hairpin_mode: HOSTILE } }),
    ],
    { reason: HOSTILE, title: HOSTILE, story: storyIn(HOSTILE) },
  ),
  scenario('hostile-skip', 'skipped', [trial('skipped', 'control', { says: HOSTILE })], { reason: HOSTILE }),
])
