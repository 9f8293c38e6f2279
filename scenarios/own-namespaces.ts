/** Shell in namespaces of its own, for audits of machines that the host is not. */
import { execa } from 'execa'

/**
 * Runs lines of sh in a network, a mount and a process namespace, in which `"$@"` are the words: what they mount is seen by nobody else, and what
 * they start ends with them. Never throws for the exit status.
 */
export function inOwnNamespaces(lines: readonly string[], words: readonly string[]) {
  const script = ['set -e', 'mount --make-rprivate /', ...lines].join('\n')
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  return execa('unshare', [...namespaces, 'sh', '-c', script, 'sh', ...words], { reject: false })
}
