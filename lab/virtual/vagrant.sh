#!/usr/bin/env bash
# `vagrant up` and the README's line in the machine, to their ends: with a box made here, and a libvirtd, a dnsmasq and a network of their
# own, so that this machine sees nothing of them. Runs as root in new network, mount and PID namespaces, by `lab/vm vagrant`.
set -euo pipefail

main=$1
shift
release=debian:12
command='npm start'
while (($#)); do
  case $1 in
    --scenarios)
      command="npm start -- run $2"
      shift
      ;;
    *) release=$1 ;;
  esac
  shift
done
box=$(node "$main" box "$release")
name=netns-lab/$(basename "$box" .box)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/netns-lab-vagrant.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Its progress is drawn over itself, for a terminal.
plain() { sed -u -E 's/\r?\x1b\[K(Progress: [^\r]*)?//g'; }

step() { printf '\n# %s: %s s\n' "$1" "$SECONDS"; }

# Folders that libvirtd and its helpers write to, and accounts that it looks for, for these namespaces alone.
for folder in /etc/libvirt /run /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
  mkdir -p "$work$folder" "$folder"
  [ "$folder" != /etc/libvirt ] || cp -a /etc/libvirt/. "$work$folder"
  mount --bind "$work$folder" "$folder"
done
cat >/etc/libvirt/qemu.conf <<'CONF'
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
CONF
printf 'auth_unix_ro = "none"\nauth_unix_rw = "none"\n' >/etc/libvirt/libvirtd.conf
for account in passwd:64055:0::/var/lib/libvirt:/usr/sbin/nologin group:64055:; do
  file=/etc/${account%%:*}
  if ! grep -q ^libvirt-qemu: "$file"; then
    cp "$file" "$work/${file##*/}"
    echo "libvirt-qemu:x:${account#*:}" >>"$work/${file##*/}"
    mount --bind "$work/${file##*/}" "$file"
  fi
done
# With the devices of this network.
mount -t sysfs sysfs /sys
ip link set lo up

libvirtd --daemon
export LIBVIRT_DEFAULT_URI=qemu:///system
until virsh --quiet list >/dev/null 2>&1; do sleep 0.5; done
step 'libvirtd is up'

export VAGRANT_HOME=$work/vagrant VAGRANT_DOTFILE_PATH=$work/machine VAGRANT_CHECKPOINT_DISABLE=1
export NETNS_LAB_BOX=$name NETNS_LAB_VM_DRIVER=${NETNS_LAB_VM_DRIVER:-$(node "$main" driver)}
cd "$root"
vagrant box add --provider libvirt --name "$name" "$box" 2>&1 | plain
step 'the box is there'

status=0
vagrant up --provider libvirt 2>&1 | plain || status=$?
step "vagrant up ended with $status"
if ((status == 0)); then
  vagrant ssh -c "cd /vagrant && $command" || status=$?
  step "$command in the machine ended with $status"
fi
vagrant destroy --force >/dev/null || true
exit "$status"
