import { existsSync } from 'node:fs'
import t from 'tap'
import { findTool } from '../base/tools.js'
import { KernelError } from '../kernels/error.js'
import { fetchKernel } from '../kernels/fetch.js'
import type { FetchedKernel } from '../kernels/store.js'
import { bootGuest } from './boot.js'
import { GuestError } from './error.js'

const TOOLS = ['qemu-system-x86_64', 'busybox', 'setpriv', 'apt-get', 'dpkg-deb', 'depmod']
const missing = TOOLS.filter(tool => findTool(tool) === undefined)
const skip = missing.length > 0 && `not installed: ${missing.join(', ')}`

t.test('a guest runs a command on Debian’s 6.1 kernel', { skip, timeout: 600_000 }, async t => {
  let kernel: FetchedKernel
  try {
    kernel = await fetchKernel('debian:6.1')
  } catch (error) {
    if (!(error instanceof KernelError && error.code === 'no-network')) throw error
    t.pass('boot', { skip: error.message })
    return
  }

  await t.test('its output, report and exit status come back, and arguments arrive as they were', async t => {
    const script = [
      'import { readFileSync, writeFileSync } from "node:fs"',
      'writeFileSync(process.env.NETNS_LAB_RESULT, JSON.stringify(process.argv.slice(1)))',
      'console.log(readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(), process.env.ODD, process.cwd())',
      'console.error("to stderr")',
      'process.exit(7)',
    ].join('\n')
    const odd = ['', "it's", '$(reboot)', 'two\nlines\n', '*', '-e']
    const result = await bootGuest({
      kernel,
      argv: [process.execPath, '--input-type=module', '-e', script, '--', ...odd],
      env: () => ({ ODD: 'a "b" $c' }),
      cwd: '/usr',
      modules: ['br_netfilter', 'no_such_module'],
    })
    t.equal(result.exitCode, 7)
    t.equal(result.stdout, `${kernel.release} a "b" $c /usr\n`)
    t.equal(result.stderr, 'to stderr\n')
    t.same(JSON.parse(result.result), odd)
    t.equal(result.kernelRelease, kernel.release)
    t.same(result.missingModules, ['no_such_module'])
    t.same(result.moduleProblems, [])
    t.comment(`${result.accel}: up after ${result.bootMs} ms, ${result.attempts} attempt(s)`)
  })

  await t.test('a report of several MiB comes back to its last character', async t => {
    const script =
      'require("node:fs").writeFileSync(process.env.NETNS_LAB_RESULT, "0123456789abcdef".repeat(1 << 18) + "end")'
    const result = await bootGuest({ kernel, argv: [process.execPath, '-e', script] })
    t.equal(result.exitCode, 0, result.output)
    t.equal(result.result.length, 2 ** 22 + 3)
    t.equal(result.result.slice(-3), 'end')
  })

  await t.test('nothing that it writes reaches this machine', async t => {
    const path = '/etc/netns-lab-guest-was-here'
    const result = await bootGuest({ kernel, argv: ['sh', '-c', `echo x >${path} && cat ${path}`] })
    t.equal(result.output, 'x\n')
    t.equal(existsSync(path), false)
  })

  await t.test('a command that never ends is ended', async t => {
    const boot = bootGuest({ kernel, argv: ['sleep', '1000'], timeoutMs: 500 })
    await t.rejects(boot, { name: 'GuestError', code: 'timeout' })
  })

  await t.test('a guest whose kernel panics at boot is tried again, and its console kept', async t => {
    const attempts: number[] = []
    const error: unknown = await bootGuest({
      kernel,
      argv: ['true'],
      append: ['rdinit=/nothing', 'init=/nothing'],
      retries: 2,
      onAttempt: attempt => attempts.push(attempt),
    }).catch((reason: unknown) => reason)
    if (!(error instanceof GuestError)) throw error
    t.equal(error.code, 'no-boot')
    t.same(attempts, [1, 2])
    t.match(error.consoleTail, /Kernel panic/)
  })

  await t.test('an aborted signal ends the guest', async t => {
    const abort = new AbortController()
    const boot = bootGuest({ kernel, argv: ['true'], signal: abort.signal, onAttempt: () => abort.abort() })
    await t.rejects(boot, { code: 'aborted' })
  })
})
