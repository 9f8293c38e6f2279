/** The JSON report, `netns-lab.report/2`: what is written is checked against it, and so is what is read. It needs nothing else to be understood. */
import { z } from 'zod'
import { webAddress } from './fields.js'
import { PERSISTENCE } from './persistence.js'
import { IPTABLES_BACKENDS, PHASES } from './plan.js'
import { VERDICTS } from './verdict.js'

export const REPORT_SCHEMA = 'netns-lab.report/2'

/** Where something is: a node, and a device of it. */
const place = z.object({ node: z.string(), device: z.string().optional() })

/** What came of one proof. */
const evidence = z.object({
  source: z.string(),
  node: z.string(),
  /**
   * `not-seen` is weaker than `absent`: a rate-limited source may have left it out. `unavailable`: this machine or user cannot
   * show it.
   */
  state: z.enum(['seen', 'absent', 'not-seen', 'unavailable']),
  says: z.string(),
  /** Of what was not seen: that nothing can have kept it back. */
  complete: z.literal(true).optional(),
})

/** A commit of the kernel. */
const change = z.object({
  commit: z.string(),
  title: z.string(),
  /** First mainline release that has it. */
  since: z.string(),
  /** First release of each stable series that has it, too. */
  backports: z.array(z.string()).optional(),
  /** The vulnerability that it closes. */
  cve: z.string().optional(),
  /** Distributions' packages that took it back. */
  reverts: z
    .array(
      z.object({
        distribution: z.string(),
        package: z.string(),
        /** First release of its kernels without it. */
        since: z.string(),
        bug: z.string(),
        url: webAddress(),
      }),
    )
    .optional(),
  /** Whether this kernel has it, by its version and what its distribution took back. */
  has: z.boolean().optional(),
  url: webAddress(),
})

/** Whose address another one took, and its port where it has one: `192.0.2.1:80` and `10.0.0.2:8080`. */
const translated = z.object({ from: z.string(), to: z.string() })

/** A device that a packet left by, or came in on. */
const stop = z.object({
  node: z.string(),
  device: z.string(),
  direction: z.enum(['in', 'out']),
  /** What differs from the stop before: whatever is between the two has translated it. */
  source: translated.optional(),
  destination: translated.optional(),
})

/**
 * The way of one packet of a probe, device by device, and that of the answer to it; of several packets, that of the first which was
 * lost, and of the first where none was.
 */
const way = z.object({
  /**
   * `captures`: frames on every device, with `--evidence full`. `lookups`: what the kernel said, once the probe was over, of where such
   * a packet goes; it knows of no mark that a firewall sets, nothing that tc redirects, no copy that a bridge floods, and nothing
   * of what failed on a connection that had been there before (docs/evidence.md).
   */
  measured: z.enum(['captures', 'lookups']),
  /** What the packet is; left out where that is not known. */
  protocol: z.enum(['icmp', 'icmpv6', 'tcp', 'udp']).optional(),
  stops: z.array(stop),
  /** Left out where none was sent. */
  answer: z.array(stop).optional(),
  /** Where the packet, or its answer, came to and no further; left out where nothing was lost. */
  lost: place.extend({ says: z.string().optional() }).optional(),
})

/** Settings of toggles by name. */
const settings = z.record(z.string(), z.string())

/** Versions of tools that something is for: from one on, or before one. */
const toolsSchema = z.record(
  z.string(),
  z.object({ since: z.string().optional(), before: z.string().optional() }),
)

