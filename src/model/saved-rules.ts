/** Saving and loading rules: the commands of each way, and which rules of a fix it keeps. */
import { PERSISTENCE, type Persistence } from './persistence.js'
import { type IptablesBackend, otherBackend, type ToggleClaim } from './plan.js'
import type { RulePrograms, RuleSet } from './steps.js'

/** The commands of one way. */
interface PersistCommands {
  /** Prints what is kept. */
  readonly save: readonly string[]
  /** Takes it on standard input. */
  readonly load: readonly string[]
  /** Takes every rule away that would be saved, as before a boot; its standard input where it takes some. */
  readonly flush: (saved: string) => { readonly argv: readonly string[]; readonly stdin?: string }
}

/** How rules are saved, taken away, and loaded. */
export function persistCommands(
  by: Persistence,
  { save, restore }: Pick<RulePrograms, 'save' | 'restore'>,
): PersistCommands {
  if (by === 'nft')
    return {
      save: ['nft', 'list', 'ruleset'],
      load: ['nft', '-f', '-'],
      flush: () => ({ argv: ['nft', 'flush', 'ruleset'] }),
    }
  return {
    save: [save],
    load: [restore, '-w'],
    // A table that iptables-restore is given without a rule is empty afterwards.
    flush: saved => ({
      argv: [restore, '-w'],
      stdin: [...saved.matchAll(/^\*\S+$/gm)].map(([table]) => `${table}\nCOMMIT\n`).join(''),
    }),
  }
}

/** Claims of rules and policies that a fix puts there: those that do not hold without it. */
export function rulesOfFix(fixed: readonly ToggleClaim[], base: readonly ToggleClaim[]): ToggleClaim[] {
  const before = new Set(base.map(({ claim }) => JSON.stringify(claim)))
  return fixed.filter(
    ({ claim }) =>
      !before.has(JSON.stringify(claim)) &&
      (('nftTable' in claim && claim.rules > 0) ||
        'policy' in claim ||
        ('rule' in claim && 'words' in claim.rule)),
  )
}

/** The sets of rules of iptables that these are of. */
export function setsOf(rules: readonly ToggleClaim[]): RuleSet[] {
  return [...new Set(rules.flatMap(({ claim }) => ('chain' in claim ? [claim.set ?? 'iptables'] : [])))]
}

/** The ways in which these rules can be kept: iptables-save knows those of iptables alone, and nft those that it or iptables-nft made. */
export function waysToPersist(rules: readonly ToggleClaim[], backend: IptablesBackend): Persistence[] {
  if (rules.length === 0) return []
  const ofIptables = rules.every(({ claim }) => 'chain' in claim)
  const ofNft = setsOf(rules).every(
    set => (set === 'otherIptables' ? otherBackend(backend) : backend) === 'nft',
  )
  return PERSISTENCE.filter(by => (by === 'nft' ? ofNft : ofIptables))
}
