/** Rules of one's own before and after an upgrade: what either release refuses or loses of them, and which of that is new. */
import type { ReleaseRules } from '../distro/rules.js'

/** One thing that a release does not keep. */
export interface RuleLoss {
  /** `saved by nft, ! --ctstate is lost: nat POSTROUTING …` */
  readonly what: string
  /** What it comes to, in the release's own words. */
  readonly as: string
  readonly before: boolean
  readonly after: boolean
}

/** What of a file of rules is lost in either of two releases, what is new first. */
export function ruleLosses(before: ReleaseRules, after: ReleaseRules): RuleLoss[] {
  const [olds, news] = [lossesOf(before), lossesOf(after)]
  return [...new Set([...news.keys(), ...olds.keys()])]
    .map(what => ({
      what,
      as: news.get(what) ?? olds.get(what) ?? '',
      before: olds.has(what),
      after: news.has(what),
    }))
    .sort((a, b) => Number(isNew(b)) - Number(isNew(a)))
}

/** Whether it is the upgrade that brings a loss. */
export function isNew({ before, after }: RuleLoss): boolean {
  return after && !before
}

function lossesOf({ refused, ways }: ReleaseRules): Map<string, string> {
  return new Map([
    ...(refused === undefined ? [] : [['none of them can be loaded', refused] as const]),
    ...ways.flatMap(({ by, refused: again, lost }) => [
      ...(again === undefined ? [] : [[`saved by ${by}, none of them can be loaded again`, again] as const]),
      ...lost.map(
        ({ rule, words, saved }) =>
          [`saved by ${by}, ${words} is lost: ${rule}`, `saved as: ${saved || 'nothing'}`] as const,
      ),
    ]),
  ])
}
