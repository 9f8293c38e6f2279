/** The distributions that `lab/vm` makes machines of. */
import { EXIT, LabError } from '../../src/base/errors.js'
import { unknownWord } from '../../src/base/nearest.js'

export interface Release {
  /** `debian:12`. */
  readonly name: string
  /** The name of its suite in the archive. */
  readonly suite: string
  /** What the Vagrantfile's NETNS_LAB_BOX calls it. */
  readonly box: string
  /** Packages that this release has beyond those of all. */
  readonly packages: readonly string[]
}

export const RELEASES: readonly Release[] = [
  { name: 'debian:12', suite: 'bookworm', box: 'debian12', packages: [] },
  {
    name: 'debian:13',
    suite: 'trixie',
    box: 'debian13',
    // Which recommends it, and recommendations are left out: it has the distribution's defaults of net sysctls.
    packages: ['libvirt-daemon-driver-nwfilter', 'linux-sysctl-defaults'],
  },
]

/** The releases of these names; all when there are none. Throws LabError (exit 2) for a name that is not known. */
export function chosenReleases(names: readonly string[]): readonly Release[] {
  if (names.length === 0) return RELEASES
  return names.map(name => {
    const release = RELEASES.find(one => one.name === name)
    if (release) return release
    throw new LabError(
      unknownWord(
        'distribution',
        name,
        RELEASES.map(one => one.name),
      ).message,
      `it is one of: ${RELEASES.map(one => one.name).join(', ')}`,
      EXIT.usage,
    )
  })
}