const trial = z.object({
  /** Title of the experiment that it is part of. */
  experiment: z.string(),
  phase: z.enum(PHASES),
  probe: z.string(),
  iptables: z.enum(IPTABLES_BACKENDS),
  /** Every toggle of the scenario with its setting, defaults included. */
  toggles: settings,
  /** The fix that is set in a `fixed` trial, and was taken back before a `reverted` one. */
  fix: settings.optional(),
  /** How the rules of the fix were saved and loaded before a `persisted` trial. */
  persisted: z.enum(PERSISTENCE).optional(),
  /** `not-triggered`: it takes luck to fail, and there was none. */
  outcome: z.enum(['works', 'fails', 'not-triggered', 'skipped', 'error']),
  /** What the probe saw, in a sentence. */
  says: z.string(),
  /** The address that the answer came from. */
  answeredBy: z.string().optional(),
  /** The address that the server saw as its peer. */
  serverSaw: z.string().optional(),
  /** What was measured; a name ends in its unit. */
  measured: z.record(z.string(), z.number()).optional(),
  /** Whether it is an attack, which must not get through: `fails` is that it reached its end, `works` that it was refused. */
  attack: z.literal(true).optional(),
  /** What had to come out. */
  expected: z.enum(['works', 'fails']),
  /** Whether it came out so, with its evidence. */
  ok: z.boolean(),
  /** What this trial alone would make of the scenario. */
  verdict: z.enum(VERDICTS),
  /** The reason for the expectation, or what was seen instead of it. */
  why: z.string(),
  /** Id of the mechanism that was proved. */
  mechanism: z.string().optional(),
  /** What tells most about a failure, and how clearly: 1 is the kernel's own words. */
  cause: place.extend({ says: z.string(), clarity: z.number() }).optional(),
  /** The way that its packets took; left out where nobody measured it. */
  way: way.optional(),
  /** The change of the kernel that the expectation is keyed by: this kernel's differs for having or lacking it. */
  change: change.optional(),
  /** The versions of tools that the expectation is keyed by, where it is for some alone. */
  tools: toolsSchema.optional(),
  evidence: z.array(evidence),
  /** Which repetition it is, from 1. */
  repetition: z.number().int(),
  elapsedMs: z.number(),
})

/** A setting of a node that differs from what it was in the `broken` phase; an end without it did not have it. */
const configurationChange = z.object({
  node: z.string(),
  /** `link vnet0 hairpin_mode`, `sysctl net.ipv4.ip_forward`, `rule 1 of nat POSTROUTING` */
  what: z.string(),
  before: z.string().optional(),
  after: z.string().optional(),
})

const phase = z.object({
  /** Title of the experiment that it is part of. */
  experiment: z.string(),
  phase: z.enum(PHASES),
  iptables: z.enum(IPTABLES_BACKENDS),
  repetition: z.number().int(),
  /** The fix that it sets, or has taken back. */
  fix: settings.optional(),
  /** How its rules were saved and loaded. */
  persisted: z.enum(PERSISTENCE).optional(),
  /**
   * What the kernel says is configured otherwise than in the `broken` phase: nothing, once a fix is taken back. In a `persisted`
   * phase, each rule of the fix in the words that it was saved in, where these are others, and what could not be loaded.
   */
  changes: z.array(configurationChange),
})

/** Why packets get lost, in the kernel's terms. */
const mechanism = z.object({
  title: z.string(),
  /** Functions of the kernel, and the commit where there is one. */
  where: z.string(),
  /** The document's own line that shows it. */
  document: z.string(),
  /** Where it loses the packet. */
  at: place.optional(),
})

const probe = z.object({
  kind: z.string(),
  /** The node that it is seen from. */
  from: z.string(),
  /** The address that its packets are sent to; left out where they go to everybody on the link. */
  to: z.string().optional(),
  /** What it does, as a command that a reader knows. */
  command: z.string(),
  /** Whether it must come out as expected before anything else counts. */
  control: z.boolean(),
  /** Whether it is an attack, which must not get through. */
  attack: z.literal(true).optional(),
})

const toggle = z.object({
  summary: z.string(),
  /** The first one is that of the document's failure. */
  settings: z.array(z.string()),
})

const strings = z.array(z.string())
const linkEnd = z.object({
  node: z.string(),
  device: z.string(),
  /** Where it is not the usual one. */
  mtu: z.number().optional(),
  /** Set for an end that is left down. */
  down: z.literal(true).optional(),
  /** Features (offloads) that are set to be on or off. */
  features: z.record(z.string(), z.enum(['on', 'off'])).optional(),
})

/** What of a topology is drawn. */
const topology = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      /** What it stands for in the document. */
      is: z.string(),
      bridges: z.record(z.string(), z.object({ ports: strings })).optional(),
      addresses: z.record(z.string(), strings).optional(),
      nextHops: strings.optional(),
      routes: strings.optional(),
      rules: strings.optional(),
      iptables: z.record(z.string(), strings).optional(),
      nft: strings.optional(),
      linkOptions: strings.optional(),
      tc: strings.optional(),
      services: z.array(z.object({ protocol: z.enum(['tcp', 'udp']), port: z.number() })).optional(),
      packetHold: z.object({ port: z.number() }).optional(),
      routerAdvertisements: z.object({ prefix: z.string() }).optional(),
    }),
  ),
  links: z.array(z.tuple([linkEnd, linkEnd])),
})

