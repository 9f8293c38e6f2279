/** A kernel source, as far as this part of the lab can tell, and a patch for it. */
import { KernelBuildError } from './error.js'

/** The one file of the source that is patched, `net/answer.c`. */
export const SOURCE = ['int answer(void)', '{', '\treturn 42;', '}', ''].join('\n')

/** The source's files by folder, as tap's testdir takes them. */
export const TREE = {
  Makefile: 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\n',
  Kconfig: 'config NET\n\tbool "Networking"\n',
  net: { 'answer.c': SOURCE },
}

/** A Kconfig file with options that depend on others, in a menu and in a block. */
export const KCONFIG = [
  'menu "Bridges"',
  '\tdepends on NET',
  'config BRIDGE',
  '\ttristate "802.1d" if EXPERT',
  '\tdepends on INET && \\',
  '\t\t!TINY',
  '\thelp',
  '\t  if you ask',
  'endmenu',
  'if NETFILTER',
  'config OTHER',
  '\tbool',
  'config EBTABLES',
  '\tbool "eb"',
  '\tdepends on BRIDGE',
  'endif',
  '',
].join('\n')

/** A patch with everything that its head can say. */
export const PATCH = [
  '# Subject: Another answer',
  '# Upstream: 123456789abc ("answer: settle it", v6.1)',
  '# Reason: Nobody asked,',
  '#  and nobody will.',
  '',
  '--- a/net/answer.c',
  '+++ b/net/answer.c',
  '@@ -1,4 +1,4 @@',
  ' int answer(void)',
  ' {',
  '-\treturn 42;',
  '+\treturn 43;',
  ' }',
  '',
].join('\n')

/** The KernelBuildError that something rejects with. Throws when it does not. */
export async function failure(work: Promise<unknown>): Promise<KernelBuildError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof KernelBuildError) return error
  throw new Error(`expected a KernelBuildError, got ${String(error)}`)
}
