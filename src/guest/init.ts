/** Names of the virtio-serial ports between guest and host. */
export const PORTS = {
  /**
   * Lines from the guest's init: `up RELEASE`, `module PROBLEM`, `endless PORT` where somebody still holds it, `exit STATUS`, `fail
   * REASON`.
   */
  control: 'netns-lab.control',
  stdout: 'netns-lab.stdout',
  stderr: 'netns-lab.stderr',
  /** Whatever the command wants to hand over besides its output. */
  result: 'netns-lab.result',
} as const

/**
 * What ends the text of a port. A write returns before the emulator has passed everything on (port_fops_write(),
 * drivers/char/virtio_console.c), so that the end of a long one is still on its way when the command is over.
 */
export const END_OF_PORT = '\0netns-lab: end\n'

/** Where a program in the guest finds the port that its report goes to. */
export const RESULT_PORT = `/dev/virtio-ports/${PORTS.result}`

/** The mount tag of the machine's root. */
export const ROOT_TAG = 'netns-lab-root'

/** Where the second stage and its arguments are, in the initial root and then in the guest's `/run`. */
export const LAB_FOLDER = 'netns-lab'

/**
 * The first program in the guest, run by a static busybox from the initial root: it inserts the drivers, mounts
 * the machine's root (9p, read-only) under an overlay on a tmpfs, and goes there. Everything that differs from guest to
 * guest is in files that it reads: no text is ever pasted into a shell script.
 *
 * A real switch of roots is needed, since a process in a chroot may not create user namespaces.
 */
export const FIRST_STAGE = `#!/bin/busybox sh
b=/bin/busybox
fail() {
  echo "netns-lab: $*" >/dev/console
  [ -z "$control" ] || echo "fail $*" >"$control"
  $b sleep 1
  $b reboot -f
}

$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
while read -r module; do
  $b insmod "/modules/$module" || echo "netns-lab: cannot insert $module" >/dev/console
done </modules/order

# There is no udev to name the ports; they appear a moment after their driver.
$b mkdir /dev/virtio-ports
tries=0
while [ ! -e /dev/virtio-ports/${PORTS.result} ]; do
  for port in /sys/class/virtio-ports/*; do
    [ -r "$port/name" ] || continue
    read -r name <"$port/name"
    [ -e "/dev/virtio-ports/$name" ] || $b ln -s "../\${port##*/}" "/dev/virtio-ports/$name"
  done
  tries=$((tries + 1))
  [ $tries -lt 200 ] || fail "no virtio-serial ports: the kernel lacks CONFIG_VIRTIO_PCI or CONFIG_VIRTIO_CONSOLE"
  [ -e /dev/virtio-ports/${PORTS.result} ] || $b usleep 20000
done
control=/dev/virtio-ports/${PORTS.control}

$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose ${ROOT_TAG} /lower ||
  fail "cannot mount the machine's root: the kernel lacks CONFIG_NET_9P_VIRTIO or CONFIG_9P_FS"
$b mount -t tmpfs -o mode=755 rw /rw
$b mkdir /rw/upper /rw/work
# Kernels from 6.15 on take no part of the initial root as a layer, unless it is a mount of its own.
$b mount -o bind /preload /preload
$b mount -t overlay -o lowerdir=/preload:/lower,upperdir=/rw/upper,workdir=/rw/work root /root ||
  fail "cannot lay a writable root over the machine's: the kernel lacks CONFIG_OVERLAY_FS"

read -r release </proc/sys/kernel/osrelease
IFS= read -r modules </${LAB_FOLDER}/modules-folder
$b mkdir -p "/root/lib/modules/$release"
[ -z "$modules" ] || $b mount -o bind "/lower$modules" "/root/lib/modules/$release" ||
  fail "cannot mount $modules"

$b mount -o move /dev /root/dev
$b mount -o move /proc /root/proc
$b mount -o move /sys /root/sys
$b mount -t tmpfs -o mode=755 run /root/run
$b cp -r /${LAB_FOLDER} /root/run/
# What switch_root does, without emptying the initial root: a layer of the new one is there.
cd /root
$b mount -o move /root /
exec $b chroot . /run/${LAB_FOLDER}/busybox sh /run/${LAB_FOLDER}/second-stage
fail "cannot go to the machine's root"
`

/**
 * The first program in the machine's root: makes what an init would, loads the modules asked for, runs the command
 * and reports its exit status. The host ends the guest when it has read that; the reboot (which QEMU takes for the
 * end) is for a host that does not.
 */
export const SECOND_STAGE = `lab=/run/${LAB_FOLDER}
b=$lab/busybox
control=/dev/virtio-ports/${PORTS.control}
fail() {
  echo "netns-lab: $*" >/dev/console
  echo "fail $*" >"$control"
  $b sleep 1
  $b reboot -f
}
# All of a file, byte for byte, without a process.
slurp() {
  text=
  while IFS= read -r line; do
    text="$text$line
"
  done <"$1"
  text="$text$line"
}

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
$b mkdir -p /dev/pts /dev/shm /run/lock /sys/fs/cgroup
$b mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
$b mount -t tmpfs -o mode=1777 shm /dev/shm
$b mount -t cgroup2 cgroup2 /sys/fs/cgroup
$b mount -t tracefs tracefs /sys/kernel/tracing
$b mount -t debugfs debugfs /sys/kernel/debug
[ ! -d /sys/fs/bpf ] || $b mount -t bpf bpf /sys/fs/bpf
for link in fd stdin stdout stderr; do
  case $link in
    fd) $b ln -s /proc/self/fd /dev/fd ;;
    stdin) $b ln -s fd/0 /dev/stdin ;;
    stdout) $b ln -s fd/1 /dev/stdout ;;
    stderr) $b ln -s fd/2 /dev/stderr ;;
  esac
done
$b hostname netns-lab
$b ip link set lo up

slurp $lab/modules
if [ -n "$text" ]; then
  # One word per module: names of modules have neither spaces nor wildcards.
  modprobe -a $text 2>$lab/modprobe.log || while IFS= read -r line; do
    echo "module $line" >"$control"
  done <$lab/modprobe.log
fi

set --
count=0
while [ -e "$lab/argv/$count" ]; do
  slurp "$lab/argv/$count"
  set -- "$@" "$text"
  count=$((count + 1))
done
slurp $lab/cwd
cd "$text" || fail "cannot enter the folder $text"
$b uname -r >$lab/release
read -r release <$lab/release
echo "up $release" >"$control"
end() {
  $b printf '\\000netns-lab: end\\n'
}
{
  "$@" </dev/null
  status=$?
  end
  end >&2
} >/dev/virtio-ports/${PORTS.stdout} 2>/dev/virtio-ports/${PORTS.stderr}
# One program at a time can have a port open.
end >${RESULT_PORT} || echo "endless result" >"$control"
echo "exit $status" >"$control"
$b sleep 60
$b reboot -f
`
