/** Rules of one's own as a release loads them, saves them in each of its ways, and loads them again. */
import { LabError } from '../base/errors.js'
import { missingTool } from '../base/tools.js'
import { PERSISTENCE, type Persistence } from '../model/persistence.js'
import { persistCommands } from '../model/saved-rules.js'
import { type CommandRecord, runCommand } from '../world/command.js'
import { addNetns, deleteNetns, Netns } from '../world/netns.js'
import { type FileRule, readRules, withoutWords } from './rule-words.js'

/** Words of a rule that are not in what was saved: it reads like the rule without them. */
interface LostWords {
  /** `nat POSTROUTING -s 10.0.0.0/24 … -j ACCEPT` */
  readonly rule: string
  readonly words: string
  readonly saved: string
}

/** What becomes of the rules in one way of saving them. */
interface SavedRules {
  readonly by: Persistence
  /** What was said where they could not be loaded again: none of them is there after a boot. */
  readonly refused?: string
  readonly lost: readonly LostWords[]
}

/** What a release makes of a file of rules. */
export interface ReleaseRules {
  readonly name: string
  /** What was said where it cannot be loaded at all. */
  readonly refused?: string
  readonly ways: readonly SavedRules[]
}

const PROGRAMS = { save: 'iptables-save', restore: 'iptables-restore' }
const NODE = 'rules'
/** A chain that no file has. */
const CHAIN = 'netns-lab-probe'
const TIMEOUT_MS = 60_000

/**
 * Tries a file of rules with the programs of the root that this process is in, in a new network namespace. Words are lost where
 * a rule is saved as it would be without them, which is tried for each negation and each option that has no value.
 * Throws LabError where its programs are missing.
 */
export async function releaseRules(text: string): Promise<Omit<ReleaseRules, 'name'>> {
  addNetns(NODE)
  const netns = new Netns(NODE)
  const exec = (argv: readonly string[], stdin?: string) =>
    runCommand(argv, { node: NODE, netns, timeoutMs: TIMEOUT_MS, ...(stdin === undefined ? {} : { stdin }) })
  try {
    const rules = readRules(text)
    const native = rules.length === 0 && !/^\*\w+$/m.test(text)
    for (const program of native ? ['nft'] : ['iptables-restore', 'iptables-save']) {
      const missing = missingTool(program)
      if (missing) throw new LabError(missing, 'rules are tried with the release’s own programs')
    }
    const loaded = await exec(native ? ['nft', '-f', '-'] : ['iptables-restore', '-w'], text)
    if (loaded.exitCode !== 0) return { refused: saidBy(loaded), ways: [] }
    const isNft = native || (await exec(['iptables', '-V'])).stdout.includes('nf_tables')
    const ways = PERSISTENCE.filter(by =>
      by === 'nft' ? isNft && missingTool('nft') === undefined : !native,
    )
    const reloaded = new Map<Persistence, string | undefined>()
    for (const by of ways) {
      reloaded.set(by, await reload(by, exec))
      await exec(native ? ['nft', 'flush', 'ruleset'] : ['iptables-restore', '-w'], native ? undefined : text)
    }
    const lost = await lostWords(rules, ways, exec)
    return {
      ways: ways.map(by => {
        const refused = reloaded.get(by)
        return {
          by,
          ...(refused === undefined ? {} : { refused }),
          lost: lost.flatMap(({ by: own, ...one }) => (own === by ? [one] : [])),
        }
      }),
    }
  } finally {
    netns.close()
    await deleteNetns(NODE)
  }
}

type Exec = (argv: readonly string[], stdin?: string) => Promise<CommandRecord>

/** Saves what is loaded, takes it away and loads it; what was said where it could not be loaded. */
async function reload(by: Persistence, exec: Exec): Promise<string | undefined> {
  const { save, load, flush } = persistCommands(by, PROGRAMS)
  const { stdout } = await exec(save)
  const { argv, stdin } = flush(stdout)
  await exec(argv, stdin)
  const record = await exec(load, stdout)
  return record.exitCode === 0 ? undefined : saidBy(record)
}

async function lostWords(
  rules: readonly FileRule[],
  ways: readonly Persistence[],
  exec: Exec,
): Promise<(LostWords & { readonly by: Persistence })[]> {
  const lost: (LostWords & { readonly by: Persistence })[] = []
  for (const rule of rules) {
    const own = await saved(rule, rule.words, exec)
    if (!own) continue
    const name = `${rule.table} ${rule.chain} ${rule.words.join(' ')}`
    const kept = ways.filter(by => own[by] !== '')
    for (const by of ways)
      if (!kept.includes(by)) lost.push({ by, rule: name, words: 'all of it', saved: '' })
    for (const { words, left } of withoutWords(rule.words)) {
      const other = await saved(rule, left, exec)
      for (const by of kept)
        if (other && own[by] === other[by]) lost.push({ by, rule: name, words, saved: own[by] })
    }
  }
  return lost
}

/** A rule by itself as each way saves it; undefined where it cannot be loaded. */
async function saved(
  { table, chains }: FileRule,
  words: readonly string[],
  exec: Exec,
): Promise<Record<Persistence, string> | undefined> {
  const declared = [...chains, CHAIN].map(chain => `:${chain} - [0:0]\n`).join('')
  const text = `*${table}\n${declared}-A ${CHAIN} ${words.join(' ')}\nCOMMIT\n`
  if ((await exec(['iptables-restore', '-w'], text)).exitCode !== 0) return undefined
  const save = await exec(['iptables-save', '-t', table])
  const list = await exec(['nft', '-s', 'list', 'chain', 'ip', table, CHAIN]).catch(() => undefined)
  // nft 0.9.8 has a comment for what it has no words for.
  const listed = list?.stdout.split('\n').filter(line => /^\t\t[^\s#]/.test(line)) ?? []
  return {
    'iptables-save': new RegExp(`^-A ${CHAIN} (.*)$`, 'm').exec(save.stdout)?.[1] ?? '',
    nft: listed.map(line => line.trim().replace(/ ?\bcounter\b/, '')).join('; '),
  }
}

function saidBy({ stderr, stdout, exitCode }: CommandRecord): string {
  return (stderr || stdout).trim() || `exit status ${exitCode}`
}
