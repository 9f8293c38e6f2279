import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withDir } from 'tmp-promise'
import { fetchRoot } from './fetch.js'
import { keyOf } from './key.js'
import { findRelease } from './releases.js'
import { distroFolder, fetchedRoots, findRoot, MANIFEST } from './store.js'

const RELEASE = findRelease('debian:12')
const cacheBefore = process.env.XDG_CACHE_HOME

t.afterEach(() => {
  if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME
  else process.env.XDG_CACHE_HOME = cacheBefore
})

/** Roots in a cache of their own, by digest: when the archive was changed, and what they were made without. */
async function withRoots(
  roots: Readonly<Record<string, { readonly date: string; readonly without?: string }>>,
  work: () => Promise<void>,
) {
  await withDir(
    async ({ path }) => {
      process.env.XDG_CACHE_HOME = path
      for (const [digest, { date, without }] of Object.entries(roots)) {
        const folder = join(distroFolder(RELEASE), digest)
        await mkdir(folder, { recursive: true })
        const names = RELEASE.packages.filter(name => name !== without)
        const packages = Object.fromEntries(names.map(name => [name, '1']))
        const manifest = { name: RELEASE.name, date: `${date}T00:00:00Z`, digest, image: '', packages }
        await writeFile(join(folder, MANIFEST), JSON.stringify(manifest))
      }
      await work()
    },
    { unsafeCleanup: true },
  )
}

t.test('of several roots, a run is in the newest of those that have every package', async test => {
  const roots = {
    newest: { date: '2026-11-03', without: 'ethtool' },
    newer: { date: '2026-11-02' },
    old: { date: '2026-11-01' },
  }
  await withRoots(roots, async () => {
    test.same(
      (await fetchedRoots(RELEASE)).map(({ digest, lacks }) => [digest, ...lacks]),
      [['newer'], ['old'], ['newest', 'ethtool']],
    )
    test.equal((await findRoot('debian:12')).digest, 'newer')
    test.equal((await fetchRoot('debian:bookworm')).digest, 'newer', 'it is not made anew')
  })
})

t.test(
  'a root that lacks a package is taken where there is no other, and what it lacks is known',
  async test => {
    await withRoots({ only: { date: '2026-11-01', without: 'ethtool' } }, async () => {
      test.match(await findRoot('debian:12'), { digest: 'only', lacks: ['ethtool'] })
    })
  },
)

t.test(
  'continuous integration keeps a root under another name when other packages are wanted',
  async test => {
    const date = new Date('2026-11-01T12:00:00Z')
    const key = keyOf(RELEASE, date)
    test.match(key, /^debian-12_20261101T120000000Z_[0-9a-f]{8}$/)
    test.not(keyOf({ ...RELEASE, packages: [...RELEASE.packages, 'tcpdump'] }, date), key)
  },
)
