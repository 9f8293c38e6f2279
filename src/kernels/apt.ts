import { mkdir, readdir, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { isNoSpace } from '../base/files.js'
import { requireTool } from '../base/tools.js'
import { cacheRoot, diskFull, requireSpace, saysNoSpace } from './cache.js'
import type { CatalogueEntry } from './catalogue.js'
import { KernelError } from './error.js'

/** A package file that apt would download. */
interface ArchivePackage {
  readonly package: string
  readonly version: string
  /** Bytes to download. */
  readonly downloadBytes: number
  /** Bytes on disk when unpacked, by the package's own word. */
  readonly installedBytes: number
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const MIRROR = 'http://deb.debian.org'

/** Room for a suite's index, as it comes and unpacked, in bytes. */
const INDEX_BYTES = 160 * 1024 ** 2

/** What has to be left on the disk for a download to go on, in bytes. */
const LEFT_BYTES = 256 * 1024

/**
 * What the kernel packages depend on to be *installed*. Nothing is installed here, so a stub that claims to
 * provide it all lets apt resolve the meta package to exactly the kernel's own packages, and download these with
 * its resumable, hash-checked fetcher (`apt-get download` begins from zero after an interruption).
 */
const STUB_STATUS = `Package: netns-lab-stub
Status: install ok installed
Architecture: all
Version: 1
Maintainer: netns-lab
Provides: kmod (= 999), linux-base (= 999), initramfs-tools (= 999), linux-initramfs-tool (= 999), dracut (= 999)
Description: stands in for what an installed kernel would depend on

`

/**
 * apt with its own sources, lists, status and archives, one set per catalogue entry: the machine's own apt never
 * hears of it. The machine's apt.conf.d is still read, since proxies are set there; its hooks are dropped.
 */
export class PrivateApt {
  readonly #folder: string
  readonly #entry: CatalogueEntry

  constructor(entry: CatalogueEntry) {
    this.#entry = entry
    this.#folder = join(cacheRoot(), 'apt', entry.name.replace(':', '-'))
  }

  /** Where the downloaded package files are. */
  get archives(): string {
    return join(this.#folder, 'archives')
  }

  /**
   * Reads the index from the mirror and checks its signatures. Throws KernelError `no-network`, `disk-full` or `package`;
   * LabError (exit 69) without apt.
   */
  async update(): Promise<void> {
    await this.#configure()
    await requireSpace(this.#folder, INDEX_BYTES, `the package index of ${this.#entry.name}`)
    await this.#run(
      'apt-get',
      ['-q', 'update', '-o', 'APT::Update::Error-Mode=any'],
      'read the package index',
    )
  }

  /**
   * The files that make up the entry's current kernel, by the index as it was last read. Throws KernelError `package` where
   * the archive has no such kernel.
   */
  async plan(): Promise<ArchivePackage[]> {
    const install = [...this.#install, '--simulate', this.#entry.metaPackage]
    const simulated = await this.#run('apt-get', install, `look for ${this.#entry.metaPackage}`)
    const chosen = [...simulated.matchAll(/^Inst (\S+) \((\S+) /gm)].map(
      ([, name, version]) => `${name}=${version}`,
    )
    if (chosen.length === 0) {
      throw new KernelError(
        'package',
        `apt found nothing to download for ${this.#entry.metaPackage} (${this.#entry.name})`,
        'read the index again; if that does not help, Debian has renamed the package',
      )
    }
    const records = await this.#run('apt-cache', ['show', ...chosen], 'read the package records')
    return records
      .split(/\n\n+/)
      .filter(record => record.trim() !== '')
      .map(record => {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? ''
        return {
          package: field('Package'),
          version: field('Version'),
          downloadBytes: Number(field('Size')),
          installedBytes: Number(field('Installed-Size')) * 1024,
        }
      })
  }

  /**
   * Downloads the files of the plan; a download that was interrupted goes on where it stopped. apt checks the
   * hashes, which the signed index has. `onBytes` is called now and then with the bytes that are there. Throws KernelError
   * `no-network`, `disk-full` or `package`.
   */
  async download(onBytes: (bytes: number) => void): Promise<void> {
    const timer = setInterval(() => {
      void this.#downloaded().then(onBytes)
    }, 200)
    try {
      const install = [...this.#install, '--download-only', this.#entry.metaPackage]
      await this.#run('apt-get', install, `download ${this.#entry.metaPackage}`)
    } finally {
      clearInterval(timer)
    }
    onBytes(await this.#downloaded())
  }

  /** The package files that are completely there. */
  async files(): Promise<string[]> {
    const names = await readdir(this.archives)
    return names.filter(name => name.endsWith('.deb')).map(name => join(this.archives, name))
  }

  get #lists(): string {
    return join(this.#folder, 'lists')
  }

  get #install(): string[] {
    return ['-q', '-y', '--no-install-recommends', 'install']
  }

  async #downloaded(): Promise<number> {
    let sum = 0
    for (const folder of [this.archives, join(this.archives, 'partial')]) {
      for (const name of await readdir(folder).catch(() => [])) {
        if (!name.includes('.deb')) continue
        sum += await stat(join(folder, name)).then(
          result => result.size,
          () => 0,
        )
      }
    }
    return sum
  }

  async #run(tool: 'apt-get' | 'apt-cache', args: readonly string[], purpose: string): Promise<string> {
    const program = requireTool(tool, `${purpose} for ${this.#entry.name}`)
    const config = await this.#configure()
    // apt waits for ever when the disk fills up under a download.
    const full = new AbortController()
    const watch = setInterval(() => {
      void statfs(this.#folder).then(({ bavail, bsize }) => {
        if (bavail * bsize < LEFT_BYTES) full.abort()
      })
    }, 500)
    const result = await execa(program, ['-c', config, ...args], {
      cancelSignal: full.signal,
      reject: false,
      all: true,
      stdin: 'ignore',
      env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    })
    clearInterval(watch)
    if (full.signal.aborted) throw diskFull(this.#folder, `cannot ${purpose} for ${this.#entry.name}`)
    if (result.failed) throw this.#explain(purpose, result.all ?? result.shortMessage)
    return result.stdout
  }

  #explain(purpose: string, output: string): KernelError {
    const errors = output
      .split('\n')
      .filter(line => /^(E:|W: Failed|Err:)/.test(line))
      .join('; ')
    const text = errors === '' ? output.trim().slice(-500) : errors
    if (saysNoSpace(output)) {
      return diskFull(this.#folder, `cannot ${purpose} for ${this.#entry.name}`, text)
    }
    const unreachable =
      /Could not (resolve|connect)|Temporary failure|Connection (failed|refused|timed out)|Unable to connect|Network is unreachable/i
    if (unreachable.test(output)) {
      return new KernelError(
        'no-network',
        `cannot ${purpose} for ${this.#entry.name}: ${MIRROR} cannot be reached (${text})`,
        'check the network and the proxy (apt’s own settings and http_proxy count), then run it again: it goes on where it stopped',
      )
    }
    if (/Could not get lock/.test(output)) {
      return new KernelError(
        'package',
        `cannot ${purpose} for ${this.#entry.name}: another process is fetching the same kernel (${text})`,
        'wait until it has finished',
      )
    }
    const remedy = /NO_PUBKEY|not signed|keyring/i.test(output)
      ? 'install or renew the archive’s keys: apt-get install debian-archive-keyring'
      : 'run it again; if that does not help, the mirror or the package is at fault'
    return new KernelError('package', `cannot ${purpose} for ${this.#entry.name}: ${text}`, remedy)
  }

  /** Writes the private settings; returns the path to give to apt's `-c`. */
  async #configure(): Promise<string> {
    try {
      for (const folder of [join(this.#lists, 'partial'), join(this.archives, 'partial')]) {
        await mkdir(folder, { recursive: true })
      }
      const path = (name: string) => join(this.#folder, name)
      const sources = this.#entry.suites.map(
        ({ archive, suite }) =>
          `deb [arch=amd64 target=Packages signed-by=${KEYRING}] ${MIRROR}/${archive} ${suite} main\n`,
      )
      const settings = [
        // Hooks and sources of the machine have no business here.
        '#clear APT::Update;',
        '#clear DPkg;',
        '#clear APT::Architectures;',
        'APT::Architecture "amd64";',
        'APT::Sandbox::User "";',
        'Acquire::Languages "none";',
        'Acquire::PDiffs "false";',
        'Acquire::Retries "2";',
        'Acquire::http::Timeout "20";',
        'Dir::Etc::sourceparts "/dev/null";',
        'Dir::Etc::preferences "/dev/null";',
        'Dir::Etc::preferencesparts "/dev/null";',
        `Dir::Etc::sourcelist "${path('sources.list')}";`,
        `Dir::State "${this.#folder}";`,
        `Dir::State::lists "${this.#lists}";`,
        `Dir::State::status "${path('status')}";`,
        `Dir::Cache "${this.#folder}";`,
        `Dir::Cache::archives "${this.archives}";`,
      ]
      await writeFile(path('sources.list'), sources.join(''))
      await writeFile(path('status'), STUB_STATUS)
      await writeFile(path('apt.conf'), `${settings.join('\n')}\n`)
      return path('apt.conf')
    } catch (error) {
      if (isNoSpace(error)) throw diskFull(this.#folder, `cannot set apt up for ${this.#entry.name}`, error)
      throw error
    }
  }
}
