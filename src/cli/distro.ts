/** `lab distro`. */
import { fetchRoot } from '../distro/fetch.js'
import { rootsKey } from '../distro/key.js'
import { RELEASES } from '../distro/releases.js'
import { fetchedRoots } from '../distro/store.js'

/** What the actions of `lab distro` take. */
export interface DistroOptions {
  readonly json?: boolean
  readonly update?: boolean
  readonly allowExpired?: boolean
  readonly sysctl?: readonly string[]
  readonly rootless?: boolean
  readonly rules?: string
}

/** Prints the releases that can be had, and what of them is in the cache. */
export async function distroList({ json }: DistroOptions): Promise<void> {
  const releases = await Promise.all(
    RELEASES.map(async release => {
      const { name, aliases, description, kernel } = release
      const fetched = (await fetchedRoots(release)).map(({ date, digest, root, packages, lacks }) => ({
        ...{ date, digest, root, lacks },
        packages: Object.keys(packages).length,
      }))
      return { name, aliases, description, kernel, fetched }
    }),
  )
  if (json) {
    process.stdout.write(`${JSON.stringify(releases, null, 2)}\n`)
    return
  }
  for (const { name, aliases, description, kernel, fetched } of releases) {
    const here = fetched.map(
      ({ date, digest, packages, lacks }) =>
        `    fetched: ${packages} packages of ${date.slice(0, 10)}, ${digest.slice(0, 16)}${lacks.length === 0 ? '' : `; lacks ${lacks.join(', ')}`}\n`,
    )
    process.stdout.write(
      `${name.padEnd(14)}${description}; also ${aliases.join(', ')}; kernel ${kernel}\n${here.join('')}`,
    )
  }
}

/** Brings releases' roots into the cache, with progress on standard error. Throws LabError. */
export async function distroFetch(names: readonly string[], options: DistroOptions): Promise<void> {
  for (const name of names) {
    const root = await fetchRoot(name, {
      update: options.update ?? false,
      allowExpired: options.allowExpired ?? false,
      onStep: (release, step) => process.stderr.write(`${release}: ${step}\n`),
    })
    process.stdout.write(
      `${root.name}  ${Object.keys(root.packages).length} packages of ${root.date.slice(0, 10)}  ${root.digest.slice(0, 16)}\n  ${root.root}\n`,
    )
  }
}

/** Prints the key that a cache of these releases' roots is kept under. Throws LabError. */
export async function distroKey(names: readonly string[]): Promise<void> {
  process.stdout.write(`${await rootsKey(names)}\n`)
}
