/** What could not be read, and who could. */
import { describeError } from '../base/errors.js'
import type { Unread } from '../model/audit.js'

const TAKES_ROOT = /\b(?:EACCES|EPERM)\b|permission denied|not permitted|must be root/i

/** What an ordinary user can do about it. */
export const AS_ROOT = 'root reads it: start it with sudo'

export const isRoot = (): boolean => process.getuid?.() === 0

/** What an error says of something that was to be read, with what helps where it was a question of privileges. */
export function unreadOf(what: string, error: unknown): Unread {
  const why = describeError(error)
  if (!TAKES_ROOT.test(why)) return { what, why }
  return { what, why, remedy: isRoot() ? 'it takes CAP_SYS_ADMIN and CAP_NET_ADMIN' : AS_ROOT }
}

/** The same of two things that hang on one source: both are named, and each reason once. */
export function bothUnread(before: Unread | undefined, one: Unread): Unread {
  if (!before) return one
  const why = before.why.split('; ').includes(one.why) ? before.why : `${before.why}; ${one.why}`
  return { ...before, ...one, what: `${before.what}, ${one.what}`, why }
}