/** What a scenario is, as far as a reader of its report wants to know. */
const story = z.object({
  /** The document that tells of it. */
  source: z.object({
    title: z.string(),
    url: webAddress(),
    /** Its own words for what people saw. */
    says: z.string(),
  }),
  /** The topology as a drawing in characters. */
  drawing: z.string(),
  topology,
  toggles: z.record(z.string(), toggle),
  probes: z.record(z.string(), probe),
  mechanisms: z.record(z.string(), mechanism),
})

const scenario = z.object({
  /** It becomes an anchor, a name in a table and a word of commands. */
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected letters, digits, dots, dashes and underscores'),
  title: z.string(),
  verdict: z.enum(VERDICTS),
  /** What the verdict rests on, in a sentence. */
  reason: z.string(),
  elapsedMs: z.number(),
  /** What it is about; left out where it could not be loaded, and in reports of version 1. */
  story: story.optional(),
  /** What each phase changed; left out in reports of version 1. */
  phases: z.array(phase).optional(),
  /** The trials of experiments that ended in error at their first try, as these came; what counts is in `trials`. */
  retried: z.array(trial).optional(),
  /** In the order of the experiments; those of an experiment as they happened. */
  trials: z.array(trial),
})

/** A sysctl that a distribution sets by itself. */
export const defaultSchema = z.object({
  sysctl: z.string(),
  value: z.string(),
  /** The file of the distribution's, or the user's, that says so. */
  file: z.string(),
})

export const reportSchema = z.object({
  schema: z.literal(REPORT_SCHEMA),
  kernel: z.object({
    /** `uname -r`. */
    release: z.string(),
    /** The upstream version, which a distribution's release may hide. */
    version: z.string(),
    /** The version of the distribution's package, where it has one: `6.1.176-1`. */
    package: z.string().optional(),
  }),
  machine: z.object({
    cpus: z.number().int(),
    /** Whether it ran as root of the machine, or in a user namespace. */
    privilege: z.enum(['root', 'rootless']),
    distribution: z.string(),
    /** How much slower than the reference machine deadlines were taken, 1 or more. */
    slowness: z.number(),
    /** The greatest factor by which deadlines were stretched while the run lasted. */
    slowest: z.number().optional(),
    /** What belongs to the whole machine, matters to verdicts, and somebody changed while the run lasted. */
    changed: z.array(z.object({ what: z.string(), before: z.string(), after: z.string() })).optional(),
    /** Version of each program by name, as it says itself, `missing`, or why it is not known. */
    tools: z.record(z.string(), z.string()),
    /** The distribution that the programs are of; left out in older reports. */
    userland: z
      .object({
        /** `debian:12`, as os-release or the command line has it. */
        id: z.string(),
        /** With the point release, where it says it: `12.15`. */
        version: z.string(),
        /** Version of each package that brings a program of the lab's; none where dpkg keeps no list. A program may say less of itself. */
        packages: z.record(z.string(), z.string()),
        /** SHA-256 of all its packages as sorted lines `package=version`. */
        digest: z.string().optional(),
      })
      .optional(),
    /** The sysctls that a distribution sets, which nodes had in place of the lab's; left out where they had the lab's. */
    defaults: z.array(defaultSchema).readonly().optional(),
  }),
  started: z.iso.datetime(),
  elapsedMs: z.number(),
  /** What the order of its experiments was shuffled by; as planned when left out. */
  seed: z.number().int().optional(),
  /** Which part of the catalogue it is, `2/5`; left out where it is no part. `lab merge` puts parts together. */
  shard: z
    .string()
    .regex(/^\d+\/\d+$/)
    .optional(),
  /** Number of scenarios. */
  summary: z.record(z.enum(VERDICTS), z.number().int()),
  /** Sources of evidence and capabilities that this machine lacks, each once. */
  unavailable: z.array(z.object({ what: z.string(), why: z.string() })),
  scenarios: z.array(scenario),
})

export type Report = z.infer<typeof reportSchema>
export type ScenarioReport = z.infer<typeof scenario>
export type TrialReport = z.infer<typeof trial>
export type MeasuredWay = z.infer<typeof way>
export type Stop = z.infer<typeof stop>
export type PhaseReport = z.infer<typeof phase>
export type Story = z.infer<typeof story>
export type DrawnTopology = z.infer<typeof topology>
export type DrawnNode = DrawnTopology['nodes'][string]
