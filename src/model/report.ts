/** The JSON report, `netns-lab.report/1`: what is written is checked against it, and so is what is read. */
import { z } from 'zod'
import { VERDICTS } from './verdict.js'

const evidence = z.object({
  source: z.string(),
  node: z.string(),
  state: z.enum(['seen', 'absent', 'not-seen', 'unavailable']),
  says: z.string(),
})

/** A commit of the kernel. */
const change = z.object({
  commit: z.string(),
  title: z.string(),
  /** First mainline release that has it. */
  since: z.string(),
  backports: z.array(z.string()).optional(),
  /** It becomes a link in pages: nothing but a web address may. */
  url: z.url({ protocol: /^https?$/ }),
})

const trial = z.object({
  phase: z.enum(['control', 'broken', 'fixed', 'reverted']),
  probe: z.string(),
  iptables: z.enum(['nft', 'legacy']),
  /** Every toggle of the scenario with its setting, defaults included. */
  toggles: z.record(z.string(), z.string()),
  outcome: z.enum(['works', 'fails', 'not-triggered', 'skipped', 'error']),
  /** What the probe saw, in a sentence. */
  says: z.string(),
  answeredBy: z.string().optional(),
  serverSaw: z.string().optional(),
  measured: z.record(z.string(), z.number()).optional(),
  expected: z.enum(['works', 'fails']),
  ok: z.boolean(),
  /** What this trial alone would make of the scenario. */
  verdict: z.enum(VERDICTS),
  /** The reason for the expectation, or what was seen instead of it. */
  why: z.string(),
  mechanism: z.string().optional(),
  /** The change of the kernel that the expectation is keyed by: this kernel's differs for having or lacking it. */
  change: change.optional(),
  evidence: z.array(evidence),
  /** Which repetition it is, from 1. */
  repetition: z.number().int(),
  elapsedMs: z.number(),
})

const scenario = z.object({
  /** It becomes an anchor, a name in a table and a word of commands. */
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected letters, digits, dots, dashes and underscores'),
  title: z.string(),
  verdict: z.enum(VERDICTS),
  reason: z.string(),
  elapsedMs: z.number(),
  trials: z.array(trial),
})

export const reportSchema = z.object({
  schema: z.literal('netns-lab.report/1'),
  kernel: z.object({
    release: z.string(),
    version: z.string(),
    /** The version of the distribution's package, where it has one: `6.1.176-1`. */
    package: z.string().optional(),
  }),
  machine: z.object({
    cpus: z.number().int(),
    privilege: z.enum(['root', 'rootless']),
    distribution: z.string(),
    /** How much slower than the reference machine deadlines were taken, 1 or more. */
    slowness: z.number(),
    /** The greatest factor by which deadlines were stretched while the run lasted. */
    slowest: z.number().optional(),
    tools: z.record(z.string(), z.string()),
  }),
  started: z.iso.datetime(),
  elapsedMs: z.number(),
  /** What the order of its experiments was shuffled by; as planned when left out. */
  seed: z.number().int().optional(),
  summary: z.record(z.enum(VERDICTS), z.number().int()),
  /** Sources of evidence and capabilities that this machine lacks, each once. */
  unavailable: z.array(z.object({ what: z.string(), why: z.string() })),
  scenarios: z.array(scenario),
})

export type Report = z.infer<typeof reportSchema>
export type ScenarioReport = z.infer<typeof scenario>
export type TrialReport = z.infer<typeof trial>
export type EvidenceReport = z.infer<typeof evidence>
