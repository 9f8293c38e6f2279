import t from 'tap'
import { moduleFile } from './kernels.fixture.js'
import { loadOrder, moduleName, parseModuleIndex, releaseOfModule } from './modules.js'

t.test('modules are inserted after what they need, each once', t => {
  const index = parseModuleIndex(
    [
      'kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/fs/netfs/netfs.ko.xz',
      'kernel/net/9p/9pnet.ko.xz: kernel/fs/netfs/netfs.ko.xz',
      'kernel/fs/netfs/netfs.ko.xz:',
      'kernel/drivers/char/hw_random/virtio-rng.ko.xz: kernel/drivers/virtio/virtio.ko.xz',
      'kernel/drivers/virtio/virtio.ko.xz:',
    ].join('\n'),
    'kernel/drivers/virtio/virtio_pci.ko\n',
  )
  t.same(loadOrder(index, ['9p', 'virtio_pci', '9pnet']).paths, [
    'kernel/fs/netfs/netfs.ko.xz',
    'kernel/net/9p/9pnet.ko.xz',
    'kernel/fs/9p/9p.ko.xz',
  ])
  t.same(loadOrder(index, ['virtio_rng', 'ip_vs']), {
    paths: ['kernel/drivers/virtio/virtio.ko.xz', 'kernel/drivers/char/hw_random/virtio-rng.ko.xz'],
    missing: ['ip_vs'],
  })
  t.equal(moduleName('kernel/net/sched/act-mirred.ko.zst'), 'act_mirred')
  t.end()
})

t.test('a module says which release it was built for', t => {
  t.equal(releaseOfModule(moduleFile('6.1.0-56-amd64')), '6.1.0-56-amd64')
  t.equal(releaseOfModule(Buffer.from('\x7fELF')), undefined)
  t.end()
})
